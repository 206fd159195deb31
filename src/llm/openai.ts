import type { AIMessageChunk, UsageMetadata } from '@langchain/core/messages';
import { ChatOpenAICompletions } from '@langchain/openai';
import { type IdSource, randomIds } from '../clock.ts';
import type { EngineStatus } from '../engine-status.ts';
import { textsIn } from '../engine-words.ts';
import { VivavoceError } from '../errors.ts';
import { type FormatLevel, FormatRefused, toResponseFormat, weaker } from './answer-format.ts';
import type { ChatModel, ChatPart, ChatRequest } from './chat-model.ts';
import { EngineHttp } from './engine-http.ts';
import { isNamed, toFunctionTool, toLangChain } from './langchain-messages.ts';
import { estimatePromptTokens, estimateTokens } from './token-estimate.ts';
import { ToolCallAssembly } from './tool-call-assembly.ts';

export interface OpenAiOptions {
  /** With its `/v1`: `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string;
  /** Null for a server that wants none. */
  readonly apiKey: string | null;
  /** Null: the first that the server lists. */
  readonly model: string | null;
  readonly contextTokens?: number;
  readonly ids?: IdSource;
}

/** What `/models` says: ids, and at vLLM how long a prompt may be. */
interface ModelList {
  readonly data: readonly { readonly id: string; readonly max_model_len?: number }[];
}

/** uvicorn (vLLM and most local servers) closes an idle connection after 5 s, a cloud after more than a minute. */
const KEEP_ALIVE_MS = { 'http:': 4_000, 'https:': 60_000 } as const;
const LISTED = 5;

/** A model of any server with OpenAI's `/chat/completions`, through LangChain's `ChatOpenAI`. */
export class OpenAiChatModel implements ChatModel, AsyncDisposable {
  readonly engine = 'openai';
  readonly #options: OpenAiOptions;
  readonly #http: EngineHttp;
  readonly #ids: IdSource;
  /** What the last probe found: a turn asks for nothing before it asks the model. */
  #found: { readonly id: string; readonly maxContextTokens: number | null } | null = null;
  /** What the server has not refused so far. */
  #formatLevel: FormatLevel = 'json_schema';

  constructor(options: OpenAiOptions) {
    this.#options = options;
    const baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.#http = new EngineHttp({
      name: 'the OpenAI-compatible server',
      baseUrl,
      keepAliveMs: baseUrl.startsWith('https:') ? KEEP_ALIVE_MS['https:'] : KEEP_ALIVE_MS['http:'],
      headers: options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` },
      explain: (status, message) => explainStatus(status, message, baseUrl, options.apiKey !== null),
    });
    this.#ids = options.ids ?? randomIds;
  }

  /** Empty until a probe has found one, if none was named. */
  get model(): string {
    return this.#options.model ?? this.#found?.id ?? '';
  }

  get contextTokens(): number {
    const wanted = this.#options.contextTokens ?? 8192;
    return Math.min(wanted, this.#found?.maxContextTokens ?? wanted);
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    if (signal.aborted) throw new VivavoceError('cancelled', 'the call to the model was cancelled');
    if (this.model === '') await this.#findOrThrow(signal);
    const turn = new AbortController();
    const onAbort = () => turn.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    let ended = false;
    try {
      yield* request.format
        ? this.#answerInFormat(request, turn.signal)
        : this.#answer(request, 'text', turn.signal);
      ended = true;
    } catch (error) {
      const asked = textsIn(JSON.stringify(request.messages));
      throw this.#http.toError(error, signal, 'in the middle of its answer', asked);
    } finally {
      signal.removeEventListener('abort', onAbort);
      // Whoever stopped reading early wants no more tokens computed; after the end the connection serves the next turn.
      if (!ended) turn.abort();
    }
  }

  /**
   * Asks for the list of models and takes the named or the first one. Gateways answer to names that they do not list,
   * so a named model that is not there is `degraded` and is tried all the same.
   *
   * @throws VivavoceError when the server cannot be asked or refuses the key.
   */
  async probe(signal: AbortSignal): Promise<EngineStatus> {
    const { model } = this.#options;
    const { baseUrl } = this.#http;
    const { data } = await this.#http.json<ModelList>('/models', signal);
    const found = model === null ? data[0] : data.find(({ id }) => id === model);
    this.#found = found ? { id: found.id, maxContextTokens: found.max_model_len ?? null } : null;
    if (found) {
      const why = model === null ? 'it is the first that the server lists' : 'OPENAI_MODEL names it';
      return this.#status('ready', found.id, `${baseUrl} answers; ${why}`);
    }
    if (model === null) {
      return this.#status(
        'failed',
        '',
        `${baseUrl} answers but lists no model: load one there, or set OPENAI_MODEL`,
      );
    }
    const some = data.slice(0, LISTED).map(({ id }) => id);
    const listed = data.length > LISTED ? `${some.join(', ')}, …` : some.join(', ') || 'nothing';
    return this.#status(
      'degraded',
      model,
      `${baseUrl} does not list OPENAI_MODEL '${model}'; it lists ${listed}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }

