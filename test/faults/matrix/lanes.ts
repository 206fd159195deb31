import { type Bench, FAULTS, type Fault, type Haste, type Outcome, type Row } from './cell.ts';
import { loadStandIn, tryCell } from './trial.ts';

interface Options {
  /** Services for each row; each is put at one fault after the other. */
  readonly lanes: number;
  /** Services that run at the same time: too many for a machine look like faults. */
  readonly atOnce: number;
  readonly haste: Omit<Haste, 'patience'>;
}

interface Cell {
  readonly row: Row;
  readonly fault: Fault;
  readonly outcome: PromiseWithResolvers<Outcome>;
}

/**
 * Tries every fault of every row, several side by side. What came of each, when it is known; who asks a second time gets a
 * second try, on a service of its own.
 */
export function tryAll(
  rows: readonly Row[],
  { lanes, atOnce, haste }: Options,
): (row: Row, fault: Fault) => Promise<Outcome> {
  const cells = rows.map((row) =>
    FAULTS.map((fault): Cell => ({ row, fault, outcome: Promise.withResolvers() })),
  );
  const waiting = cells.flatMap((ofRow) =>
    Array.from({ length: lanes }, (_, lane) => ofRow.filter((_, index) => index % lanes === lane)),
  );
  for (let runner = 0; runner < atOnce; runner++) {
    void (async () => {
      for (let lane = waiting.shift(); lane; lane = waiting.shift()) await runLane(lane, haste);
    })();
  }
  const asked = new Set<Cell>();
  return async (row, fault) => {
    const cell = cells.flat().find((each) => each.row === row && each.fault === fault);
    if (!cell) throw new Error(`${row.part}: ${fault} is not tried`);
    if (!asked.has(cell)) {
      asked.add(cell);
      return await cell.outcome.promise;
    }
    const again: Cell = { row, fault, outcome: Promise.withResolvers() };
    await runLane([again], haste);
    return await again.outcome.promise;
  };
}

/** One service for all of these cells. Never rejects: each cell gets its own failure, or that of the service. */
async function runLane(cells: readonly Cell[], haste: Options['haste']): Promise<void> {
  // Whoever asks for an outcome gets its failure; nobody has to have asked by then.
  for (const { outcome } of cells) outcome.promise.catch(() => undefined);
  try {
    const [{ row } = {}] = cells;
    if (!row) return;
    await using bench: Bench = await row.start({ ...haste, patience: row.patience });
    await loadStandIn(bench, row);
    for (const { fault, outcome } of cells) {
      await tryCell(bench, row, fault).then(outcome.resolve, outcome.reject);
    }
  } catch (error) {
    for (const { outcome } of cells) outcome.reject(error);
  }
}
