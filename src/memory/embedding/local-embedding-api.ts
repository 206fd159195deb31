import type { EmbeddingPurpose } from './embedder.ts';
import type { Pooling } from './embedding-family.ts';

/** The model files that are told apart by how their weights are stored. */
export type EmbeddingDtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16' | 'bnb4';

export interface LocalEmbeddingData {
  /** With the layout of the hub: `config.json`, `onnx/model….onnx`, … */
  readonly folder: string;
  readonly dtype: EmbeddingDtype;
  readonly pooling: Pooling;
  /** Of onnxruntime. */
  readonly threads: number;
}

export interface LocalEmbeddingJob {
  /** As the model wants them, prefixes included. */
  readonly texts: readonly string[];
  readonly purpose: EmbeddingPurpose;
}

export type LocalEmbeddingApi = {
  embed(job: LocalEmbeddingJob): Promise<readonly Float32Array[]>;
};
