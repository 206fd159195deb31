import { parseArgs } from 'node:util';
import { Kills } from '../test/faults/kills/kills.ts';

/*
 * Kills the service at a random moment while twenty people talk to it, starts it again and looks for what they were told
 * that it keeps: `node scripts/kills.ts [--rounds 100] [--seed 1]`. A line a round, then the totals; ends with 1 when
 * anything is wrong.
 */

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const print = (line: string) => process.stdout.write(`${line}\n`);

await using kills = await Kills.start(seed);
const totals = { kills: 0, events: 0, confirmed: 0, interrupted: 0, wrong: 0 };
for (let round = 1; round <= rounds; round++) {
  const { events, confirmed, interrupted, items, memories, killedStarts, waiting, ms, wrong } =
    await kills.round();
  totals.kills += 1 + killedStarts;
  totals.events += events;
  totals.confirmed += confirmed;
  totals.interrupted += interrupted;
  totals.wrong += wrong.length;
  const starts = killedStarts > 0 ? `, ${killedStarts} starts killed` : '';
  print(
    `round ${round}: killed after ${events} events, ${confirmed} confirmed, ${interrupted} cut off, ${waiting} waiting${starts}; ` +
      `now ${items} items, ${memories} memories; ${wrong.length} wrong (${ms} ms)`,
  );
  for (const text of wrong) print(`  ${text}`);
}
print(
  `seed ${seed}: ${rounds} rounds, ${totals.kills} kills, ${totals.events} events, ${totals.confirmed} confirmations, ` +
    `${totals.interrupted} answers cut off; ${totals.wrong} wrong`,
);
if (totals.wrong > 0) process.exitCode = 1;
