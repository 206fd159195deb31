import { describe, expect, test } from 'vitest';
import { FAULTS } from './matrix/cell.ts';
import { rows } from './matrix/rows.ts';
import { tryCell } from './matrix/trial.ts';

/** Breakers look again soon: what they do is the same as after 10 s. */
const BREAKER_RESET_MS = 300;
/** For a machine that does ten other things. */
const SLACK_MS = 5_000;
const RECOVERED_WITHIN_MS = 15_000;

describe.each(rows)('$part', (row) => {
  test.concurrent.for(FAULTS)('%s: people get what there is in time, and lose nothing', {
    timeout: 60_000,
  }, async (fault) => {
    const { got, or = got, withinMs, isSpared } = row.expected[fault];
    const seen = await tryCell(row, fault, { patience: row.patience, breakerResetMs: BREAKER_RESET_MS });
    expect([got, or]).toEqual(expect.arrayContaining([...seen.got]));
    expect(seen.waitedMs).toBeLessThan(withinMs * row.patience + SLACK_MS);
    expect(seen.guard !== 'closed').toBe(isSpared);
    expect(seen.recoveredMs).toBeLessThan(RECOVERED_WITHIN_MS);
    expect(seen.lost.filter((what) => what !== row.mayLose)).toEqual([]);
  });
});
