import type { AIMessageChunk, UsageMetadata } from '@langchain/core/messages';
import { ChatOllama } from '@langchain/ollama';
import { type Clock, type IdSource, randomIds, systemClock } from '../clock.ts';
import type { EngineStatus } from '../engine-status.ts';
import { VivavoceError } from '../errors.ts';
import type { ChatModel, ChatPart, ChatRequest } from './chat-model.ts';
import { EngineHttp } from './engine-http.ts';
import { toFunctionTool, toLangChain, visibleTools } from './langchain-messages.ts';
import { ollamaFetch } from './ollama-fetch.ts';
import {
  canCallTools,
  canChat,
  explainStatus,
  firstChatModel,
  isNotInstalled,
  notInstalled,
  type OllamaModel,
  showModel,
} from './ollama-models.ts';
import { BackgroundPull, type PullProgress, pullModel } from './ollama-pull.ts';
import { estimatePromptTokens } from './token-estimate.ts';

export interface OllamaOptions {
  /** `http://127.0.0.1:11434` */
  readonly baseUrl: string;
  /** Null: the first installed model that can chat. */
  readonly model: string | null;
  /** Constant, because another `num_ctx` makes Ollama load the model again. */
  readonly contextTokens?: number;
  /** How long the model stays loaded after a turn, in Ollama's words. */
  readonly keepAlive?: string;
  /** Whether `probe` lets Ollama download a *named* model that is missing. */
  readonly pullMissing?: boolean;
  readonly clock?: Clock;
  readonly ids?: IdSource;
}

/** Generation ends here when the caller sets no bound: a model that loops must not talk for ever. */
const DEFAULT_MAX_TOKENS = 1024;
/** Ollama itself never closes an idle connection; what lies between may. */
const KEEP_ALIVE_MS = 60_000;

/** A model of an Ollama server, through LangChain's `ChatOllama`. */
export class OllamaChatModel implements ChatModel, AsyncDisposable {
  readonly engine = 'ollama';
  readonly #options: OllamaOptions;
  readonly #http: EngineHttp;
  readonly #ids: IdSource;
  readonly #pull: BackgroundPull;
  /** What the last probe found: a turn asks for nothing before it asks the model. */
  #found: OllamaModel | null = null;

