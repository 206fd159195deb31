import type { EngineStatus } from '../../engine-status.ts';
import { VivavoceError } from '../../errors.ts';
import type { EmbeddingSpace } from '../memory-store.ts';
import type { Embedder, EmbeddingPurpose } from './embedder.ts';
import { preparedTexts } from './embedding-family.ts';
import { EmbeddingHttp } from './embedding-http.ts';
import { unitVectors } from './unit-vectors.ts';

interface Options {
  /** With or without `/v1`: `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly model?: string;
  /** Texts in one request; some servers take no more than 32. */
  readonly maxTexts?: number;
}

interface Answer {
  readonly data?: readonly { readonly index?: number; readonly embedding?: unknown }[];
}

export const DEFAULT_OPENAI_MODEL = 'text-embedding-3-small';

/** Embeddings behind `POST /v1/embeddings`: OpenAI's, or any server that speaks like it. */
export class OpenAiEmbedder implements Embedder, AsyncDisposable {
  readonly engine = 'openai';
  readonly #model: string;
  readonly #maxTexts: number;
  readonly #http: EmbeddingHttp;
  #space: EmbeddingSpace | null = null;

  constructor({ baseUrl, apiKey, model = DEFAULT_OPENAI_MODEL, maxTexts = 32 }: Options) {
    this.#model = model;
    this.#maxTexts = maxTexts;
    const trimmed = baseUrl.replace(/\/+$/, '');
    this.#http = new EmbeddingHttp({
      name: 'the embedding server',
      baseUrl: trimmed.endsWith('/v1') ? trimmed : `${trimmed}/v1`,
      ...(apiKey !== undefined && { apiKey }),
      hints: {
        401: 'check EMBEDDINGS_API_KEY',
        403: 'check EMBEDDINGS_API_KEY',
        404: 'check EMBEDDINGS_BASE_URL and EMBEDDINGS_MODEL',
      },
    });
  }

  get space(): EmbeddingSpace | null {
    return this.#space;
  }

  /** Embeds a word: not every server has another way to say how it is. */
  async probe(signal: AbortSignal): Promise<EngineStatus> {
    const [vector] = await this.#ask(['Hello.'], null, signal);
    this.#space = { model: `openai:${this.#model}`, dimensions: vector?.length ?? 0 };
    const reason = `texts are embedded at ${this.#http.baseUrl}`;
    return { part: 'embeddings', engine: this.engine, detail: this.#model, state: 'ready', reason };
  }

  async embed(
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> {
    const space = this.#space;
    if (!space) throw new VivavoceError('engine_unavailable', 'the embedding server has not answered yet');
    const input = preparedTexts(this.#model, purpose, texts);
    const vectors: Float32Array[] = [];
    for (let at = 0; at < input.length; at += this.#maxTexts) {
      vectors.push(...(await this.#ask(input.slice(at, at + this.#maxTexts), space.dimensions, signal)));
    }
    return vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }

  async #ask(
    input: readonly string[],
    dimensions: number | null,
    signal: AbortSignal,
  ): Promise<Float32Array[]> {
    const body = { model: this.#model, input, encoding_format: 'float' };
    const answer = (await this.#http.json('/embeddings', signal, body)) as Answer | null;
    // The order is only promised by the index.
    const data = answer?.data?.map(({ index, embedding }, at) => ({ index: index ?? at, embedding }));
    const vectors = data?.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
    return unitVectors(vectors, input.length, dimensions, `the embedding server (${this.#model})`);
  }
}
