import { parseArgs } from 'node:util';
import { audioBench } from './audio-sessions.bench.ts';
import { guardsBench } from './guards.bench.ts';
import { loadBench } from './load.bench.ts';
import { memoryBench } from './memory.bench.ts';
import { sessionsBench } from './sessions.bench.ts';
import { soakBench } from './soak.bench.ts';
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
  guards: guardsBench,
  load: loadBench,
  soak: soakBench,
} as const;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    turns: { type: 'string' },
    seconds: { type: 'string' },
    minutes: { type: 'string' },
  },
});
/** How much of it, where the benchmark lets one say so. */
const amounts = Object.fromEntries(
  (['turns', 'seconds', 'minutes'] as const).flatMap((name) => {
    const given = values[name];
    return given === undefined ? [] : [[name, Number(given)]];
  }),
);
const bench = BENCHES[positionals[0] as keyof typeof BENCHES];
if (bench) {
  for await (const result of bench(amounts)) print(result, values.json);
} else {
  process.stderr.write(
    `usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json] [--turns N] [--seconds N] [--minutes N]\n`,
  );
  process.exitCode = 2;
}
