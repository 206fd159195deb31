import type { Span } from './flite-phones.ts';
import type { WasmModule } from './web-assembly.ts';

export interface FliteWorkerData {
  /** Compiled once; threads share its machine code. */
  readonly module: WasmModule;
  /** An empty folder of this worker's own. */
  readonly folder: string;
}

export interface FliteJob {
  /** Printable ASCII. */
  readonly words: readonly string[];
  readonly voice: string;
  readonly speed: number;
}

export interface FliteSpeech {
  /** 24 kHz. */
  readonly samples: Int16Array;
  /** One per word of the job; null when its place could not be found. */
  readonly spans: readonly (Span | null)[];
}

export type FliteApi = {
  synthesize: (job: FliteJob) => FliteSpeech;
};
