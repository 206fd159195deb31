import { type Clock, systemClock } from '../../src/clock.ts';

/** Real time in which no timer ever fires: what has ended, somebody has ended, and no deadline. */
export const untimedClock: Clock = {
  ...systemClock,
  after: () => ({ [Symbol.dispose]: () => undefined }),
};
