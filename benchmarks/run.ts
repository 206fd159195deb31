import { parseArgs } from 'node:util';
import { audioBench } from './audio-sessions.bench.ts';
import { memoryBench } from './memory.bench.ts';
import { sessionsBench } from './sessions.bench.ts';
import { print } from './support/report.ts';
import { turnBench } from './turn.bench.ts';
import { vadBench } from './vad.bench.ts';
import { voiceBench } from './voice.bench.ts';

const BENCHES = {
  turn: turnBench,
  sessions: sessionsBench,
  voice: voiceBench,
  vad: vadBench,
  audio: audioBench,
  memory: memoryBench,
} as const;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, turns: { type: 'string' } },
});
const bench = BENCHES[positionals[0] as keyof typeof BENCHES];
if (bench) {
  const turns = values.turns === undefined ? undefined : Number(values.turns);
  for await (const result of bench(turns === undefined ? {} : { turns })) print(result, values.json);
} else {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json] [--turns N]\n`);
  process.exitCode = 2;
}
