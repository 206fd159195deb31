import { readFile, writeFile } from 'node:fs/promises';
import { FAULTS, type Outcome, type Row } from '../test/faults/matrix/cell.ts';
import { tryFullDisk, tryReadOnlyDisk } from '../test/faults/matrix/disk.ts';
import { rows } from '../test/faults/matrix/rows.ts';
import { loadStandIn, tryCell } from '../test/faults/matrix/trial.ts';
import { SmallDisk } from '../test/support/small-disk.ts';

/* Tries every fault with the shipped deadlines and prints what became of it; with --write into docs/operations.md. */

const AT_ONCE = 4;
/** Where an engine of this machine stands in: more of them measure the machine, and not the fault. */
const AT_ONCE_WITH_STAND_IN = 2;
const FILE = new URL('../docs/operations.md', import.meta.url);
const BEGIN = '<!-- faults: npm run faults -- --write -->';
const END = '<!-- /faults -->';

const cells = rows.flatMap((row) => FAULTS.map((fault) => ({ row, fault, outcome: null as Outcome | null })));
await tryAll(
  cells.filter(({ row }) => row.standIn === undefined),
  AT_ONCE,
);
await tryAll(
  cells.filter(({ row }) => row.standIn !== undefined),
  AT_ONCE_WITH_STAND_IN,
);
const table = [...rows.map(tableOf), await diskTable()].join('\n\n');
process.stdout.write(`${table}\n`);
if (process.argv.includes('--write')) {
  const page = await readFile(FILE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/operations.md has no ${BEGIN} … ${END}`);
  await writeFile(FILE, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}

async function tryAll(waiting: typeof cells, atOnce: number): Promise<void> {
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
        await using bench = await cell.row.start({ patience: 1 });
        await loadStandIn(bench, cell.row);
        cell.outcome = await tryCell(bench, cell.row, cell.fault);
        process.stderr.write(`${cell.row.part}: ${cell.fault}\n`);
      }
    }),
  );
}

/** The store has faults of its own: a real file system that is filled, and one that takes no more writes. */
async function diskTable(): Promise<string> {
  const lines: string[] = [];
  for (const [fault, tryIt, how] of [
    ['full', tryFullDisk, 'by itself'],
    ['read-only', tryReadOnlyDisk, 'repaired and started again'],
  ] as const) {
    await using disk = await SmallDisk.mount();
    if (!disk) throw new Error('A file system cannot be mounted here: run this as root.');
    const { told, waitedMs, recoveredMs, promised, kept } = await tryIt(disk);
    const lost = promised.filter((said) => !kept.includes(said));
    // Which folder it was is nobody's business.
    const words = told.replaceAll(/\/\S*\//g, '…/');
    lines.push(
      `| ${[fault, `“${words}”`, seconds(waitedMs), `${how}, ${seconds(recoveredMs)}`, lost.length === 0 ? 'nothing that was acknowledged' : lost.join(', ')].join(' | ')} |`,
    );
  }
  const head = '| fault | what the user got | after | recovered | lost |\n|---|---|---|---|---|';
  return `**the disk of the store**\n\n${head}\n${lines.join('\n')}`;
}

function tableOf(row: Row): string {
  const lines = cells.flatMap(({ row: own, fault, outcome }) =>
    own === row && outcome ? [lineOf(fault, outcome)] : [],
  );
  return [
    `**${row.part}**`,
    '',
    '| fault | what the user got | after | breaker | recovered after | lost |',
    '|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function lineOf(fault: string, { got, waitedMs, guard, recoveredMs, lost }: Outcome): string {
  const breaker = guard === 'aside' ? 'closed: nobody asks it meanwhile' : guard;
  return `| ${[fault, got.join('; or '), seconds(waitedMs), breaker, seconds(recoveredMs), lost.length === 0 ? 'nothing' : lost.join(', ')].join(' | ')} |`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
