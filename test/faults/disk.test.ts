import { expect, test } from 'vitest';
import { SmallDisk } from '../support/small-disk.ts';
import { tryFullDisk, tryReadOnlyDisk } from './matrix/disk.ts';

const disk = await SmallDisk.mount();
if (disk) await disk[Symbol.asyncDispose]();

test.skipIf(!disk)(
  'a disk that is full: it is said, nothing is promised, and there is room again by itself',
  async () => {
    await using small = (await SmallDisk.mount()) as SmallDisk;
    const outcome = await tryFullDisk(small);
    expect(outcome).toMatchObject({
      told: expect.stringMatching(/disk .* is full.*free some space/),
      isAlive: true,
    });
    expect(outcome.waitedMs).toBeLessThan(5_000);
    expect(outcome.kept).toEqual(outcome.promised);
    expect(outcome.kept).toEqual(expect.arrayContaining(['user: My name is Ada.', 'user: Now it fits.']));
  },
);

test.skipIf(!disk)(
  'a disk that can only be read: it is said, nothing is promised, and what was kept is there',
  async () => {
    await using small = (await SmallDisk.mount()) as SmallDisk;
    const outcome = await tryReadOnlyDisk(small);
    expect(outcome).toMatchObject({
      told: expect.stringMatching(/disk I\/O error.*check the disk/),
      isAlive: true,
    });
    expect(outcome.kept).toEqual(outcome.promised);
    expect(outcome.kept).toContain('user: My name is Ada.');
  },
);
