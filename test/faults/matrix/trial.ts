import { setTimeout as delay } from 'node:timers/promises';
import { RestClient } from '../../support/rest-client.ts';
import { statusOf } from '../faulty-memory.ts';
import type { Bench, Expectation, Fault, GuardSeen, Outcome, Row } from './cell.ts';

const BETWEEN_TRIES_MS = 200;
const GUARD_WITHIN_MS = 5_000;

/** Lets people talk to what stands in, until it is loaded: as it is some time after a start. */
export async function loadStandIn(bench: Bench, { guard, standIn, turns }: Row): Promise<void> {
  if (standIn === undefined) return;
  const rest = new RestClient(bench.app.url);
  const path = `/v1/guards/${encodeURIComponent(guard)}`;
  await rest.post(`${path}/open`);
  for (;;) {
    const all = await Promise.all(Array.from({ length: turns }, () => bench.ask()));
    if (all.every(({ got }) => got === standIn)) break;
  }
  await rest.post(`${path}/reset`);
}

/** Puts one engine at fault, lets people talk, and takes the fault away again. */
export async function tryCell(bench: Bench, row: Row, fault: Fault): Promise<Outcome> {
  await untilWell(bench, row);
  bench.break(fault);
  const experiences = await Promise.all(Array.from({ length: row.turns }, () => bench.ask()));
  const guard = await guardOf(bench, row, row.expected[fault]);
  await bench.heal();
  const healedMs = performance.now();
  const recoveredMs = (await untilWell(bench, row)) - healedMs;
  return {
    got: [...new Set(experiences.map(({ got }) => got))],
    waitedMs: Math.max(...experiences.map(({ waitedMs }) => waitedMs)),
    guard,
    recoveredMs: Math.max(0, Math.round(recoveredMs)),
    lost: await bench.lost(),
  };
}

/** Resolves with when the first turn began that had everything. */
async function untilWell(bench: Bench, { well }: Row): Promise<number> {
  for (;;) {
    const beganMs = performance.now();
    const { got, isBack = true } = await bench.ask();
    if (got === well && isBack) return beganMs;
    await delay(BETWEEN_TRIES_MS);
  }
}

/** A deadline may come after the turn that did not wait for it: looks until it is as expected, or in vain. */
async function guardOf(bench: Bench, row: Row, { isSpared }: Expectation): Promise<GuardSeen> {
  const startedMs = performance.now();
  for (;;) {
    const seen = await guardSeen(bench, row);
    if ((seen !== 'closed') === isSpared || performance.now() - startedMs > GUARD_WITHIN_MS) return seen;
    await delay(BETWEEN_TRIES_MS);
  }
}

async function guardSeen({ app }: Bench, { guard }: Row): Promise<GuardSeen> {
  const { body } = await new RestClient(app.url).get('/v1/guards');
  const { state: breaker } = body.data.find(({ id }: { id: string }) => id === guard);
  // Half open: it has had enough, and tries it again.
  if (breaker !== 'closed') return 'open';
  const [part, engine] = guard.split(':');
  const status = await statusOf(app, part);
  return status.state === 'ready' && status.engine === engine ? 'closed' : 'aside';
}
