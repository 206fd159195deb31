import { AutoModel, AutoTokenizer, env, type PreTrainedTokenizer } from '@huggingface/transformers';
import type { Pooling } from './embedding-family.ts';
import type { LocalEmbeddingData } from './local-embedding-api.ts';

/** What the library's types leave open. */
interface Hidden {
  readonly data: Float32Array;
  /** [1, tokens, width], or [1, width] when the model has pooled already. */
  readonly dims: readonly number[];
}
type Network = (inputs: object) => Promise<Readonly<Record<string, Hidden | undefined>>>;

/** What is remembered is a sentence or two; the models are trained on no more than this. */
const MOST_TOKENS = 512;

/** A sentence embedding model, from a folder, in this thread. */
export class LocalEmbeddingModel {
  readonly #network: Network;
  readonly #tokenizer: PreTrainedTokenizer;
  readonly #pooling: Pooling;

  private constructor(network: Network, tokenizer: PreTrainedTokenizer, pooling: Pooling) {
    this.#network = network;
    this.#tokenizer = tokenizer;
    this.#pooling = pooling;
  }

  static async load({ folder, dtype, pooling, threads }: LocalEmbeddingData): Promise<LocalEmbeddingModel> {
    // Everything is there already; the library must not look for it anywhere else, or write anything.
    env.allowRemoteModels = false;
    env.useFSCache = false;
    env.logLevel = 50;
    const session = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // It keeps a plan for every length that it has seen, and texts have many.
      enableMemPattern: false,
      // Waiting threads sleep. By default they spin, and an idle service has a busy core.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    };
    const local = { local_files_only: true } as const;
    const [model, tokenizer] = await Promise.all([
      AutoModel.from_pretrained(folder, { ...local, dtype, session_options: session }),
      AutoTokenizer.from_pretrained(folder, local),
    ]);
    return new LocalEmbeddingModel(model as unknown as Network, tokenizer, pooling);
  }

  /**
   * The vector of one text, of any length.
   *
   * One at a time: in a batch short texts are filled up to the longest, and the scales of an int8 model depend on all of
   * the batch, so the vector of a text would depend on its neighbours.
   */
  async embed(text: string): Promise<Float32Array> {
    const limit = Math.min(this.#tokenizer.model_max_length || MOST_TOKENS, MOST_TOKENS);
    const inputs = this.#tokenizer(text, { truncation: true, max_length: limit });
    const outputs = await this.#network(inputs);
    const pooled = outputs.sentence_embedding;
    if (pooled) return Float32Array.from(pooled.data);
    const hidden = outputs.last_hidden_state ?? outputs.token_embeddings ?? outputs.logits;
    if (!hidden) throw new Error(`the model gives ${Object.keys(outputs).join(', ')}, and no embeddings`);
    return pool(hidden, this.#pooling);
  }
}

function pool({ data, dims }: Hidden, pooling: Pooling): Float32Array {
  const width = dims.at(-1) ?? 0;
  const tokens = data.length / width;
  if (pooling === 'first') return data.slice(0, width);
  if (pooling === 'last') return data.slice(-width);
  const mean = new Float32Array(width);
  for (let at = 0; at < data.length; at++) {
    mean[at % width] = (mean[at % width] ?? 0) + (data[at] ?? 0) / tokens;
  }
  return mean;
}
