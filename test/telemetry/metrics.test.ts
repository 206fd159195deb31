import { describe, expect, test } from 'vitest';
import type { GuardView } from '../../src/resilience/guards.ts';
import { Telemetry } from '../../src/telemetry/events.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { TurnTrace } from '../../src/telemetry/turn-trace.ts';
import { ManualClock } from '../support/manual-clock.ts';

const COUNTERS = {
  ...{ calls: 9, successes: 4, failures: 3, timeouts: 1, cancelled: 2, rejectedOpen: 5, rejectedBusy: 0 },
  ...{ retries: 6, hedges: 7 },
};
const GUARD: GuardView = {
  ...{ name: 'llm:ollama', state: 'open', isHeld: true, reason: 'an operator opened it', sinceMs: 0 },
  ...{ threshold: 5, load: { running: 2, waiting: 1 }, counters: COUNTERS },
};

function watched() {
  const telemetry = new Telemetry(createLogger('silent'));
  const now = { guards: [GUARD] };
  telemetry.metrics.observe({
    connections: () => 12,
    turns: () => 3,
    load: () => ({ utilisation: 0.25, delayMs: 4, heap: 0.5, waiting: 8 }),
    isShedding: () => false,
    guards: () => now.guards,
  });
  /** The samples whose name begins so. */
  const samples = async (prefix: string) =>
    (await telemetry.metrics.text()).split('\n').filter((line) => line.startsWith(`vivavoce_${prefix}`));
  return { telemetry, samples, now };
}

describe('the metrics', () => {
  test('have one number for all the codes that clients may make up', async () => {
    const { telemetry, samples } = watched();
    for (const code of [1005, 4408, 3000, 4000, 4999]) {
      telemetry.connectionClosed({ connectionId: 'conn_1', code, reason: null });
    }
    expect(await samples('connections_closed_total')).toEqual([
      'vivavoce_connections_closed_total{code="1005"} 1',
      'vivavoce_connections_closed_total{code="4408"} 1',
      'vivavoce_connections_closed_total{code="other"} 3',
    ]);
  });

  test('count what Telemetry is told', async () => {
    const { telemetry, samples } = watched();
    const connection = { connectionId: 'conn_1', key: 'local', dialect: 'ga' };
    telemetry.connectionOpened(connection);
    telemetry.connectionOpened(connection);
    telemetry.connectionClosed({ connectionId: 'conn_1', code: 1013, reason: '' });
    telemetry.admissionAsked('turn', null);
    telemetry.admissionAsked('turn', 'key');
    telemetry.eventCrossed('in', 100);
    telemetry.eventCrossed('in', 50);
    telemetry.engineFellBack({ part: 'tts', from: 'openai', to: 'flite', error: '' });
    telemetry.writeFailed({ what: 'conv_1', error: '' });
    telemetry.breakerChanged({ guard: 'llm:ollama', from: 'closed', to: 'open', reason: '' });
    expect(await samples('connections')).toEqual([
      'vivavoce_connections_opened_total{dialect="ga"} 2',
      'vivavoce_connections_closed_total{code="1013"} 1',
      'vivavoce_connections 12',
    ]);
    expect(await samples('admission')).toEqual([
      'vivavoce_admission_total{kind="turn",outcome="admitted"} 1',
      'vivavoce_admission_total{kind="turn",outcome="key"} 1',
    ]);
    expect(await samples('events')).toEqual([
      'vivavoce_events_total{direction="in"} 2',
      'vivavoce_events_bytes_total{direction="in"} 150',
    ]);
    expect(await samples('fallbacks')).toEqual(['vivavoce_fallbacks_total{part="tts"} 1']);
    expect(await samples('write')).toEqual(['vivavoce_write_failures_total 1']);
    expect(await samples('guard_transitions')).toEqual([
      'vivavoce_guard_transitions_total{guard="llm:ollama",to="open"} 1',
    ]);
  });

  test('tell how long a turn took to its first text, its first audio, its first frame and its end', async () => {
    const { telemetry, samples } = watched();
    const clock = new ManualClock();
    const trace = new TurnTrace(clock);
    for (const mark of ['first_text_to_voice', 'first_audio', 'first_frame_out', 'done'] as const) {
      await clock.advance(200);
      trace.mark(mark);
    }
    const turn = {
      ...{ responseId: 'resp_1', conversationId: null, engine: 'ollama', model: 'm', inputTokens: 1 },
      ...{ outputTokens: 1, cost: null, audioMs: 0, error: null, trace },
    };
    telemetry.turnEnded({ ...turn, status: 'completed' });
    // One that was refused is no answer that was quick.
    telemetry.turnEnded({ ...turn, status: 'refused', error: 'no room' });
    expect(await samples('turns_ended')).toEqual([
      'vivavoce_turns_ended_total{status="completed"} 1',
      'vivavoce_turns_ended_total{status="refused"} 1',
    ]);
    expect(await samples('turn_latency_seconds_sum')).toEqual([
      'vivavoce_turn_latency_seconds_sum{until="first_text_to_voice"} 0.2',
      'vivavoce_turn_latency_seconds_sum{until="first_audio"} 0.4',
      'vivavoce_turn_latency_seconds_sum{until="first_frame_out"} 0.6',
      'vivavoce_turn_latency_seconds_sum{until="done"} 0.8',
    ]);
    const bounds = (await samples('turn_latency_seconds_bucket{le='))
      .filter((line) => line.includes('until="done"'))
      .map((line) => Number(/le="([\d.]+)"/.exec(line)?.[1]))
      .filter(Number.isFinite);
    expect([bounds.length, bounds[0], bounds.at(-1)]).toEqual([20, 0.05, 3]);
  });

  test('read gauges when somebody asks', async () => {
    const { samples } = watched();
    expect(await samples('turns ')).toEqual(['vivavoce_turns 3']);
    expect(await samples('shedding')).toEqual(['vivavoce_shedding 0']);
    expect(await samples('event_loop')).toEqual([
      'vivavoce_event_loop_utilisation_ratio 0.25',
      'vivavoce_event_loop_delay_seconds 0.004',
    ]);
    expect(await samples('engine_calls_waiting')).toEqual(['vivavoce_engine_calls_waiting 8']);
  });

  test('tell the state of each guard, and each call once however often they are asked', async () => {
    const { samples, now } = watched();
    expect(await samples('guard_state')).toEqual([
      'vivavoce_guard_state{guard="llm:ollama",state="closed"} 0',
      'vivavoce_guard_state{guard="llm:ollama",state="open"} 1',
      'vivavoce_guard_state{guard="llm:ollama",state="half-open"} 0',
    ]);
    const calls = {
      ...{ success: 4, failure: 2, timeout: 1, cancelled: 2, rejected_open: 5, rejected_busy: 0 },
    };
    const expected = Object.entries(calls).map(
      ([outcome, count]) => `vivavoce_guard_calls_total{guard="llm:ollama",outcome="${outcome}"} ${count}`,
    );
    expect(await samples('guard_calls')).toEqual(expected);
    expect(await samples('guard_calls')).toEqual(expected);
    now.guards = [{ ...GUARD, state: 'closed', isHeld: false }];
    expect(await samples('guard_held')).toEqual(['vivavoce_guard_held{guard="llm:ollama"} 0']);
    expect((await samples('guard_state'))[0]).toMatch(/state="closed"} 1$/);
  });

  test('hold those of the process once, and of no two names the same', async () => {
    watched();
    const { telemetry } = watched();
    const text = await telemetry.metrics.text();
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    expect(text).toMatch(/^nodejs_active_resources\{/m);
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
