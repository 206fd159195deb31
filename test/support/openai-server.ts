import type { ServerResponse } from 'node:http';
import { constrainedTo } from './constrained-reply.ts';
import { type Hooks, RecordedHttp, type RecordedRequest } from './recorded-http.ts';
import { ScriptedEmbeddings } from './scripted-embeddings.ts';
import {
  breakOff,
  countTokens,
  type Fault,
  type ReplyScript,
  replyFor,
  type ScriptedReply,
  tokensOf,
  until,
} from './scripted-reply.ts';

export interface OpenAiServerOptions extends Hooks {
  readonly models?: readonly string[];
  readonly reply?: ReplyScript;
  /** When it is set, a request with another bearer token is a 401. */
  readonly apiKey?: string;
  /** vLLM says it in `/v1/models`. */
  readonly maxModelLen?: number;
  /** Texts that it embeds in one request, at most. */
  readonly maxInputs?: number;
  /** False: like the servers that ignore `stream_options`. */
  readonly reportsUsage?: boolean;
  /** Types of `response_format` that it refuses, as some servers do. */
  readonly refusesFormats?: readonly ('json_schema' | 'json_object')[];
  /** Like the servers that take `response_format` and do not look at it. */
  readonly ignoresFormat?: boolean;
}

const WIRE = {
  error: (message: string) => `data: ${JSON.stringify({ error: { message, type: 'server_error' } })}\n\n`,
  garbage: 'data: <html>502 Bad Gateway</html>\n\n',
};

/**
 * A stand-in for a server with OpenAI's `/v1/chat/completions` (SSE, tools as deltas, usage, errors) and `/v1/embeddings`.
 */
export class OpenAiServer extends RecordedHttp {
  models: readonly string[];
  reply: ReplyScript;
  /** Replaces every answer of `/v1/chat/completions` while it is set. */
  fault: Fault | null = null;
  /** What `/v1/embeddings` answers. */
  readonly embeddings = new ScriptedEmbeddings(this.closing.signal);
  readonly #options: OpenAiServerOptions;

  constructor(options: OpenAiServerOptions = {}) {
    super(options);
    this.#options = options;
    this.models = options.models ?? ['stand-in-1'];
    this.reply = options.reply ?? 'Hello from the stand-in.';
  }

  /** What `OPENAI_BASE_URL` would be. */
  get baseUrl(): string {
    return `${this.url}/v1`;
  }

