import { expect, test } from 'vitest';
import { Kills } from './kills/kills.ts';

/** `npm run kills` makes a hundred. */
const ROUNDS = 3;
const MOST_EVENTS = 3_000;
/** One with early and late kills, and a start that is killed. */
const SEED = 14;

test(`${ROUNDS} kills at random moments, while twenty people talk, write and delete: nothing confirmed is lost, doubled or left open`, async () => {
  await using kills = await Kills.start(SEED, MOST_EVENTS);
  let [confirmed, interrupted, memories] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const result = await kills.round();
    expect(result.wrong).toEqual([]);
    confirmed += result.confirmed;
    interrupted += result.interrupted;
    memories = result.memories;
  }
  // It was about something.
  expect(confirmed).toBeGreaterThan(50);
  expect(interrupted).toBeGreaterThan(0);
  expect(memories).toBeGreaterThan(10);
}, 120_000);
