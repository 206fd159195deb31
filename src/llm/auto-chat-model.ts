import type { EngineStatus } from '../engine-status.ts';
import { isAbort, VivavoceError } from '../errors.ts';
import { CandidateWatch, type WatchOptions } from './candidate-watch.ts';
import type { ChatModel, ChatPart, ChatRequest } from './chat-model.ts';

export interface AutoOptions extends WatchOptions {
  /** A turn went on with another engine, because the first had failed before it said anything. */
  readonly onFallback?: (from: string, to: string, error: unknown) => void;
}

/**
 * The best engine that answers, of several.
 *
 * Which one that is, is found out in the background, so a turn starts at once: when Ollama appears, the next turn uses
 * it. When the chosen one fails before its first word, the next one answers in the same turn. With one candidate
 * there is nothing to fall back to, and `status` is still live.
 */
export class AutoChatModel implements ChatModel, AsyncDisposable {
  readonly #watch: CandidateWatch;
  readonly #onFallback: AutoOptions['onFallback'];

  constructor(options: AutoOptions) {
    this.#watch = new CandidateWatch(options);
    this.#onFallback = options.onFallback;
  }

  /** Probes once, so that the first turn knows, and then for ever; resolves with what answers now. */
  async start(): Promise<EngineStatus> {
    await this.#watch.start();
    return this.status();
  }

  get engine(): string {
    return this.#best.engine;
  }

  get model(): string {
    return this.#best.model;
  }

  get contextTokens(): number {
    return this.#best.contextTokens;
  }

  status(): EngineStatus {
    return this.#watch.status();
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    const order = this.#watch.order();
    for (const [index, candidate] of order.entries()) {
      let begun = false;
      const { engine, model } = candidate.model;
      yield { type: 'answering', engine, model };
      try {
        for await (const part of candidate.model.stream(request, signal)) {
          begun ||= isSaid(part);
          yield part;
        }
        return;
      } catch (error) {
        if (signal.aborted || isAbort(error)) throw error;
        this.#watch.failed(candidate, error);
        const next = order[index + 1];
        if (begun || !next) throw error;
        this.#onFallback?.(candidate.name, next.name, error);
      }
    }
  }

  /**
   * The best engine for work that nobody waits for. What fails there is told to whoever asked, and is nothing to the turns:
   * their engine is not taken from them, and no other one answers instead.
   */
  inBackground(): ChatModel {
    const auto = this;
    return {
      get engine() {
        return auto.engine;
      },
      get model() {
        return auto.model;
      },
      get contextTokens() {
        return auto.contextTokens;
      },
      async *stream(request, signal) {
        const [best] = auto.#watch.order();
        if (!best?.background)
          throw new VivavoceError('engine_unavailable', 'there is no language model for the background now');
        yield* best.background.stream(request, signal);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch[Symbol.asyncDispose]();
  }

  get #best(): ChatModel {
    const [best] = this.#watch.order();
    if (!best) throw new VivavoceError('config_invalid', 'there is no language model');
    return best.model;
  }
}

/** Thoughts and white space are not said to anybody: after them another engine can still answer. */
function isSaid(part: ChatPart): boolean {
  return part.type === 'tool-call' || (part.type === 'text' && part.text.trim() !== '');
}
