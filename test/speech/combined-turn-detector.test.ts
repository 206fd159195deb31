import { describe, expect, test } from 'vitest';
import { CombinedTurnDetector } from '../../src/speech/combined-turn-detector.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { forever } from '../support/speech.ts';

const audio = new Int16Array(1_600);
const hanging = new Promise<number>(() => undefined);

function detector(complete: (audio: Int16Array, signal: AbortSignal) => Promise<number>) {
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const judge = new CombinedTurnDetector({
    acoustic: { engine: 'melody', complete },
    clock,
    deadlineMs: 200,
    onFailure: (error) => failures.push(error),
  });
  return { clock, failures, judge };
}

describe('words and melody', () => {
  test.each([
    ['thank you', 0.1, 'unsure'],
    ['thank you', 0.3, 'complete'],
    ['thank you', 0.99, 'complete'],
    ['my name is alice', 0.29, 'incomplete'],
    ['my name is alice', 0.3, 'unsure'],
    ['my name is alice', 0.49, 'unsure'],
    ['my name is alice', 0.5, 'complete'],
    [null, 0.9, 'complete'],
    [null, 0, 'incomplete'],
    ['i went home and', 0, 'incomplete'],
    ['i went home and', 0.79, 'incomplete'],
    ['i went home and', 0.8, 'unsure'],
  ] as const)('%s at %d: %s', async (text, probability, verdict) => {
    const { judge, failures } = detector(async () => probability);
    expect(await judge.judge({ text, audio }, forever())).toBe(verdict);
    expect(failures).toEqual([]);
  });
});

describe('the words alone decide', () => {
  test('when there is no acoustic judge', async () => {
    const judge = new CombinedTurnDetector({ acoustic: null, clock: new ManualClock() });
    expect(judge.engine).toBe('text');
    expect(await judge.judge({ text: 'i went home and', audio }, forever())).toBe('incomplete');
    expect(await judge.judge({ text: 'what time is it', audio }, forever())).toBe('complete');
    expect(await judge.judge({ text: null, audio }, forever())).toBe('unsure');
  });

  test.each([
    ['rejects', async () => Promise.reject(new Error('no model'))],
    [
      'throws',
      () => {
        throw new Error('no model');
      },
    ],
    ['gives what is no probability', async () => Number.NaN],
  ])('when it %s, and the failure is told', async (_how, complete) => {
    const { judge, failures, clock } = detector(complete);
    expect(await judge.judge({ text: 'thank you', audio }, forever())).toBe('complete');
    expect(failures).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('when it is slow, and it is told to stop', async () => {
    let own: AbortSignal | undefined;
    const { judge, failures, clock } = detector((_audio, signal) => {
      own = signal;
      return hanging;
    });
    const verdict = judge.judge({ text: 'thank you', audio }, forever());
    await clock.advance(199);
    expect(failures).toEqual([]);
    await clock.advance(1);
    expect(await verdict).toBe('complete');
    expect(own?.aborted).toBe(true);
    expect(failures).toMatchObject([{ code: 'engine_timeout' }]);
  });

  test('at once when the question is given up, which is no failure', async () => {
    const { judge, failures, clock } = detector(() => hanging);
    const controller = new AbortController();
    const verdict = judge.judge({ text: 'thank you', audio }, controller.signal);
    controller.abort();
    expect(await verdict).toBe('complete');
    expect(await judge.judge({ text: 'thank you', audio }, controller.signal)).toBe('complete');
    expect([failures, clock.pending]).toEqual([[], 0]);
  });

  test('when there is nothing to hear', async () => {
    const { judge } = detector(async () => 0);
    expect(await judge.judge({ text: 'thank you', audio: new Int16Array() }, forever())).toBe('complete');
  });
});
