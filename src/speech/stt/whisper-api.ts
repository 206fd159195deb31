import type { Transcript } from './transcriber.ts';

/** The model files that are told apart by how their weights are stored. */
export type WhisperDtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16' | 'bnb4';

export interface WhisperWorkerData {
  /** With the layout of the hub: `config.json`, `onnx/encoder_model….onnx`, … */
  readonly folder: string;
  readonly dtype: WhisperDtype;
  /** Of onnxruntime. */
  readonly threads: number;
}

export interface WhisperJob {
  /** 16 kHz mono, at most 30 s. */
  readonly samples: Int16Array;
  readonly language: string | null;
  readonly prompt: string | null;
}

export type WhisperApi = {
  transcribe(job: WhisperJob): Promise<Transcript>;
};
