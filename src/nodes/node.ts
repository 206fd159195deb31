import type { LangGraphRunnableConfig } from '@langchain/langgraph';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { NodeOutput, TurnState } from '../graph/state.ts';

export type Emit = (part: NodeOutput) => void;

/** A step of a turn. It gets the state, a way to stream, and the signal that ends the turn. */
export type TurnNode = (state: TurnState, emit: Emit, signal: AbortSignal) => Promise<Partial<TurnState>>;

/** What a node that must not fail answers instead of an exception, and by when. */
export interface Bound {
  readonly deadlineMs: number;
  readonly degraded: (state: TurnState, emit: Emit, waitedMs: number) => Partial<TurnState>;
}

interface Wiring {
  readonly name: string;
  readonly clock: Clock;
  readonly run: TurnNode;
  readonly bound?: Bound;
}

/**
 * Makes a LangGraph node of `run`: traced, and with a `bound` it never throws and never takes longer.
 *
 * A failing node would abort its siblings, so the parallel ones all have a bound; `respond` has none, because its
 * failure is the failure of the turn.
 */
export function node({ name, clock, run, bound }: Wiring) {
  return async (state: TurnState, config: LangGraphRunnableConfig): Promise<Partial<TurnState>> => {
    const emit: Emit = (part) => config.writer?.(part);
    const turnSignal = config.signal ?? new AbortController().signal;
    const startedMs = clock.monotonicMs();
    let degraded: string | null = null;
    try {
      if (!bound) {
        const update = await run(state, emit, turnSignal);
        degraded = update.failure ?? null;
        return update;
      }
      return await within(bound.deadlineMs, clock, turnSignal, (signal) => run(state, emit, signal));
    } catch (error) {
      // Work that several turns share may be given up without this one being over.
      if (!bound || turnSignal.aborted) throw error;
      degraded = messageOf(error);
      return bound.degraded(state, emit, clock.monotonicMs() - startedMs);
    } finally {
      emit({ type: 'node', node: name, startedMs, endedMs: clock.monotonicMs(), degraded });
    }
  };
}

/** Settles by the deadline whether `run` does or not, and then tells it to stop. */
async function within<T>(
  deadlineMs: number,
  clock: Clock,
  turnSignal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  using _timer = clock.after(deadlineMs, () => {
    reject(new Error(`gave up after ${deadlineMs} ms`));
    own.abort();
  });
  return await Promise.race([run(AbortSignal.any([turnSignal, own.signal])), late]);
}
