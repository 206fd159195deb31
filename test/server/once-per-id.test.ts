import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { OncePerId } from '../../src/server/once-per-id.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('each id is new once, however long it is, and the newest is known', () => {
  const ids = new OncePerId();
  const long = 'x'.repeat(1_000);
  for (const id of ['a', `${long}1`, `${long}2`]) {
    expect(ids.isNew(id)).toBe(true);
    expect(ids.isNew(id)).toBe(false);
    expect(ids.last).toBe(id);
  }
});

test('what is remembered is small, however long the ids are', () => {
  const ids = new OncePerId();
  const megabyte = 'x'.repeat(1_000_000);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 100; index++) ids.isNew(`${index}${megabyte}`);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  expect(ids.last).toHaveLength(1_000_002);
});
