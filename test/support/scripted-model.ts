import type { Clock } from '../../src/clock.ts';
import { VivavoceError } from '../../src/errors.ts';
import type { ChatModel, ChatPart, ChatRequest, FinishReason, ToolCall } from '../../src/llm/chat-model.ts';

/** What the model does next: lets milliseconds pass, writes a token, calls a tool, or breaks. */
export type ModelStep = number | string | ToolCall | Error;

/** A language model that answers by a script, on the clock of the test. */
export class ScriptedModel implements ChatModel {
  readonly engine = 'scripted';
  readonly model = 'script';
  readonly contextTokens = 8192;
  /** What it was asked, in order. */
  readonly requests: ChatRequest[] = [];
  /** The signals of its streams, in order. */
  readonly signals: AbortSignal[] = [];
  finishReason: FinishReason = 'stop';
  readonly #clock: Clock;
  readonly #scripts: readonly (readonly ModelStep[])[];

  /** One script a turn; the last one is used for all further ones. */
  constructor(clock: Clock, ...scripts: readonly (readonly ModelStep[])[]) {
    this.#clock = clock;
    this.#scripts = scripts;
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    this.requests.push(request);
    this.signals.push(signal);
    const script = this.#scripts[this.requests.length - 1] ?? this.#scripts.at(-1) ?? [];
    let outputTokens = 0;
    for (const step of script) {
      if (signal.aborted) throw new VivavoceError('cancelled', 'the turn was given up');
      if (typeof step === 'number') await this.#wait(step, signal);
      else if (step instanceof Error) throw step;
      else if (typeof step === 'string') {
        outputTokens++;
        yield { type: 'text', text: step };
      } else yield { type: 'tool-call', call: step };
    }
    yield {
      type: 'usage',
      usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens },
      finishReason: this.finishReason,
    };
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.#clock.after(ms, resolve);
    const onAbort = () => reject(new VivavoceError('cancelled', 'the turn was given up'));
    signal.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
    });
  }
}
