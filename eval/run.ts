import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VivavoceError } from '../src/errors.ts';
import { SqliteMemory } from '../src/memory/sqlite/sqlite-memory.ts';
import { InputError } from './input-error.ts';
import type { Sample } from './locomo.ts';
import { memoryRanker } from './memory-ranker.ts';
import { plainBm25 } from './plain-bm25.ts';
import type { RankerOf } from './ranker.ts';
import { readFiles } from './read-files.ts';
import { describeReport, describeSamples } from './report.ts';
import { measureRetrieval } from './retrieval.ts';

const USAGE = `usage: npm run eval -- retrieval FILE… [--embeddings] [--json]

  FILE          conversations in the format of LoCoMo
  --embeddings  also with vectors, of the model that the settings name (EMBEDDINGS, …)
`;

const options = {
  embeddings: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

try {
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const [task, ...files] = positionals;
  if (task !== 'retrieval' || files.length === 0) throw new InputError(USAGE);
  await retrieval(await readFiles(files), values);
} catch (error) {
  if (!isForReader(error)) throw error;
  process.stderr.write(`${error.message.trimEnd()}\n`);
  process.exitCode = 2;
}

async function retrieval(
  samples: readonly Sample[],
  { embeddings, json }: { readonly embeddings: boolean; readonly json: boolean },
): Promise<void> {
  const report = async (ranker: RankerOf) => {
    const measured = await measureRetrieval(samples, ranker);
    process.stdout.write(json ? `${JSON.stringify(measured)}\n` : describeReport(measured));
  };
  if (!json) process.stdout.write(describeSamples(samples));
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-eval-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const memory = async (name: string) => resources.use(await SqliteMemory.open({ path: join(folder, name) }));

  await report(plainBm25);
  await report(memoryRanker(await memory('words.db'), null));
  if (!embeddings) return;
  // Only here: it takes a second to load all that can make vectors.
  const { configuredVectors } = await import('./configured-vectors.ts');
  const store = await memory('vectors.db');
  await report(memoryRanker(store, await configuredVectors(store, resources)));
}

function isForReader(error: unknown): error is Error {
  if (error instanceof InputError || error instanceof VivavoceError) return true;
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