  constructor(options: OllamaOptions) {
    this.#options = options;
    const baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.#http = new EngineHttp({
      name: 'Ollama',
      baseUrl,
      keepAliveMs: KEEP_ALIVE_MS,
      explain: explainStatus(baseUrl),
    });
    this.#ids = options.ids ?? randomIds;
    this.#pull = new BackgroundPull(this.#http, options.clock ?? systemClock);
  }

  /** Empty until a probe has found one, if none was named. */
  get model(): string {
    return this.#options.model ?? this.#found?.name ?? '';
  }

  get contextTokens(): number {
    const wanted = this.#options.contextTokens ?? 8192;
    return Math.min(wanted, this.#found?.maxContextTokens ?? wanted);
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    if (signal.aborted) throw new VivavoceError('cancelled', 'the call to Ollama was cancelled');
    const found = this.#found ?? (await this.#findOrThrow(signal));
    const turn = new AbortController();
    const onAbort = () => turn.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    let ended = false;
    try {
      yield* this.#answer(found, request, turn.signal);
      ended = true;
    } catch (error) {
      throw this.#http.toError(error, signal, 'in the middle of its answer');
    } finally {
      signal.removeEventListener('abort', onAbort);
      // Whoever stopped reading early wants no more tokens computed; after the end the connection serves the next turn.
      if (!ended) turn.abort();
    }
  }

  /**
   * Finds the model, or says why there is none; with `pullMissing` it starts to pull a named one and says how far that
   * is (`starting`). Nothing is known until the first probe: a turn that comes earlier runs one itself.
   *
   * @throws VivavoceError when the server cannot be asked.
   */
  async probe(signal: AbortSignal): Promise<EngineStatus> {
    const { model, pullMissing = false } = this.#options;
    const { baseUrl } = this.#http;
    const found = await this.#look(signal);
    this.#found = found && canChat(found) ? found : null;
    if (this.#found) {
      const why = model === null ? 'it is the first installed model that can chat' : 'OLLAMA_MODEL names it';
      const tools = canCallTools(this.#found) ? '' : '; it cannot call tools';
      return this.#status('ready', this.#found.name, `Ollama answers at ${baseUrl}; ${why}${tools}`);
    }
    if (model === null) {
      const reason = `Ollama answers at ${baseUrl} but has no model that can chat: ollama pull llama3.2`;
      return this.#status('failed', '', reason);
    }
    if (found)
      return this.#status('failed', model, `model '${model}' cannot chat: set OLLAMA_MODEL to another`);
    if (!pullMissing) return this.#status('failed', model, notInstalled(model));
    if (this.#pull.failure !== null) return this.#status('failed', model, this.#pull.failure);
    this.#pull.start(model);
    return this.#status('starting', model, this.#pull.progress ?? `pulling ${model}`);
  }

  /** Downloads a model; resolves when it is installed. */
  pull(model: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    return pullModel(this.#http, model, onProgress, signal);
  }

  /**
   * Loads the model and lets it compute the prompt that the turns to come begin with, so that the first of them waits
   * for neither. `request` holds that beginning and the same tools; one token is generated and thrown away.
   */
  async warm(request: ChatRequest, signal: AbortSignal): Promise<void> {
    for await (const part of this.stream({ ...request, maxTokens: 1 }, signal)) void part;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pull[Symbol.asyncDispose]();
    await this.#http[Symbol.asyncDispose]();
  }

  async *#answer(found: OllamaModel, request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    const { messages } = request;
    // One instance per turn: aborting one stream of a shared instance ends every other stream on it.
    const chat = new ChatOllama({
      baseUrl: this.#http.baseUrl,
      model: found.name,
      fetch: ollamaFetch(this.#http, messages, signal),
      numCtx: this.contextTokens,
      numPredict: request.maxTokens ?? DEFAULT_MAX_TOKENS,
      keepAlive: this.#options.keepAlive ?? '30m',
      // Unset, a capable model thinks, and the user waits in silence.
      ...(found.capabilities.includes('thinking') && { think: false }),
      ...(request.temperature !== undefined && { temperature: request.temperature }),
    });
    const tools = canCallTools(found) ? visibleTools(request).map(toFunctionTool) : [];
    // Not `.stream()`: its tracing and its running sum of all chunks take as long per token as all the rest.
    const chunks = chat._streamResponseChunks(toLangChain(messages), {
      tools,
      ...(request.format && { format: request.format.schema }),
    });
    let counted: UsageMetadata | undefined;
    let doneReason: unknown;
    let called = false;
    for await (const { text, message } of chunks) {
      const chunk = message as AIMessageChunk;
      const reasoning = chunk.additional_kwargs.reasoning_content;
      if (typeof reasoning === 'string' && reasoning !== '') yield { type: 'reasoning', text: reasoning };
      if (text !== '') yield { type: 'text', text };
      for (const { name = '', args = '{}' } of chunk.tool_call_chunks ?? []) {
        called = true;
        yield { type: 'tool-call', call: { callId: this.#ids.next('call'), name, arguments: args } };
      }
      counted = chunk.usage_metadata ?? counted;
      doneReason = chunk.response_metadata.done_reason ?? doneReason;
    }
    yield {
      type: 'usage',
      finishReason: doneReason === 'length' ? 'length' : called ? 'tool-calls' : 'stop',
      usage: {
        // Ollama leaves the count out when it had all of the prompt in its cache.
        inputTokens: counted?.input_tokens || estimatePromptTokens(messages),
        cachedInputTokens: 0,
        outputTokens: counted?.output_tokens ?? 0,
      },
    };
  }

  async #findOrThrow(signal: AbortSignal): Promise<OllamaModel> {
    const { state, reason } = await this.probe(signal);
    if (this.#found) return this.#found;
    throw new VivavoceError(state === 'starting' ? 'engine_unavailable' : 'engine_failed', reason);
  }

  async #look(signal: AbortSignal): Promise<OllamaModel | null> {
    const { model } = this.#options;
    if (model === null) return firstChatModel(this.#http, this.model, signal);
    try {
      return await showModel(this.#http, model, signal);
    } catch (error) {
      if (isNotInstalled(error)) return null;
      throw error;
    }
  }

  #status(state: EngineStatus['state'], detail: string, reason: string): EngineStatus {
    return { part: 'llm', engine: this.engine, detail, state, reason };
  }
}
