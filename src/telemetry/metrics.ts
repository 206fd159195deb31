import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { CLOSE } from '../protocol/close-codes.ts';
import type { AdmissionKind, RefusalReason } from '../resilience/capped-admission.ts';
import type { GuardView } from '../resilience/guards.ts';
import type { Load } from '../resilience/load-monitor.ts';
import { observeGuards } from './guard-metrics.ts';
import type { TurnTrace } from './turn-trace.ts';

/** Seconds, 0.05 to 3 in steps of about a quarter: what a person notices lies in between. */
const BUCKETS = [
  0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.18, 0.23, 0.28, 0.35, 0.43, 0.53, 0.66, 0.81, 1, 1.25, 1.55, 1.9, 2.4,
  3,
];
/** The moments of a turn that are worth a distribution: t1, t2, t3 and the end. */
const MOMENTS = ['first_text_to_voice', 'first_audio', 'first_frame_out', 'done'] as const;

/** From here on clients may close with what they like. */
const CODES_OF_ANYBODY = 3_000;
const OUR_CODES: ReadonlySet<number> = new Set(Object.values(CLOSE));

/** What is read when somebody asks for the metrics. */
export interface MetricSources {
  readonly connections: () => number;
  readonly turns: () => number;
  readonly load: () => Load;
  readonly isShedding: () => boolean;
  readonly guards: () => readonly GuardView[];
}

/** The process has one set of these, however many services run in it. */
let ofProcess: Registry | null = null;

/**
 * The numbers of `/metrics`, in Prometheus' text format: seconds and bytes, `_total` for what only grows, and no label
 * that grows with the number of people. `Telemetry` counts; the gauges are read when somebody asks.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #turns = this.#counter('turns_ended_total', 'Answers that ended, by status', ['status']);
  readonly #latency = new Histogram({
    name: 'vivavoce_turn_latency_seconds',
    help: 'From the end of what was asked to a moment of the answer',
    labelNames: ['until'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #asked = this.#counter('admission_total', 'Who asked to be let in, and what became of it', [
    'kind',
    'outcome',
  ]);
  readonly #opened = this.#counter('connections_opened_total', 'Connections that were opened', ['dialect']);
  readonly #closed = this.#counter('connections_closed_total', 'Connections that ended, by close code', [
    'code',
  ]);
  readonly #resumed = this.#counter('sessions_resumed_total', 'Sessions that went on on another connection');
  readonly #events = this.#counter('events_total', 'Realtime events, by direction', ['direction']);
  readonly #bytes = this.#counter('events_bytes_total', 'Bytes of realtime events, by direction', [
    'direction',
  ]);
  readonly #fallbacks = this.#counter('fallbacks_total', 'Answers of the next engine, by part', ['part']);
  readonly #writeFailures = this.#counter('write_failures_total', 'What could not be stored');
  readonly #transitions = this.#counter('guard_transitions_total', 'Changes of a breaker, by its new state', [
    'guard',
    'to',
  ]);

  turnEnded(status: string, { marks }: TurnTrace): void {
    this.#turns.inc({ status });
    // Refusals are quick, and no answers.
    if (status === 'refused') return;
    for (const until of MOMENTS) {
      const ms = marks[until];
      if (ms !== undefined) this.#latency.observe({ until }, ms / 1000);
    }
  }

  asked(kind: AdmissionKind, refusal: RefusalReason | null): void {
    this.#asked.inc({ kind, outcome: refusal ?? 'admitted' });
  }

  connectionOpened(dialect: string): void {
    this.#opened.inc({ dialect });
  }

  connectionClosed(code: number): void {
    this.#closed.inc({ code: code < CODES_OF_ANYBODY || OUR_CODES.has(code) ? code : 'other' });
  }

  sessionResumed(): void {
    this.#resumed.inc();
  }

  event(direction: 'in' | 'out', bytes: number): void {
    this.#events.inc({ direction });
    this.#bytes.inc({ direction }, bytes);
  }

  fellBack(part: string): void {
    this.#fallbacks.inc({ part });
  }

  writeFailed(): void {
    this.#writeFailures.inc();
  }

  breakerChanged(guard: string, to: string): void {
    this.#transitions.inc({ guard, to });
  }

  /** Adds the gauges of a service, and those of the process. */
  observe(sources: MetricSources): void {
    this.#gauge('connections', 'Connections that are open', sources.connections);
    this.#gauge('turns', 'Answers that are being made', sources.turns);
    this.#gauge('shedding', '1 while everything new is refused because of the load', () =>
      Number(sources.isShedding()),
    );
    this.#gauge(
      'event_loop_utilisation_ratio',
      'Part of the time that the event loop works',
      () => sources.load().utilisation,
    );
    this.#gauge(
      'event_loop_delay_seconds',
      'How late the event loop runs its timers',
      () => sources.load().delayMs / 1000,
    );
    this.#gauge('heap_used_ratio', 'Used part of the limit of the heap', () => sources.load().heap);
    this.#gauge(
      'engine_calls_waiting',
      'Calls that wait for an engine of the turns',
      () => sources.load().waiting,
    );
    observeGuards(this.#registry, sources.guards);
    if (ofProcess) return;
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    const parts = await Promise.all([this.#registry.metrics(), ofProcess?.metrics() ?? '']);
    return parts.join('\n');
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) {
    return new Counter({ name: `vivavoce_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `vivavoce_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
