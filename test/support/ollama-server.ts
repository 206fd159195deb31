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

export interface OllamaModel {
  /** With its tag: `llama3.2:latest`. */
  readonly name: string;
  /** `completion`, `tools`, `thinking`, `embedding`, … */
  readonly capabilities: readonly string[];
  readonly contextLength?: number;
}

/** What `ollama pull` of a model does: the bytes of its layers, or the error line of the registry. */
export interface ScriptedPull {
  readonly layers?: readonly number[];
  readonly error?: string;
  readonly capabilities?: readonly string[];
}

export interface OllamaServerOptions extends Hooks {
  readonly models?: readonly OllamaModel[];
  readonly reply?: ReplyScript;
  /** Models that can be pulled. */
  readonly pulls?: Readonly<Record<string, ScriptedPull>>;
  /** Awaited before every line of a pull. */
  readonly pullGate?: () => Promise<void>;
  /** Like the models that write what they like, whatever `format` says. */
  readonly ignoresFormat?: boolean;
}

const WIRE = {
  error: (message: string) => `${JSON.stringify({ error: message })}\n`,
  garbage: '<html>502 Bad Gateway</html>\n',
};
const CHAT: OllamaModel = { name: 'llama3.2:latest', capabilities: ['completion', 'tools'] };

/** A stand-in for Ollama that speaks its wire protocol, and can be slow, stall, break and lie. */
export class OllamaServer extends RecordedHttp {
  models: OllamaModel[];
  reply: ReplyScript;
  /** Replaces every answer of `/api/chat` while it is set. */
  fault: Fault | null = null;
  /** What `/api/embed` answers. */
  readonly embeddings = new ScriptedEmbeddings(this.closing.signal);
  readonly #loaded = new Map<string, { contextLength: number; expiresAtMs: number }>();
  readonly #pulls: Readonly<Record<string, ScriptedPull>>;
  readonly #pullGate: () => Promise<void>;
  readonly #ignoresFormat: boolean;

  constructor(options: OllamaServerOptions = {}) {
    super(options);
    this.models = [...(options.models ?? [CHAT])];
    this.reply = options.reply ?? 'Hello from the stand-in.';
    this.#pulls = options.pulls ?? {};
    this.#pullGate = options.pullGate ?? (async () => {});
    this.#ignoresFormat = options.ignoresFormat ?? false;
  }

  protected async answer(request: RecordedRequest, response: ServerResponse): Promise<void> {
    const { body } = request;
    switch (`${request.method} ${request.path}`) {
      case 'POST /api/chat':
        return this.#chat(request, response);
      case 'POST /api/pull':
        return this.#pull(body.model ?? body.name, body.stream !== false, response);
      case 'POST /api/embed':
        return this.#embed(body, response);
      case 'POST /api/show': {
        const model = this.#find(body.model ?? body.name);
        if (!model) return this.#notFound(body.model, response);
        const info = {
          'general.architecture': 'llama',
          'llama.context_length': model.contextLength ?? 131_072,
        };
        return this.json(response, 200, {
          details: { family: 'llama', parameter_size: '3.2B', quantization_level: 'Q4_K_M' },
          model_info: info,
          capabilities: model.capabilities,
        });
      }
      case 'GET /api/tags':
        return this.json(response, 200, { models: this.models.map((model) => this.#tag(model.name)) });
      case 'GET /api/ps': {
        const models = [...this.#loaded].map(([name, { contextLength, expiresAtMs }]) => ({
          ...this.#tag(name),
          expires_at: new Date(expiresAtMs).toISOString(),
          size_vram: 2_019_393_189,
          context_length: contextLength,
        }));
        return this.json(response, 200, { models });
      }
      case 'GET /api/version':
        return this.json(response, 200, { version: '0.12.6' });
      default:
        response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
    }
  }

  async #chat(request: RecordedRequest, response: ServerResponse): Promise<void> {
    const { body } = request;
    const model = this.#find(body.model);
    if (!model) return this.#notFound(body.model, response);
    const can = (capability: string) => model.capabilities.includes(capability);
    const refuse = (what: string) =>
      this.json(response, 400, { error: `"${body.model}" does not support ${what}` });
    if (!can('completion')) return refuse('chat');
    if (body.think && !can('thinking')) return refuse('thinking');
    if (body.tools?.length && !can('tools')) return refuse('tools');
    this.#load(model, body);
    const base = () => ({ model: body.model, created_at: new Date().toISOString() });
    if (body.messages.length === 0) {
      const message = { role: 'assistant', content: '' };
      return this.json(response, 200, { ...base(), message, done: true, done_reason: 'load' });
    }

    const { format } = body;
    if (format !== undefined && format !== 'json' && typeof format !== 'object') {
      const error = `invalid format: ${JSON.stringify(format)}; expected "json" or a valid JSON Schema object`;
      return this.json(response, 400, { error });
    }
    const free = replyFor(this.reply, body);
    const scripted = format && !this.#ignoresFormat ? constrainedTo(format, free) : free;
    const reply: ScriptedReply = this.fault ? { ...scripted, fault: this.fault } : scripted;
    const { fault } = reply;
    if (fault?.kind === 'status') return this.json(response, fault.status, { error: fault.message });

    const receivedAt = performance.now();
    const ns = (fromMs: number, toMs: number) => Math.round((toMs - fromMs) * 1e6);
    const lines = this.#messages(reply, body, can('thinking'));
    const limit =
      body.options?.num_predict > 0 ? (body.options.num_predict as number) : Number.POSITIVE_INFINITY;
    const write = (value: unknown) => response.write(`${JSON.stringify(value)}\n`);
    let index = 0;
    let firstAt = receivedAt;
    const whole = { role: 'assistant', content: '', thinking: '', tool_calls: [] as unknown[] };
    try {
      await until(receivedAt, reply.firstByteMs ?? 0, this.closing.signal);
      firstAt = performance.now();
      for (const message of lines) {
        if (index >= limit) break;
        if (
          fault &&
          index >= fault.afterTokens &&
          (await breakOff(fault, response, WIRE, this.closing.signal))
        )
          return;
        if (reply.msPerToken) await until(firstAt, index * reply.msPerToken, this.closing.signal);
        if (response.destroyed) return;
        this.hooks.onToken?.(request, index, process.hrtime.bigint());
        index++;
        if (body.stream === false) {
          whole.content += message.content;
          whole.thinking += message.thinking ?? '';
          whole.tool_calls.push(...(message.tool_calls ?? []));
          continue;
        }
        if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        write({ ...base(), message: { role: 'assistant', ...message }, done: false });
      }
      if (fault && (await breakOff(fault, response, WIRE, this.closing.signal))) return;
    } catch (error) {
      if (this.closing.signal.aborted) return;
      throw error;
    }
    const endedAt = performance.now();
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    write({
      ...base(),
      message: body.stream === false ? whole : { role: 'assistant', content: '' },
      done: true,
      done_reason: index >= limit ? 'length' : 'stop',
      total_duration: ns(receivedAt, endedAt),
      load_duration: 0,
      prompt_eval_count: countTokens(body.messages),
      prompt_eval_duration: ns(receivedAt, firstAt),
      eval_count: index,
      eval_duration: ns(firstAt, endedAt),
    });
    response.end();
  }

