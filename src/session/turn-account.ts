import type { Clock } from '../clock.ts';
import type { ModelAsked, TurnPart } from '../graph/state.ts';
import type { FinishReason, TokenUsage } from '../llm/chat-model.ts';
import { costOf, type TokenPrices } from '../llm/prices.ts';
import type { Telemetry, TurnEnded } from '../telemetry/events.ts';
import { type Mark, TurnTrace } from '../telemetry/turn-trace.ts';
import type { ExtensionEventBody } from './outgoing.ts';
import { toWireUsage } from './usage.ts';

export interface Prices extends TokenPrices {
  /** `USD` */
  readonly currency: string;
}

/** What a turn took: time, tokens and money. */
export class TurnAccount {
  readonly #trace: TurnTrace;
  readonly #prices: Prices | null;
  #usage: TokenUsage | null = null;
  #finish: FinishReason = 'stop';
  #asked: ModelAsked | null = null;
  #answeredBy: { readonly engine: string; readonly model: string } | null = null;
  #textParts = 0;

  /** @param startedMs from when its times count, monotonic */
  constructor(clock: Clock, prices: Prices | null, startedMs = clock.monotonicMs()) {
    this.#trace = new TurnTrace(clock, startedMs);
    this.#prices = prices;
  }

  /** Why the model stopped. */
  get finish(): FinishReason {
    return this.#finish;
  }

  /** What the engine counted; a turn that was cut short never hears that, and gets an estimate. */
  get usage(): TokenUsage {
    return (
      this.#usage ?? {
        inputTokens: this.#asked?.promptTokens ?? 0,
        cachedInputTokens: 0,
        outputTokens: this.#textParts,
      }
    );
  }

  /** @param atMs monotonic; now when absent */
  mark(mark: Mark, atMs?: number): void {
    this.#trace.mark(mark, atMs);
  }

  /** Notes what a part of the turn says about itself. */
  take(part: TurnPart): void {
    switch (part.type) {
      case 'text':
        this.#textParts++;
        this.#trace.mark('first_token');
        return;
      case 'tool-call':
        this.#trace.mark('first_token');
        return;
      case 'usage':
        this.#usage = part.usage;
        this.#finish = part.finishReason;
        return;
      case 'answering':
        this.#answeredBy = part;
        return;
      case 'model-asked':
        this.#asked = part;
        this.#trace.mark('model_asked', part.atMs);
        return;
      case 'node':
        this.#trace.span(part.node, part.startedMs, part.endedMs, part.degraded);
        return;
      case 'reasoning':
      case 'recalled':
        return;
    }
  }

  /** The turn for a client that listens to our own events. */
  traced(responseId: string): ExtensionEventBody {
    const cost = this.#cost;
    return {
      type: 'vivavoce.turn.traced',
      response_id: responseId,
      marks: Object.entries(this.#trace.marks).map(([name, at_ms]) => ({ name, at_ms })),
      degraded: this.#trace.spans.flatMap(({ name, degraded }) =>
        degraded === null ? [] : [{ part: name, reason: degraded }],
      ),
      nodes: this.#trace.spans.map(({ name, startMs, endMs, degraded }) => ({
        ...{ name, degraded },
        start_ms: startMs,
        end_ms: endMs,
      })),
      waited_for: this.#trace.waitedFor,
      usage: toWireUsage(this.usage),
      cost: cost === null ? null : { amount: cost, currency: this.#prices?.currency ?? '' },
    };
  }

  /** The turn for the operator. */
  report(
    telemetry: Telemetry,
    turn: Pick<TurnEnded, 'responseId' | 'conversationId' | 'status' | 'audioMs' | 'error'>,
  ): void {
    telemetry.turnEnded({
      ...turn,
      engine: this.#by?.engine ?? null,
      model: this.#by?.model ?? null,
      inputTokens: this.usage.inputTokens,
      outputTokens: this.usage.outputTokens,
      cost: this.#cost,
      trace: this.#trace,
    });
  }

  get #by() {
    return this.#answeredBy ?? this.#asked;
  }

  get #cost(): number | null {
    // Rules cost nothing, whatever the model costs that they stand in for.
    if (this.#prices && this.#by?.engine === 'offline') return 0;
    return costOf(this.usage, this.#prices);
  }
}
