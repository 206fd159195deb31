import type { EngineStatus } from '../../src/engine-status.ts';
import { VivavoceError } from '../../src/errors.ts';
import type { Embedder, EmbeddingPurpose } from '../../src/memory/embedding/embedder.ts';
import type { EmbeddingSpace } from '../../src/memory/memory-store.ts';
import { letterVector } from './scripted-embeddings.ts';

export interface EmbeddingCall {
  readonly texts: readonly string[];
  readonly purpose: EmbeddingPurpose;
  readonly signal: AbortSignal;
}

/** An embedder that counts letters, records what it is asked, and fails or waits when a test wants it. */
export class ScriptedEmbedder implements Embedder {
  readonly engine: string;
  readonly calls: EmbeddingCall[] = [];
  space: EmbeddingSpace | null = null;
  dimensions = 8;
  probes = 0;
  /** What a probe rejects with; null: it is well. */
  illness: Error | null = null;
  /** What a probe says instead of `ready`. */
  state: EngineStatus['state'] = 'ready';
  /** Awaited by every call; may reject. */
  onEmbed: (call: EmbeddingCall) => Promise<void> | void = () => {};

  constructor(engine = 'scripted') {
    this.engine = engine;
  }

  async probe(): Promise<EngineStatus> {
    this.probes++;
    if (this.illness) throw this.illness;
    if (this.state === 'ready') this.space = { model: `${this.engine}:letters`, dimensions: this.dimensions };
    const reason = `${this.engine} is ${this.state}`;
    return { part: 'embeddings', engine: this.engine, detail: 'letters', state: this.state, reason };
  }

  async embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal) {
    const call = { texts, purpose, signal };
    this.calls.push(call);
    await this.onEmbed(call);
    return texts.map((text) => Float32Array.from(letterVector(text, this.dimensions)));
  }
}

export function unavailable(text = 'gone for lunch'): VivavoceError {
  return new VivavoceError('engine_unavailable', text);
}
