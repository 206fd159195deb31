import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from './matrix/cell.ts';
import { tryAll } from './matrix/lanes.ts';
import { rows } from './matrix/rows.ts';

/** Breakers look again soon: what they do is the same as after 10 s. */
const BREAKER_RESET_MS = 300;
/** For a machine that does ten other things. */
const SLACK_MS = 5_000;
const RECOVERED_WITHIN_MS = 15_000;
const WITHIN = { timeout: 90_000 };

const LANES = 2;
const AT_ONCE = 6;

describe('a fault of an engine', () => {
  let outcomeOf: ReturnType<typeof tryAll>;
  beforeAll(() => {
    outcomeOf = tryAll(rows, { lanes: LANES, atOnce: AT_ONCE, haste: { breakerResetMs: BREAKER_RESET_MS } });
  });

  describe.each(rows)('$part', (row) => {
    test.for(FAULTS)('%s: people get what there is in time, and lose nothing', WITHIN, async (fault) => {
      const { got, or = got, withinMs, isSpared } = row.expected[fault];
      const seen = await outcomeOf(row, fault);
      expect([got, or]).toEqual(expect.arrayContaining([...seen.got]));
      expect(seen.got).toContain(got);
      expect(seen.waitedMs).toBeLessThan(withinMs * row.patience + SLACK_MS);
      expect(seen.guard !== 'closed').toBe(isSpared);
      expect(seen.recoveredMs).toBeLessThan(RECOVERED_WITHIN_MS);
      expect(seen.lost.filter((what) => what !== row.mayLose)).toEqual([]);
    });
  });
});
