import { afterEach, describe, expect, test } from 'vitest';
import { readAgent } from '../src/agent-file.ts';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import { createChatModel, type EngineDeps } from '../src/engines.ts';
import { createHearing } from '../src/hearing-engines.ts';
import { Guards } from '../src/resilience/guards.ts';
import { PocketSphinx } from '../src/speech/stt/pocketsphinx.ts';
import { Telemetry } from '../src/telemetry/events.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { createVoice } from '../src/voice-engines.ts';
import { OllamaServer } from './support/ollama-server.ts';
import { OpenAiServer } from './support/openai-server.ts';
import { forever } from './support/speech.ts';
import { refuse, SpeechServer } from './support/speech-server.ts';

const CALLS = 12;
const hasSphinx = (await PocketSphinx.detect()).available;

let resources = new AsyncDisposableStack();
afterEach(async () => {
  await resources.disposeAsync();
  resources = new AsyncDisposableStack();
});

async function deps(env: Record<string, string>): Promise<EngineDeps> {
  return {
    config: readConfig({ TTS_WORKERS: '1', ...env }),
    agent: await readAgent(undefined),
    clock: systemClock,
    telemetry: new Telemetry(createLogger('silent')),
    guards: new Guards(),
    resources,
  };
}

/** The codes with which `CALLS` calls in a row fail. */
async function failures(call: () => AsyncIterable<unknown>): Promise<unknown[]> {
  const codes: unknown[] = [];
  for (let n = 0; n < CALLS; n++) {
    await Array.fromAsync(call()).then(
      () => codes.push(null),
      (error) => codes.push(error.code),
    );
  }
  return codes;
}

/** After five failures the engine is left alone, second attempts counted. */
function expectOpened(codes: readonly unknown[], reached: number): void {
  const first = codes.indexOf('breaker_open');
  expect(first).toBeGreaterThan(0);
  expect(codes.slice(0, first)).not.toContain(null);
  expect(codes.slice(first).every((code) => code === 'breaker_open')).toBe(true);
  expect(reached).toBe(5);
}

describe('an engine that fails again and again is not asked any more:', () => {
  test('Ollama', async () => {
    await using server = await new OllamaServer().start();
    server.fault = { kind: 'status', status: 500, message: 'broken' };
    const model = createChatModel(
      await deps({ LLM: 'ollama', OLLAMA_BASE_URL: server.url }),
      () => undefined,
    );
    const request = { messages: [{ role: 'user' as const, text: 'Hello?' }] };
    const codes = await failures(() => model.stream(request, forever()));
    expectOpened(codes, server.requestsTo('/api/chat').length);
  });

  test('a server with OpenAI’s API', async () => {
    await using server = await new OpenAiServer().start();
    server.fault = { kind: 'status', status: 500, message: 'broken' };
    const model = createChatModel(
      await deps({ LLM: 'openai', OPENAI_BASE_URL: server.baseUrl }),
      () => undefined,
    );
    const request = { messages: [{ role: 'user' as const, text: 'Hello?' }] };
    const codes = await failures(() => model.stream(request, forever()));
    expectOpened(codes, server.requestsTo('/v1/chat/completions').length);
  });

  test('a server that speaks', async () => {
    await using server = await SpeechServer.start();
    server.answer = refuse(500, 'broken');
    const { voice } = await createVoice(
      await deps({ TTS_BASE_URL: server.baseUrl, VOICE_CACHE_MB: '0' }),
      () => undefined,
    );
    // Flite, which stands in for it, speaks English only.
    const codes = await failures(() => voice.speak({ text: 'Привет', voice: null, speed: 1 }, forever()));
    expectOpened(codes, server.requests.length);
  });
});

describe('what stands in for an engine on a server', () => {
  class Noted extends Telemetry {
    readonly warm: string[] = [];
    override warmedUp(fields: { engine: string; timesMs: readonly number[] }): void {
      this.warm.push(`${fields.engine}: ${fields.timesMs.length > 0}`);
    }
  }
  const nothing = () => undefined;

  test('is loaded when it is asked to, and not before: Flite', async () => {
    const telemetry = new Noted(createLogger('silent'));
    const at = { ...(await deps({ TTS_BASE_URL: 'http://127.0.0.1:1/v1', VOICE_CACHE_MB: '0' })), telemetry };
    const { warmStandIn } = await createVoice(at, nothing);
    expect(telemetry.warm).toEqual([]);
    await warmStandIn();
    expect(telemetry.warm).toEqual(['flite: true']);
  });

  test.skipIf(!hasSphinx)('is loaded when it is asked to, and not before: PocketSphinx', async () => {
    const telemetry = new Noted(createLogger('silent'));
    const env = { STT: 'openai', STT_BASE_URL: 'http://127.0.0.1:1/v1', STT_WORKERS: '1', VAD: 'energy' };
    const { warmStandIn } = await createHearing({ ...(await deps(env)), telemetry }, nothing);
    expect(telemetry.warm).toEqual([]);
    await warmStandIn();
    expect(telemetry.warm).toEqual(['pocketsphinx: true']);
  });
});
