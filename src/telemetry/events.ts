import type { AdmissionKind, RefusalReason } from '../resilience/capped-admission.ts';
import type { Overload } from '../resilience/load-monitor.ts';
import type { Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import type { Span, TurnTrace } from './turn-trace.ts';

export interface TurnEnded {
  readonly responseId: string;
  readonly conversationId: string | null;
  /** As the client was told; `refused`: there was no room for it. */
  readonly status: string;
  readonly engine: string | null;
  readonly model: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** In the currency of the configured prices; null when there are none. */
  readonly cost: number | null;
  readonly audioMs: number;
  readonly trace: TurnTrace;
  /** What went wrong, in words; null when nothing did. */
  readonly error: string | null;
}

/** One place for every event that an operator may want to see. Ids, counts and times only: never what people said. */
export class Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;

  constructor(log: Logger, metrics = new Metrics()) {
    this.log = log;
    this.metrics = metrics;
  }

  turnEnded({ trace, error, ...turn }: TurnEnded): void {
    this.metrics.turnEnded(turn.status, trace);
    const { first_text_to_voice: t1, first_audio: t2, first_frame_out: t3 } = trace.marks;
    const fields = {
      event: 'turn-ended',
      ...turn,
      t1Ms: t1,
      t2Ms: t2,
      t3Ms: t3,
      marksMs: trace.marks,
      spans: trace.spans.map(spanText),
    };
    if (error === null) this.log.info(fields, 'turn ended');
    // There may be many in a second, and the load is told of as such.
    else if (turn.status === 'refused') this.log.debug({ ...fields, error }, 'turn refused');
    else this.log.error({ ...fields, error }, 'turn failed');
  }

  connectionOpened(fields: { connectionId: string; key: string; dialect: string }): void {
    this.metrics.connectionOpened(fields.dialect);
    this.log.info({ event: 'connection-opened', ...fields }, 'connection opened');
  }

  connectionClosed(fields: { connectionId: string; code: number; reason: string | null }): void {
    this.metrics.connectionClosed(fields.code);
    this.log.info({ event: 'connection-closed', ...fields }, 'connection closed');
  }

  /** A session goes on on this connection, which was sent so many events that it had missed. */
  sessionResumed(fields: { connectionId: string; replayed: number }): void {
    this.metrics.sessionResumed();
    this.log.info({ event: 'session-resumed', ...fields }, 'session resumed');
  }

  /** Of every event on every connection: it counts and writes nothing. */
  eventCrossed(direction: 'in' | 'out', bytes: number): void {
    this.metrics.event(direction, bytes);
  }

  admissionAsked(kind: AdmissionKind, refusal: RefusalReason | null): void {
    this.metrics.asked(kind, refusal);
    // Many may be refused at once: one line each is for whoever looks closely.
    if (refusal !== null)
      this.log.debug({ event: 'admission-refused', kind, refusal }, `a ${kind} was refused`);
  }

  loadChanged(overload: Overload | null): void {
    if (overload === null) this.log.info({ event: 'shedding-ended' }, 'there is room for new turns again');
    else
      this.log.warn(
        { event: 'shedding-began', signal: overload.signal },
        `new connections and turns are refused: ${overload.text}`,
      );
  }

  eventRefused(fields: { connectionId: string; code: string; param: string | null }): void {
    this.log.warn({ event: 'client-event-refused', ...fields }, 'client event refused');
  }

  voiceFailed(fields: { responseId: string; error: string }): void {
    this.log.error({ event: 'voice-failed', ...fields }, 'a sentence could not be spoken');
  }

  hearingFailed(fields: { conversationId: string; error: string }): void {
    this.log.error({ event: 'hearing-failed', ...fields }, 'speech could not be understood');
  }

  writeFailed(fields: { what: string; error: string }): void {
    this.metrics.writeFailed();
    this.log.error({ event: 'write-failed', ...fields }, 'something could not be stored');
  }

  engineChanged(fields: {
    part: string;
    engine: string;
    detail: string;
    state: string;
    reason: string;
  }): void {
    this.log.info(
      { event: 'engine-changed', ...fields },
      `${fields.part}: ${fields.engine}: ${fields.reason}`,
    );
  }

  engineFellBack(fields: { part: string; from: string; to: string; error: string }): void {
    this.metrics.fellBack(fields.part);
    this.log.warn(
      { event: 'engine-fell-back', ...fields },
      `${fields.part}: ${fields.to} answers for ${fields.from}`,
    );
  }

  warmedUp({ engine, timesMs }: { engine: string; timesMs: readonly number[] }): void {
    const fields = { event: 'warmed-up', engine, timesMs: timesMs.map((ms) => Math.round(ms)) };
    this.log.info(fields, `${engine} is warm`);
  }

  warmUpFailed(fields: { engine: string; error: string }): void {
    this.log.warn({ event: 'warm-up-failed', ...fields }, `${fields.engine} could not be warmed up`);
  }

  itemsClosed(fields: { count: number }): void {
    this.log.warn(
      { event: 'items-closed', ...fields },
      'answers that the last stop cut off are kept as incomplete',
    );
  }

  extractionSkipped(fields: { reason: string }): void {
    this.log.debug({ event: 'extraction-skipped', ...fields }, 'no model is asked about a message');
  }

  batchLearned(fields: { messages: number; changes: number; ms: number }): void {
    this.log.info({ event: 'batch-learned', ...fields }, 'a model has read messages to learn from them');
  }

  messagesQuarantined(fields: { conversationId: string; messages: number; reason: string }): void {
    this.log.warn(
      { event: 'messages-quarantined', ...fields },
      'nothing is learned from some messages: the answers of the model were unusable',
    );
  }

  memoryWaits({ error, isLost }: { error: string; isLost: boolean }): void {
    if (isLost) this.log.error({ event: 'memory-lost', error }, 'something that was learned cannot be kept');
    else this.log.warn({ event: 'memory-waits', error }, 'what was learned waits in the outbox');
  }

  summaryFailed(fields: { conversationId: string; error: string }): void {
    this.log.warn({ event: 'summary-failed', ...fields }, 'a long conversation could not be shortened');
  }

  erasureWaits(fields: { erasureId: string; error: string }): void {
    this.log.warn({ event: 'erasure-waits', ...fields }, 'an erasure is not done yet and is tried again');
  }

  breakerChanged(fields: { guard: string; from: string; to: string; reason: string }): void {
    this.metrics.breakerChanged(fields.guard, fields.to);
    this.log.warn({ event: 'breaker-changed', ...fields }, `breaker ${fields.guard} is ${fields.to}`);
  }
}

function spanText({ name, startMs, endMs, degraded }: Span): string {
  return `${name} ${startMs}–${endMs}${degraded ? ` degraded: ${degraded}` : ''}`;
}
