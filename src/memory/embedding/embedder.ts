import type { EngineStatus } from '../../engine-status.ts';
import type { EmbeddingSpace } from '../memory-store.ts';

/** What a text is embedded for: many models want to be told. */
export type EmbeddingPurpose = 'query' | 'document';

/** Turns texts into vectors that are near when the texts mean the same. */
export interface Embedder {
  /** `ollama`, `openai`, `local` */
  readonly engine: string;
  /** The vectors that it makes; null until a probe has found out. */
  readonly space: EmbeddingSpace | null;
  /** Finds out whether it can embed, and in which space. */
  probe(signal: AbortSignal): Promise<EngineStatus>;
  /** One unit vector for each text, in order, of `space.dimensions` numbers. */
  embed(
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]>;
}
