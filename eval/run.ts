import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteMemory } from '../src/memory/sqlite/sqlite-memory.ts';
import { configuredVectors } from './configured-vectors.ts';
import { readSamples, type Sample } from './locomo.ts';
import { memoryRanker } from './memory-ranker.ts';
import { plainBm25 } from './plain-bm25.ts';
import type { RankerOf } from './ranker.ts';
import { describeReport, describeSamples } from './report.ts';
import { measureRetrieval } from './retrieval.ts';

const USAGE = `usage: npm run eval -- retrieval FILE… [--embeddings] [--json]

  FILE          conversations in the format of LoCoMo
  --embeddings  also with vectors, of the model that the settings name (EMBEDDINGS, …)
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    embeddings: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [task, ...files] = positionals;
if (task === 'retrieval' && files.length > 0) await retrieval(files);
else {
  process.stderr.write(USAGE);
  process.exitCode = 2;
}

async function retrieval(files: readonly string[]): Promise<void> {
  const read = async (file: string) => readSamples(await readFile(file, 'utf8'), basename(file));
  const samples = (await Promise.all(files.map(read))).flat();
  if (!values.json) process.stdout.write(describeSamples(samples));
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-eval-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const memory = async (name: string) => resources.use(await SqliteMemory.open({ path: join(folder, name) }));

  await report(samples, plainBm25);
  await report(samples, memoryRanker(await memory('words.db'), null));
  if (!values.embeddings) return;
  const store = await memory('vectors.db');
  await report(samples, memoryRanker(store, await configuredVectors(store, resources)));
}

async function report(samples: readonly Sample[], ranker: RankerOf): Promise<void> {
  const measured = await measureRetrieval(samples, ranker);
  process.stdout.write(values.json ? `${JSON.stringify(measured)}\n` : describeReport(measured));
}
