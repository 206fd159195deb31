import type { Clock } from '../../clock.ts';
import type { Owner } from '../../conversation/store.ts';
import type { ChatRequest } from '../../llm/chat-model.ts';
import type { BatchMessage, Extraction, MessageExtractor } from '../learning/batch-reader.ts';
import type { Memory } from '../memory.ts';
import { type ClaimedFact, readAnswer } from './extraction-answer.ts';
import { factsOf } from './extraction-facts.ts';
import { extractionRequest, secondRequest } from './extraction-prompt.ts';
import { windowOf } from './extraction-window.ts';
import { reconcile } from './reconcile.ts';

/** A language model for the background. */
interface Model {
  /** False while there is none that could read messages. */
  readonly isAvailable: boolean;
  complete(request: ChatRequest, signal: AbortSignal): Promise<string>;
}

/** What one batch came to: counts, never words. */
export interface ExtractionReport {
  readonly calls: number;
  /** Facts that the model claimed. */
  readonly claimed: number;
  /** Of them: not readable, without a message of the person behind them, or unfit to be kept. */
  readonly dropped: number;
  /** Of them: known already. */
  readonly repeated: number;
}

interface Deps {
  readonly model: Model;
  /** Memories that hold and may be about the same as these texts, the nearest first. */
  readonly nearest: (
    owner: Owner,
    texts: readonly string[],
    signal: AbortSignal,
  ) => Promise<readonly Memory[]>;
  readonly profile: (owner: Owner, signal: AbortSignal) => Promise<readonly Memory[]>;
  readonly tokensOf: (text: string) => number;
  readonly clock: Clock;
  /** IANA name: what day it is for the person. */
  readonly timezone: string;
  readonly onExtracted?: (report: ExtractionReport) => void;
}

const MAX_KNOWN = 20;

/**
 * Learns from a batch of messages with a language model: one call, a second one when its answer cannot be used. Nothing
 * is written: the changes are for the caller to keep, and the same batch with the same answer makes the same ones again.
 */
export class Extractor implements MessageExtractor {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  get isAvailable(): boolean {
    return this.#deps.model.isAvailable;
  }

  async extract(
    owner: Owner,
    batch: { readonly conversationId: string; readonly messages: readonly BatchMessage[] },
    signal: AbortSignal,
  ): Promise<Extraction> {
    const { clock, timezone, tokensOf, onExtracted } = this.#deps;
    const { messages, unread } = windowOf(batch.messages, tokensOf);
    // Only orders, questions and forged prompts: nobody is asked about them.
    if (messages.length === 0) return { type: 'learned', changes: [], unread };
    const texts = messages.filter(({ learn }) => learn).map(({ text }) => text);
    const known = await this.#known(owner, texts, signal);
    const nowMs = clock.nowMs();
    const answer = await this.#ask(extractionRequest({ messages, known, nowMs, timezone }), signal);
    if (answer.type === 'unusable') return { type: 'unusable', reason: answer.reason, unread };

    const facts = factsOf(answer.claims, messages);
    const { conversationId } = batch;
    const { changes, repeated } = reconcile({ owner, conversationId, facts, known, nowMs });
    const claimed = answer.claims.length + answer.malformed;
    onExtracted?.({ calls: answer.calls, claimed, dropped: claimed - facts.length, repeated });
    return { type: 'learned', changes, unread };
  }

  /** Who the person is, and what is nearest to what was said, each once. */
  async #known(owner: Owner, texts: readonly string[], signal: AbortSignal): Promise<readonly Memory[]> {
    const { profile, nearest } = this.#deps;
    const found = await Promise.all([profile(owner, signal), nearest(owner, texts, signal)]);
    const unique = new Map(found.flat().map((memory) => [memory.id, memory]));
    return [...unique.values()].slice(0, MAX_KNOWN);
  }

  async #ask(request: ChatRequest, signal: AbortSignal): Promise<Answer> {
    const { model } = this.#deps;
    const first = await model.complete(request, signal);
    const read = readAnswer(first);
    if (read.type === 'facts')
      return { type: 'claims', claims: read.facts, malformed: read.malformed, calls: 1 };
    const second = readAnswer(await model.complete(secondRequest(request, first, read.problem), signal));
    if (second.type === 'facts')
      return { type: 'claims', claims: second.facts, malformed: second.malformed, calls: 2 };
    return { type: 'unusable', reason: second.problem };
  }
}

type Answer =
  | {
      readonly type: 'claims';
      readonly claims: readonly ClaimedFact[];
      readonly malformed: number;
      readonly calls: number;
    }
  | { readonly type: 'unusable'; readonly reason: string };
