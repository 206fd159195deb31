import { setImmediate } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { serveWorker, Transfer } from '../../workers/serve-worker.ts';
import type { EmbeddingPurpose } from './embedder.ts';
import type { LocalEmbeddingApi, LocalEmbeddingData } from './local-embedding-api.ts';
import { LocalEmbeddingModel } from './local-embedding-model.ts';

const model = await LocalEmbeddingModel.load(workerData as LocalEmbeddingData);
const waiting: Record<EmbeddingPurpose, (() => void)[]> = { query: [], document: [] };
let isBusy = false;

/** The vector of a text when its turn has come: queries first. */
async function embed(text: string, purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Float32Array> {
  if (isBusy) await new Promise<void>((resolve) => waiting[purpose].push(resolve));
  isBusy = true;
  try {
    // Lets in what has come meanwhile: a query to go next, or that nobody waits for this one.
    await setImmediate();
    signal.throwIfAborted();
    return await model.embed(text);
  } finally {
    const next = waiting.query.shift() ?? waiting.document.shift();
    if (next) next();
    else isBusy = false;
  }
}

serveWorker<LocalEmbeddingApi>({
  embed: async ({ texts, purpose }, signal) => {
    const vectors: Float32Array[] = [];
    for (const text of texts) vectors.push(await embed(text, purpose, signal));
    return new Transfer(
      vectors,
      vectors.map(({ buffer }) => buffer as ArrayBuffer),
    );
  },
});
