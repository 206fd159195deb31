import { expect, test } from 'vitest';
import { VivavoceError } from '../../../src/errors.ts';
import { FallbackVad } from '../../../src/speech/vad/fallback-vad.ts';
import { VAD_FRAME_SAMPLES, type Vad } from '../../../src/speech/vad/vad.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type Behaviour = 'answers' | 'fails' | 'hangs';
const broken = new VivavoceError('engine_failed', 'the thread has died');

/** Says how many frames it has heard since the stream began, in tenths, plus `base`; or what it is told to. */
class ScriptedVad implements Vad {
  readonly engine: string;
  readonly #base: number;
  behaviour: Behaviour = 'answers';
  asked = 0;
  /** Frames that hang, oldest first. */
  readonly hanging: PromiseWithResolvers<number>[] = [];

  constructor(engine: string, base: number) {
    this.engine = engine;
    this.#base = base;
  }

  open() {
    let heard = 0;
    return {
      detect: async () => {
        this.asked++;
        const probability = this.#base + heard++ / 100;
        if (this.behaviour === 'fails') throw broken;
        if (this.behaviour === 'answers') return probability;
        const answer = Promise.withResolvers<number>();
        this.hanging.push(answer);
        return answer.promise;
      },
      reset: () => {
        heard = 0;
      },
      [Symbol.dispose]: () => undefined,
    };
  }
}

function setUp(options: { hasFailed?: boolean } = {}) {
  const clock = new ManualClock();
  const [first, second] = [new ScriptedVad('silero', 0), new ScriptedVad('energy', 0.5)];
  const changes: unknown[] = [];
  const vad = new FallbackVad({
    ...{ first, second, clock, ...options },
    onChange: (error) => changes.push(error instanceof VivavoceError ? error.code : error),
  });
  return { clock, first, second, changes, vad };
}

const frame = () => new Int16Array(VAD_FRAME_SAMPLES);
/** What of `asked` is known at this moment. */
async function known(clock: ManualClock, asked: readonly Promise<number>[]): Promise<(number | null)[]> {
  const now: (number | null)[] = asked.map(() => null);
  for (const [at, answer] of asked.entries()) void answer.then((value) => (now[at] = value));
  await clock.settle();
  return now;
}

test('while the first answers, the second is not heard', async () => {
  const { clock, vad, changes } = setUp();
  using stream = vad.open();
  expect(await known(clock, [stream.detect(frame()), stream.detect(frame())])).toEqual([0, 0.01]);
  await clock.advance(60_000);
  expect([vad.engine, changes, clock.pending]).toEqual(['silero', [], 0]);
});

test('a frame that the first cannot judge is judged by the second, and so are all streams from then on', async () => {
  const { clock, vad, first, changes } = setUp();
  using one = vad.open();
  using other = vad.open();
  await known(clock, [one.detect(frame()), other.detect(frame())]);
  first.behaviour = 'fails';
  const asked = [one.detect(frame()), one.detect(frame()), other.detect(frame())];
  expect(await known(clock, asked)).toEqual([0.51, 0.52, 0.51]);
  const before = first.asked;
  expect(await known(clock, [one.detect(frame()), other.detect(frame())])).toEqual([0.53, 0.52]);
  expect([first.asked - before, vad.engine, changes]).toEqual([0, 'energy', ['engine_failed']]);
});

test('while the first hangs, the oldest frame waits half a second, those behind it less, and the next not at all', async () => {
  const { clock, vad, first, changes } = setUp();
  using one = vad.open();
  using other = vad.open();
  first.behaviour = 'hangs';
  const asked: Promise<number>[] = [];
  for (let at = 0; at < 10; at++) {
    asked.push(one.detect(frame()), other.detect(frame()));
    await clock.advance(32);
  }
  await clock.advance(179);
  expect(await known(clock, asked)).toEqual(Array(20).fill(null));
  await clock.advance(1);
  const values = Array.from({ length: 20 }, (_, at) => 0.5 + Math.floor(at / 2) / 100);
  expect(await known(clock, asked)).toEqual(values);
  expect(await known(clock, [one.detect(frame()), other.detect(frame())])).toEqual([0.6, 0.6]);
  // What it says at last of frames that were given up is no news.
  for (const { reject } of first.hanging) reject(broken);
  await clock.settle();
  expect([changes, clock.pending]).toEqual([['engine_timeout'], 0]);
});

test('frames are answered in their order when the second takes over', async () => {
  const { clock, vad, first } = setUp();
  using stream = vad.open();
  first.behaviour = 'hangs';
  const order: number[] = [];
  const ask = (at: number) => void stream.detect(frame()).then(() => order.push(at));
  for (const at of [0, 1, 2]) ask(at);
  await clock.settle();
  first.hanging[1]?.resolve(0.1);
  first.hanging[0]?.reject(broken);
  ask(3);
  await clock.settle();
  ask(4);
  await clock.settle();
  expect(order).toEqual([0, 1, 2, 3, 4]);
});

test('the first is tried again by itself, without a frame that waits for it, and begins anew when it is back', async () => {
  const { clock, vad, first, changes } = setUp();
  using one = vad.open();
  using other = vad.open();
  await known(clock, [one.detect(frame()), other.detect(frame()), other.detect(frame())]);
  first.behaviour = 'fails';
  await known(clock, [one.detect(frame())]);
  await clock.advance(2_000);
  // Still broken: nobody is told twice.
  expect(await known(clock, [one.detect(frame()), one.detect(frame())])).toEqual([0.52, 0.53]);
  expect([first.asked, changes]).toEqual([5, ['engine_failed']]);
  await clock.advance(2_000);
  first.behaviour = 'hangs';
  expect(await known(clock, [one.detect(frame()), one.detect(frame())])).toEqual([0.54, 0.55]);
  first.behaviour = 'answers';
  // It was late: it has to show once more that it is in time.
  await clock.advance(600);
  first.hanging[0]?.resolve(0);
  await clock.settle();
  expect(changes).toEqual(['engine_failed']);
  expect(await known(clock, [one.detect(frame())])).toEqual([0.56]);
  expect(changes).toEqual(['engine_failed', null]);
  const back = [one.detect(frame()), one.detect(frame()), other.detect(frame())];
  expect(await known(clock, back)).toEqual([0, 0.01, 0]);
  expect([vad.engine, changes.length]).toEqual(['silero', 2]);
});

test('a first one that could not start is tried with the first frame', async () => {
  const { clock, vad, changes } = setUp({ hasFailed: true });
  expect(vad.engine).toBe('energy');
  using stream = vad.open();
  expect(await known(clock, [stream.detect(frame())])).toEqual([0.5]);
  expect(await known(clock, [stream.detect(frame())])).toEqual([0]);
  expect(changes).toEqual([null]);
});

test('a frame that neither can judge fails alone', async () => {
  const { clock, vad, first, second } = setUp();
  using stream = vad.open();
  first.behaviour = 'fails';
  second.behaviour = 'fails';
  await expect(stream.detect(frame())).rejects.toBe(broken);
  second.behaviour = 'answers';
  expect(await known(clock, [stream.detect(frame())])).toEqual([0.51]);
});
