import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // A service starts in a second or two; on a busy machine that may be ten.
    hookTimeout: 40_000,
    // Worker threads and real servers: two files at a time keep two cores busy and timings sane.
    maxWorkers: 2,
    // Every file in the same two processes: what they import is read, compiled and warmed up twice and not 200 times.
    isolate: false,
    // Conversations in real time, with real engines, beside each other on two cores: one of them may be starved.
    retry: process.env.CI === 'true' ? 2 : 0,
  },
});
