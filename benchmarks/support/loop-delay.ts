import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into the service before its own code (`NODE_OPTIONS=--import=…`): how late its event loop runs a timer, noted
 * all the time and written to the file of `LOOP_DELAY_FILE` when the process ends.
 */

/** One note: the wall clock, milliseconds since 1970, and how late the timer was. */
export type LoopDelay = readonly [atMs: number, lateMs: number];

const EVERY_MS = 5;
const file = process.env.LOOP_DELAY_FILE;

if (isMainThread && file !== undefined) {
  // Not for the processes that it starts.
  delete process.env.LOOP_DELAY_FILE;
  const notes: LoopDelay[] = [];
  let dueMs = performance.now() + EVERY_MS;
  const note = () => {
    const nowMs = performance.now();
    notes.push([Date.now(), Math.max(0, nowMs - dueMs)]);
    dueMs = nowMs + EVERY_MS;
    setTimeout(note, EVERY_MS).unref();
  };
  setTimeout(note, EVERY_MS).unref();
  process.on('exit', () => writeFileSync(file, JSON.stringify(notes)));
}
