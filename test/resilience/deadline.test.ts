import { beforeEach, describe, expect, it } from 'vitest';
import { isAbort } from '../../src/errors.ts';
import { withDeadline } from '../../src/resilience/deadline.ts';
import { ManualClock } from '../support/manual-clock.ts';

let clock: ManualClock;
const never = new AbortController().signal;
beforeEach(() => {
  clock = new ManualClock();
});

const options = () => ({ clock, deadlineMs: 200, name: 'memory' });

describe('withDeadline', () => {
  it('passes on what the work returns or throws, and leaves no timer', async () => {
    await expect(withDeadline(options(), async () => 7, never)).resolves.toBe(7);
    await expect(withDeadline(options(), () => Promise.reject(new Error('x')), never)).rejects.toThrow('x');
    const throwsAtOnce = () => {
      throw new Error('y');
    };
    await expect(withDeadline(options(), throwsAtOnce, never)).rejects.toThrow('y');
    expect(clock.pending).toBe(0);
  });

  it('settles at the deadline when the work hangs and ignores its signal', async () => {
    let own: AbortSignal | undefined;
    const result = withDeadline(
      options(),
      (signal) => {
        own = signal;
        return new Promise(() => {});
      },
      never,
    ).catch((error: unknown) => error);
    await clock.advance(199);
    expect(own?.aborted).toBe(false);
    await clock.advance(1);
    expect(await result).toMatchObject({
      code: 'engine_timeout',
      kind: 'deadline',
      limitMs: 200,
      message: 'memory did not answer within 200 ms',
    });
    expect(own?.aborted).toBe(true);
  });

  it('settles as cancelled when the caller goes away, and aborts the work', async () => {
    const caller = new AbortController();
    let own: AbortSignal | undefined;
    const result = withDeadline(
      options(),
      (signal) => {
        own = signal;
        return new Promise(() => {});
      },
      caller.signal,
    ).catch((error: unknown) => error);
    await clock.settle();
    caller.abort();
    expect(isAbort(await result)).toBe(true);
    expect(own?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('does not begin for a caller that is gone already', async () => {
    let begun = false;
    const work = async () => {
      begun = true;
    };
    await expect(withDeadline(options(), work, AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(begun).toBe(false);
  });
});