  protected async answer(request: RecordedRequest, response: ServerResponse): Promise<void> {
    const { apiKey, maxModelLen } = this.#options;
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) {
      return this.#error(response, 401, 'Incorrect API key provided.', 'invalid_api_key');
    }
    switch (`${request.method} ${request.path}`) {
      case 'GET /v1/models': {
        const length = maxModelLen === undefined ? {} : { max_model_len: maxModelLen };
        const data = this.models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'x', ...length }));
        return this.json(response, 200, { object: 'list', data });
      }
      case 'POST /v1/chat/completions':
        return this.#complete(request, response);
      case 'POST /v1/embeddings':
        return this.#embed(request, response);
      default:
        return this.#error(response, 404, `Unknown request URL: ${request.method} ${request.path}`, null);
    }
  }

  async #embed({ body }: RecordedRequest, response: ServerResponse): Promise<void> {
    if (!this.models.includes(body.model)) {
      return this.#error(response, 404, `The model '${body.model}' does not exist`, 'model_not_found');
    }
    const inputs: string[] = Array.isArray(body.input) ? body.input : [body.input];
    const { maxInputs = 2048 } = this.#options;
    if (inputs.length > maxInputs || inputs.some((text) => text === '')) {
      return this.#error(response, 400, "'$.input' is invalid.", null);
    }
    const answer = await this.embeddings.answer(inputs, response);
    if (answer === null) return;
    if ('status' in answer) return this.#error(response, answer.status, answer.message, null);
    const vectors = Array.isArray(answer.vectors) ? answer.vectors : [answer.vectors];
    const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }));
    const tokens = countTokens(inputs);
    this.json(response, 200, {
      ...{ object: 'list', model: body.model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
      // The index says which is which, and not the order.
      data: data.toReversed(),
    });
  }

  async #complete(request: RecordedRequest, response: ServerResponse): Promise<void> {
    const { body } = request;
    if (!this.models.includes(body.model)) {
      return this.#error(response, 404, `The model '${body.model}' does not exist`, 'model_not_found');
    }
    const format = body.response_format;
    const refusal = format && this.#refusalOf(format.type, body.messages);
    if (refusal) return this.#error(response, 400, refusal, null);
    const free = replyFor(this.reply, body);
    const schema = format?.type === 'json_object' ? {} : format?.json_schema?.schema;
    const scripted = schema && !this.#options.ignoresFormat ? constrainedTo(schema, free) : free;
    const reply: ScriptedReply = this.fault ? { ...scripted, fault: this.fault } : scripted;
    const { fault } = reply;
    if (fault?.kind === 'status') return this.#error(response, fault.status, fault.message, null);

    const limit: number = body.max_tokens ?? body.max_completion_tokens ?? Number.POSITIVE_INFINITY;
    const all = deltasOf(reply);
    const deltas = all.slice(0, limit);
    const finish = all.length > limit ? 'length' : reply.toolCalls?.length ? 'tool_calls' : 'stop';
    const usage = {
      prompt_tokens: countTokens(body.messages),
      completion_tokens: deltas.length,
      total_tokens: countTokens(body.messages) + deltas.length,
      prompt_tokens_details: { cached_tokens: reply.cachedTokens ?? 0 },
    };
    const base = { id: 'chatcmpl-1', created: 0, model: body.model };
    if (!body.stream) {
      const content = tokensOf(reply.text).join('');
      const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }];
      return this.json(response, 200, { ...base, object: 'chat.completion', choices, usage });
    }

    const send = (chunk: object) =>
      response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...chunk })}\n\n`);
    const choice = (delta: object, finish_reason: string | null = null) => ({
      choices: [{ index: 0, delta, finish_reason }],
    });
    const startedAt = performance.now();
    try {
      await until(startedAt, reply.firstByteMs ?? 0, this.closing.signal);
      for (const [index, delta] of deltas.entries()) {
        if (
          fault &&
          index >= fault.afterTokens &&
          (await breakOff(fault, response, WIRE, this.closing.signal))
        )
          return;
        if (reply.msPerToken) await until(startedAt, index * reply.msPerToken, this.closing.signal);
        if (response.destroyed) return;
        if (!response.headersSent) {
          response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
          send(choice({ role: 'assistant', content: '' }));
        }
        this.hooks.onToken?.(request, index, process.hrtime.bigint());
        send(choice(delta));
      }
      if (fault && (await breakOff(fault, response, WIRE, this.closing.signal))) return;
    } catch (error) {
      if (this.closing.signal.aborted) return;
      throw error;
    }
    send(choice({}, finish));
    if (body.stream_options?.include_usage && this.#options.reportsUsage !== false)
      send({ choices: [], usage });
    response.end('data: [DONE]\n\n');
  }

  #refusalOf(type: string, messages: unknown): string | null {
    if ((this.#options.refusesFormats as readonly string[] | undefined)?.includes(type))
      return `'response_format.type' ${type} is unavailable now`;
    if (type === 'json_object' && !/json/i.test(JSON.stringify(messages)))
      return "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
    return null;
  }

  #error(response: ServerResponse, status: number, message: string, code: string | null): void {
    const type = status >= 500 ? 'server_error' : 'invalid_request_error';
    this.json(response, status, { error: { message, type, param: null, code } });
  }
}

/** The deltas after the one with the role: reasoning, text, and each tool call in three pieces. */
function deltasOf(reply: ScriptedReply): object[] {
  const deltas: object[] = [];
  for (const reasoning_content of tokensOf(reply.reasoning)) deltas.push({ reasoning_content });
  for (const content of tokensOf(reply.text)) deltas.push({ content });
  reply.toolCalls?.forEach((call, index) => {
    const text = JSON.stringify(call.arguments);
    const half = Math.ceil(text.length / 2);
    const head = {
      index,
      id: `call_${index}`,
      type: 'function',
      function: { name: call.name, arguments: '' },
    };
    deltas.push({ tool_calls: [head] });
    for (const piece of [text.slice(0, half), text.slice(half)]) {
      deltas.push({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  });
  return deltas;
}
