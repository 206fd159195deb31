import type { Clock } from '../clock.ts';
import type { EngineStatus } from '../engine-status.ts';
import { VivavoceError } from '../errors.ts';
import type { ChatModel, ChatPart, ChatRequest } from './chat-model.ts';
import { respond } from './offline/respond.ts';

export interface OfflineOptions {
  readonly clock: Clock;
  /** IANA name, for the time and the date. */
  readonly timezone: string;
  /** Where Ollama is looked for, for the one who asks how to connect a language model; null when it is not. */
  readonly ollamaUrl: string | null;
}

/**
 * A small responder by rules, for a machine without a language model. It greets, listens, answers from what the
 * conversation and its notes say, and is plain about what it is. The same conversation at the same time gets the same
 * answer. A token is a word; tools are ignored.
 */
export class OfflineChatModel implements ChatModel {
  readonly engine = 'offline';
  readonly model = 'rules';
  /** It reads everything; this keeps the window of a long conversation in proportion. */
  readonly contextTokens = 16_384;
  readonly #options: OfflineOptions;

  constructor(options: OfflineOptions) {
    this.#options = options;
  }

  async *stream({ messages, maxTokens }: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    const { clock, timezone, ollamaUrl } = this.#options;
    const words = wordPieces(respond(messages, { nowMs: clock.nowMs(), timezone, ollamaUrl }));
    const allowed = words.slice(0, maxTokens ?? words.length);
    for (const text of allowed) {
      if (signal.aborted)
        throw new VivavoceError('cancelled', 'the answer was cancelled', { cause: signal.reason });
      yield { type: 'text', text };
    }
    if (signal.aborted)
      throw new VivavoceError('cancelled', 'the answer was cancelled', { cause: signal.reason });
    yield {
      type: 'usage',
      finishReason: allowed.length < words.length ? 'length' : 'stop',
      usage: {
        inputTokens: messages.reduce((sum, { text }) => sum + wordPieces(text).length, 0),
        cachedInputTokens: 0,
        outputTokens: allowed.length,
      },
    };
  }

  /** It is always there. */
  async probe(): Promise<EngineStatus> {
    const reason =
      this.#options.ollamaUrl === null
        ? 'built-in rules, as LLM=offline says; start with LLM=auto to use a language model'
        : 'built-in rules; no language model is connected';
    return { part: 'llm', engine: this.engine, detail: this.model, state: 'ready', reason };
  }
}

/** Words with the space before them: joined, they are the text again. */
function wordPieces(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}
