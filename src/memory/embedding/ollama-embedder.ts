import type { EngineStatus } from '../../engine-status.ts';
import { VivavoceError } from '../../errors.ts';
import type { EmbeddingSpace } from '../memory-store.ts';
import type { Embedder, EmbeddingPurpose } from './embedder.ts';
import { preparedTexts } from './embedding-family.ts';
import { EmbeddingHttp, StatusError } from './embedding-http.ts';
import { unitVectors } from './unit-vectors.ts';

interface Options {
  /** `http://127.0.0.1:11434` */
  readonly baseUrl: string;
  /** Null: the first installed model that can embed. */
  readonly model: string | null;
  /** How long the model stays loaded after its last text, in Ollama's words. */
  readonly keepAlive?: string;
}

/** A model and what it was found to give. */
interface Found {
  readonly model: string;
  readonly space: EmbeddingSpace;
}

interface Tags {
  readonly models?: readonly { readonly name: string; readonly capabilities?: readonly string[] }[];
}

const SUGGESTED = 'nomic-embed-text';

/** An embedding model of an Ollama server. Nothing is pulled: the status says what to pull. */
export class OllamaEmbedder implements Embedder, AsyncDisposable {
  readonly engine = 'ollama';
  readonly #options: Options;
  readonly #http: EmbeddingHttp;
  #found: Found | null = null;
  /** An answer was wrong since it was found: the next probe measures again. */
  #isDoubtful = false;

  constructor(options: Options) {
    this.#options = options;
    this.#http = new EmbeddingHttp({ name: 'Ollama', baseUrl: options.baseUrl });
  }

  get space(): EmbeddingSpace | null {
    return this.#found?.space ?? null;
  }

  /** Finds the model and, when it is another one than before, how long its vectors are, which loads it. */
  async probe(signal: AbortSignal): Promise<EngineStatus> {
    const { baseUrl } = this.#http;
    const named = this.#options.model;
    const model = named === null ? await this.#firstModel(signal) : await this.#namedModel(named, signal);
    if (model === null) {
      this.#found = null;
      if (named !== null)
        return this.#status('failed', named, `model '${named}' is not installed: ollama pull ${named}`);
      const reason = `Ollama answers at ${baseUrl} but has no embedding model: ollama pull ${SUGGESTED}`;
      return this.#status('failed', '', reason);
    }
    if (model !== this.#found?.model || this.#isDoubtful) {
      const [vector] = await this.#ask(model, ['Hello.'], null, signal);
      this.#found = {
        model,
        space: { model: `ollama:${withoutTag(model)}`, dimensions: vector?.length ?? 0 },
      };
      this.#isDoubtful = false;
    }
    const why =
      named === null ? 'it is the first installed model that can embed' : 'EMBEDDINGS_MODEL names it';
    return this.#status('ready', model, `Ollama answers at ${baseUrl}; ${why}`);
  }

  async embed(
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> {
    if (texts.length === 0) return [];
    const found = this.#found;
    if (!found)
      throw new VivavoceError('engine_unavailable', 'no embedding model of Ollama has been found yet');
    const input = preparedTexts(found.model, purpose, texts);
    try {
      return await this.#ask(found.model, input, found.space.dimensions, signal);
    } catch (error) {
      this.#isDoubtful ||= !signal.aborted;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }

  async #ask(
    model: string,
    input: readonly string[],
    dimensions: number | null,
    signal: AbortSignal,
  ): Promise<Float32Array[]> {
    const keep_alive = this.#options.keepAlive ?? '30m';
    const body = { model, input, truncate: true, keep_alive };
    const answer = (await this.#http.json('/api/embed', signal, body)) as { embeddings?: unknown } | null;
    return unitVectors(answer?.embeddings, input.length, dimensions, `Ollama's ${model}`);
  }

  /** The one that is in use, as long as it is there: another one would mean to embed everything again. */
  async #firstModel(signal: AbortSignal): Promise<string | null> {
    const { models = [] } = (await this.#http.json('/api/tags', signal)) as Tags;
    const used = models.filter(({ name }) => name === this.#found?.model);
    for (const { name, capabilities } of [...used, ...models]) {
      if ((capabilities ?? (await this.#capabilities(name, signal)))?.includes('embedding')) return name;
    }
    return null;
  }

  /** @throws VivavoceError `engine_failed` when it is a model of another kind */
  async #namedModel(name: string, signal: AbortSignal): Promise<string | null> {
    const capabilities = await this.#capabilities(name, signal);
    if (capabilities === null) return null;
    // A server that is too old to say is asked to embed, and then it is seen.
    if (capabilities.length === 0 || capabilities.includes('embedding')) return name;
    const text = `model '${name}' cannot embed (it can: ${capabilities.join(', ')}): set EMBEDDINGS_MODEL to another`;
    throw new VivavoceError('engine_failed', text);
  }

  /** Null when it is not installed. */
  async #capabilities(model: string, signal: AbortSignal): Promise<readonly string[] | null> {
    try {
      const shown = (await this.#http.json('/api/show', signal, { model })) as { capabilities?: string[] };
      return shown.capabilities ?? [];
    } catch (error) {
      if (error instanceof StatusError && error.status === 404 && error.message.includes('not found'))
        return null;
      throw error;
    }
  }

  #status(state: EngineStatus['state'], detail: string, reason: string): EngineStatus {
    return { part: 'embeddings', engine: this.engine, detail, state, reason };
  }
}

/** The same model is `nomic-embed-text` where it is named and `nomic-embed-text:latest` in the list. */
function withoutTag(model: string): string {
  return model.replace(/:latest$/, '');
}