  /** Asks again, less exactly, when the server does not know the format. It says so before the first word. */
  async *#answerInFormat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    for (let level = this.#formatLevel; ; level = weaker(level)) {
      this.#formatLevel = level;
      try {
        return yield* this.#answer(request, level, signal);
      } catch (error) {
        const refused = this.#http.toError(error, signal, 'before its answer') instanceof FormatRefused;
        if (!refused || level === 'text') throw error;
      }
    }
  }

  async *#answer(
    request: ChatRequest,
    formatLevel: FormatLevel,
    signal: AbortSignal,
  ): AsyncGenerator<ChatPart> {
    const { messages, tools = [], toolChoice, format } = request;
    const responseFormat = format && toResponseFormat(format, formatLevel);
    // One instance per turn: the bounds of an answer are fields of the instance.
    const chat = new ChatOpenAICompletions({
      model: this.model,
      // The client wants one; the header is ours.
      apiKey: this.#options.apiKey ?? 'none',
      maxRetries: 0,
      streamUsage: true,
      // The server's own chunk, because `reasoning` (vLLM) gets lost in LangChain's.
      __includeRawResponse: true,
      ...(request.maxTokens !== undefined && { maxTokens: request.maxTokens }),
      ...(request.temperature !== undefined && { temperature: request.temperature }),
      configuration: {
        baseURL: this.#http.baseUrl,
        fetch: this.#fetch(signal),
        logLevel: 'off',
        organization: null,
      },
    });
    const chunks = chat._streamResponseChunks(toLangChain(messages), {
      signal,
      tools: tools.map(toFunctionTool),
      ...(tools.length > 0 && toolChoice !== undefined && { tool_choice: choice(toolChoice) }),
      ...(responseFormat && { response_format: responseFormat }),
    });
    const calls = new ToolCallAssembly();
    let counted: UsageMetadata | undefined;
    let finish: unknown;
    let written = '';
    for await (const { text, message, generationInfo } of chunks) {
      const chunk = message as AIMessageChunk;
      const reasoning = reasoningIn(chunk);
      if (reasoning !== '') yield { type: 'reasoning', text: reasoning };
      if (text !== '') yield { type: 'text', text };
      for (const delta of chunk.tool_call_chunks ?? []) calls.add(delta);
      counted = chunk.usage_metadata ?? counted;
      finish = generationInfo?.finish_reason ?? finish;
      written += reasoning + text;
    }
    if (finish === undefined) {
      throw new VivavoceError('engine_failed', `${this.#http.baseUrl} ended its answer in the middle`);
    }
    // Arguments that were cut off are half a JSON object.
    const whole = finish === 'length' ? [] : calls.finish(() => this.#ids.next('call'));
    for (const call of whole) yield { type: 'tool-call', call };
    yield {
      type: 'usage',
      finishReason: finish === 'length' ? 'length' : whole.length > 0 ? 'tool-calls' : 'stop',
      usage: {
        // Not every server counts in a stream; an estimate is nearer to the truth than nothing.
        inputTokens: counted?.input_tokens ?? estimatePromptTokens(messages),
        cachedInputTokens: counted?.input_token_details?.cache_read ?? 0,
        outputTokens: counted?.output_tokens ?? estimateTokens(written),
      },
    };
  }

  /** With the turn's signal and kept connections; errors come as ours, which the client passes on as a cause. */
  #fetch(signal: AbortSignal): typeof fetch {
    return async (url, init) => {
      const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
      const call = { method: 'POST', headers, body: String(init?.body) } as const;
      const response = await this.#http.open(String(url), call, signal);
      return new Response(ReadableStream.from(response.body), {
        headers: { 'content-type': 'text/event-stream' },
      });
    };
  }

  async #findOrThrow(signal: AbortSignal): Promise<void> {
    const { reason } = await this.probe(signal);
    if (!this.#found) throw new VivavoceError('engine_failed', reason);
  }

  #status(state: EngineStatus['state'], detail: string, reason: string): EngineStatus {
    return { part: 'llm', engine: this.engine, detail, state, reason };
  }
}

function choice(toolChoice: NonNullable<ChatRequest['toolChoice']>) {
  return isNamed(toolChoice)
    ? { type: 'function' as const, function: { name: toolChoice.name } }
    : toolChoice;
}

function reasoningIn(chunk: AIMessageChunk): string {
  const raw = chunk.additional_kwargs.__raw_response as
    | { choices?: { delta?: { reasoning?: unknown; reasoning_content?: unknown } }[] }
    | undefined;
  const delta = raw?.choices?.[0]?.delta;
  const reasoning = delta?.reasoning_content ?? delta?.reasoning;
  return typeof reasoning === 'string' ? reasoning : '';
}

function explainStatus(
  status: number,
  message: string,
  baseUrl: string,
  hasKey: boolean,
): VivavoceError | null {
  if (FormatRefused.isMeant(status, message)) {
    return new FormatRefused(`${baseUrl} answered ${status}: ${message}`);
  }
  if (status !== 401 && status !== 403) return null;
  const why = hasKey
    ? `OPENAI_API_KEY is refused by ${baseUrl}`
    : `${baseUrl} wants a key: set OPENAI_API_KEY`;
  return new VivavoceError('engine_failed', `${why} (${status} ${message})`);
}
