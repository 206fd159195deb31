import { systemClock } from '../src/clock.ts';
import { Guard } from '../src/resilience/guard.ts';
import { guardCall } from '../src/resilience/guard-call.ts';
import { guardStream } from '../src/resilience/guard-stream.ts';
import { hedge } from '../src/resilience/hedge.ts';
import { RetryBudget } from '../src/resilience/retry-budget.ts';
import { type Result, summarise } from './support/report.ts';

const BLOCKS = 60;
const WARM_UP = 10;
const CALLS = 4_000;
const CHUNKS = 10_000;

type Block = () => Promise<void>;

/**
 * What a guard costs: the same work with it and without it, in blocks that take turns and begin in turn, so that what
 * else happens in the process falls on both. Every value is the difference between two neighbouring blocks.
 */
export async function* guardsBench(): AsyncGenerator<Result> {
  const retries = new RetryBudget(() => 1);
  using guard = new Guard({ name: 'bench', clock: systemClock, maxConcurrent: 64, retries });
  const { signal } = new AbortController();

  const answer = async (n: number, _: AbortSignal) => n;
  const guarded = guardCall(guard, answer, { deadlineMs: 1_000 });
  const retried = guardCall(guard, answer, { deadlineMs: 1_000, retry: true });
  const calls = (call: typeof answer) => async () => {
    for (let n = 0; n < CALLS; n++) await call(n, signal);
  };
  const bare = calls(answer);
  yield* compare('guard_call', CALLS, bare, calls(guarded));
  yield* compare('guard_call_retried', CALLS, bare, calls(retried));
  yield* compare('guard_call_hedged', CALLS, bare, calls(hedge(guard, retried, guarded)));

  const open = async function* (chunks: number, _: AbortSignal) {
    for (let n = 0; n < chunks; n++) yield n;
  };
  const limits = { firstMs: 60_000, warmFirstMs: 10_000, stallMs: 20_000, totalMs: 300_000 };
  const stream = guardStream(guard, open, { ...limits, isContent: () => true, retry: true });
  const reading = (from: (chunks: number, signal: AbortSignal) => AsyncIterable<number>) => async () => {
    for await (const chunk of from(CHUNKS, signal)) void chunk;
  };
  yield* compare('guard_chunk', CHUNKS, reading(open), reading(stream));
}

async function* compare(name: string, operations: number, bare: Block, guarded: Block) {
  const bareUs: number[] = [];
  const overheadUs: number[] = [];
  for (let block = 0; block < WARM_UP + BLOCKS; block++) {
    const isFirst = block % 2 === 0;
    const one = await timed(isFirst ? bare : guarded, operations);
    const other = await timed(isFirst ? guarded : bare, operations);
    if (block < WARM_UP) continue;
    const [without, withGuard] = isFirst ? [one, other] : [other, one];
    bareUs.push(without);
    overheadUs.push(withGuard - without);
  }
  yield summarise(`${name}_bare`, 'µs', bareUs) satisfies Result;
  yield summarise(`${name}_overhead`, 'µs', overheadUs) satisfies Result;
}

/** Processor time of this thread, microseconds for one of the `operations`: what others do on the machine is not in it. */
async function timed(block: Block, operations: number): Promise<number> {
  const before = process.threadCpuUsage();
  await block();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / operations;
}