  /** The messages of a reply as the engine streams them: thinking, text, then the tool calls, each whole. */
  // biome-ignore lint/suspicious/noExplicitAny: a request body.
  #messages(reply: ScriptedReply, body: any, canThink: boolean) {
    const messages: { content: string; thinking?: string; tool_calls?: unknown[] }[] = [];
    if (canThink && body.think !== false) {
      // A capable model thinks unless it is told not to.
      for (const thinking of tokensOf(reply.reasoning ?? 'Let me think.'))
        messages.push({ content: '', thinking });
    }
    for (const content of tokensOf(reply.text)) messages.push({ content });
    reply.toolCalls?.forEach((call, index) => {
      const id = `call_${index}`;
      messages.push({ content: '', tool_calls: [{ id, function: { index, ...call } }] });
    });
    return messages;
  }

  async #pull(name: string, streamed: boolean, response: ServerResponse): Promise<void> {
    const pull = this.#pulls[name];
    const lines: { status?: string; error?: string; digest?: string; total?: number; completed?: number }[] =
      [{ status: 'pulling manifest' }];
    if (!pull || pull.error) lines.push({ error: pull?.error ?? 'pull model manifest: file does not exist' });
    else {
      pull.layers?.forEach((total, index) => {
        const digest = `sha256:${String(index).padStart(12, '0')}`;
        const status = `pulling ${String(index).padStart(12, '0')}`;
        lines.push({ status, digest, total });
        for (const part of [0.25, 0.5, 1]) lines.push({ status, digest, total, completed: total * part });
      });
      lines.push(
        { status: 'verifying sha256 digest' },
        { status: 'writing manifest' },
        { status: 'success' },
      );
    }
    if (streamed) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const line of lines) {
      await this.#pullGate();
      if (response.destroyed) return;
      if (line.status === 'success') {
        const capabilities = pull?.capabilities ?? ['completion', 'tools'];
        this.models.unshift({ name: withTag(name), capabilities });
      }
      if (streamed) response.write(`${JSON.stringify(line)}\n`);
    }
    if (streamed) response.end();
    else this.json(response, 200, lines.at(-1));
  }

  // biome-ignore lint/suspicious/noExplicitAny: a request body.
  async #embed(body: any, response: ServerResponse): Promise<void> {
    const model = this.#find(body.model);
    if (!model) return this.#notFound(body.model, response);
    if (!model.capabilities.includes('embedding')) {
      return this.json(response, 501, { error: 'this model does not support embeddings' });
    }
    this.#load(model, body);
    const inputs: string[] = Array.isArray(body.input) ? body.input : [body.input];
    const tokens = inputs.map((text) => countTokens(text));
    if (body.truncate === false && Math.max(...tokens) > (model.contextLength ?? 2048)) {
      return this.json(response, 400, { error: 'the input length exceeds the context length' });
    }
    const answer = await this.embeddings.answer(inputs, response);
    if (answer === null) return;
    if ('status' in answer) return this.json(response, answer.status, { error: answer.message });
    this.json(response, 200, {
      model: body.model,
      embeddings: answer.vectors,
      total_duration: 1_000_000,
      load_duration: 0,
      prompt_eval_count: tokens.reduce((sum, count) => sum + count, 0),
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: a request body.
  #load(model: OllamaModel, body: any): void {
    const minutes = typeof body.keep_alive === 'string' ? Number.parseFloat(body.keep_alive) : 5;
    const contextLength = body.options?.num_ctx ?? 4096;
    this.#loaded.set(model.name, { contextLength, expiresAtMs: Date.now() + minutes * 60_000 });
  }

  #tag(name: string) {
    const digest = Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
    const details = { format: 'gguf', family: 'llama', parameter_size: '3.2B', quantization_level: 'Q4_K_M' };
    return { name, model: name, modified_at: '2026-11-01T12:00:00Z', size: 2_019_393_189, digest, details };
  }

  #find(name: string): OllamaModel | undefined {
    return this.models.find((model) => model.name === withTag(name));
  }

  #notFound(name: string, response: ServerResponse): void {
    this.json(response, 404, { error: `model '${name}' not found` });
  }
}

function withTag(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}
