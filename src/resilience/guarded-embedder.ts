import type { Embedder, EmbeddingPurpose } from '../memory/embedding/embedder.ts';
import type { Guard } from './guard.ts';
import { guardCall } from './guard-call.ts';

export interface EmbeddingLimits {
  /** Somebody waits for the answer; whoever asks has a shorter deadline of their own. */
  readonly queryMs: number;
  /** Of all texts of a call together. */
  readonly documentsMs: number;
}

export const EMBEDDING_LIMITS: EmbeddingLimits = { queryMs: 2_000, documentsMs: 10_000 };

/**
 * The same embedder behind `guard`. A text may be embedded twice, so a call that fails early is made again. Probes go
 * past it: they find out whether the engine is back.
 */
export function guardEmbedder(
  embedder: Embedder,
  guard: Guard,
  limits: Partial<EmbeddingLimits> = {},
): Embedder {
  const { queryMs, documentsMs } = { ...EMBEDDING_LIMITS, ...limits };
  const within = (purpose: EmbeddingPurpose, deadlineMs: number) =>
    guardCall(guard, (texts: readonly string[], signal) => embedder.embed(texts, purpose, signal), {
      deadlineMs,
      retry: true,
    });
  const calls = { query: within('query', queryMs), document: within('document', documentsMs) };
  return {
    engine: embedder.engine,
    // Found out by a probe.
    get space() {
      return embedder.space;
    },
    probe: (signal) => embedder.probe(signal),
    embed: (texts, purpose, signal) => calls[purpose](texts, signal),
  };
}
