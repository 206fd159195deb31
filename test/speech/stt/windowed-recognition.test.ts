import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAbort, VivavoceError } from '../../../src/errors.ts';
import type { Transcript } from '../../../src/speech/stt/transcriber.ts';
import { WindowedRecognition } from '../../../src/speech/stt/windowed-recognition.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  type ScriptedEngineOptions,
  ScriptedPassEngine,
  type SpokenWord,
  speechOf,
  wordText,
} from '../../support/spoken-words.ts';

const never = new AbortController().signal;
const CHUNK_MS = 20;

function conversation(words: readonly SpokenWord[], options: Partial<ScriptedEngineOptions> = {}) {
  const clock = new ManualClock();
  const engine = new ScriptedPassEngine({ clock, words, passMs: () => 150, ...options });
  const partials: { text: string; atMs: number }[] = [];
  const onPartial = (text: string) => void partials.push({ text, atMs: clock.monotonicMs() });
  const request = { language: 'en', prompt: null, speaker: 's', onPartial };
  const recognition = new WindowedRecognition(engine, request);
  const audio = speechOf(words);
  let at = 0;
  const speak = async (ms = Number.POSITIVE_INFINITY, chunkMs = CHUNK_MS) => {
    const end = Math.min(audio.length, at + ms * 16);
    while (at < end) {
      const next = Math.min(end, at + chunkMs * 16);
      await clock.advance((next - at) / 16);
      recognition.push(audio.slice(at, next));
      at = next;
    }
  };
  const silence = async (ms: number) => {
    for (let t = 0; t < ms; t += CHUNK_MS) {
      await clock.advance(CHUNK_MS);
      recognition.push(new Int16Array(CHUNK_MS * 16));
    }
  };
  const read = async (signal = never): Promise<Transcript & { tookMs: number }> => {
    const askedMs = clock.monotonicMs();
    const answer = recognition.read(signal);
    answer.catch(() => {});
    const result = Promise.race([answer.then(() => true), clock.settle().then(() => false)]);
    if (!(await result)) {
      let done = false;
      answer.then(
        () => (done = true),
        () => (done = true),
      );
      while (!done) await clock.advance(10);
    }
    return { ...(await answer), tookMs: clock.monotonicMs() - askedMs };
  };
  return { clock, engine, partials, recognition, audio, speak, silence, read };
}

const texts = (words: readonly SpokenWord[]) => words.map((_, i) => wordText(i)).join(' ');
const evenly = (count: number, ms: number, pauseMs: number): SpokenWord[] =>
  Array.from({ length: count }, () => ({ ms, pauseMs }));

describe('while somebody speaks', () => {
  test('words are published when two passes agree, at most a second after they were said', async () => {
    const words = evenly(60, 250, 130);
    const { engine, partials, speak } = conversation(words, { passMs: () => 250 });
    await speak();
    expect(partials.length).toBeGreaterThan(40);
    let known = 0;
    for (const { text, atMs } of partials) {
      const count = text.split(' ').length;
      expect(text).toBe(texts(words.slice(0, count)));
      for (; known < count; known++) expect(atMs - (known * 380 + 250)).toBeLessThanOrEqual(1_000);
    }
    expect(known).toBeGreaterThan(55);
    expect(engine.mostAtOnce).toBe(1);
  });

  test('words are not older because the window was cut in a pause', async () => {
    const words = Array.from({ length: 90 }, (_, i) => ({ ms: 250, pauseMs: i % 12 === 11 ? 450 : 130 }));
    const { engine, partials, speak } = conversation(words);
    await speak();
    expect(Math.max(...engine.passes)).toBeLessThan(20_000);
    const endsMs: number[] = [];
    let atMs = 0;
    for (const { ms, pauseMs } of words) {
      endsMs.push(atMs + ms);
      atMs += ms + pauseMs;
    }
    let known = 0;
    for (const { text, atMs: publishedMs } of partials) {
      const count = text.split(' ').length;
      for (; known < count; known++) expect(publishedMs - (endsMs[known] ?? 0)).toBeLessThanOrEqual(1_000);
    }
    expect(known).toBeGreaterThan(85);
  });

  test('a word that one pass misheard is not published', async () => {
    const words = evenly(30, 250, 130);
    const { partials, speak } = conversation(words, { hesitates: true });
    await speak();
    expect(partials.length).toBeGreaterThan(5);
    for (const { text } of partials) expect(text).toBe(texts(words.slice(0, text.split(' ').length)));
  });

  test('an engine with many workers makes one pass at a time for an utterance', async () => {
    const words = evenly(20, 250, 130);
    const { engine, speak, read } = conversation(words, { passMs: () => 900, workers: 4 });
    await speak();
    expect((await read()).text).toBe(texts(words));
    expect(engine.mostAtOnce).toBe(1);
  });

  test('words before a silence are published without another pass', async () => {
    const words = evenly(4, 250, 130);
    const { engine, partials, speak, silence } = conversation(words);
    engine.taken = true;
    await speak();
    engine.taken = false;
    await silence(500);
    expect(engine.passes).toHaveLength(1);
    expect(partials.map(({ text }) => text)).toEqual([texts(words)]);
  });

  test('a word that is cut by the end of a pass is not published as its piece', async () => {
    const words = evenly(12, 900, 100);
    const { engine, partials, speak } = conversation(words, { passMs: () => 100 });
    await speak();
    expect(engine.passes.length).toBeGreaterThan(20);
    for (const { text } of partials) expect(texts(words)).toContain(`${text}`);
    expect(partials.filter(({ text }) => !text.endsWith('z'))).toEqual([]);
    expect(partials.at(-1)?.text).toContain('a10z');
  });

  test('nothing is asked of an engine that is busy for others, and the text is whole all the same', async () => {
    const words = evenly(10, 200, 150);
    const { engine, partials, speak, read } = conversation(words);
    engine.taken = true;
    await speak();
    expect(engine.passes).toEqual([]);
    expect(partials).toEqual([]);
    expect((await read()).text).toBe(texts(words));
    expect(engine.passes).toHaveLength(1);
  });

  test('a pass that fails is repeated a second of audio later, and not with every piece', async () => {
    const words = evenly(20, 250, 130);
    const { engine, speak, read } = conversation(words, { passMs: () => 10 });
    engine.failures.push(new Error('out of order'));
    await speak();
    const [first = 0, second = 0] = engine.begunMs;
    expect(second - first).toBeGreaterThanOrEqual(1_000);
    expect((await read()).text).toBe(texts(words));
  });

  test('the engine rests while one is silent, and has nothing to do with silence alone', async () => {
    const words = evenly(3, 250, 130);
    const { engine, partials, speak, silence } = conversation(words);
    await silence(1_000);
    expect(engine.passes).toEqual([]);
    await speak();
    await silence(600);
    expect(partials.at(-1)?.text).toBe(texts(words));
    const passes = engine.passes.length;
    await silence(10_000);
    expect(engine.passes).toHaveLength(passes);
  });
});

describe('reading', () => {
  test('takes one pass over what is new', async () => {
    const words = evenly(4, 300, 100);
    const { speak, read } = conversation(words, { passMs: () => 180 });
    await speak(1_350);
    const { text, tookMs } = await read();
    expect(text).toBe('a0z a1z a2z a3');
    expect(tookMs).toBeLessThanOrEqual(190);
    await speak();
    expect((await read()).text).toBe(texts(words));
  });

  test('needs no further pass when the newest one is followed by silence only', async () => {
    const words = evenly(4, 300, 100);
    const { engine, speak, silence, read } = conversation(words);
    await speak();
    await silence(600);
    const passes = engine.passes.length;
    const { text, tookMs } = await read();
    expect(text).toBe(texts(words));
    expect(tookMs).toBe(0);
    expect(engine.passes).toHaveLength(passes);
  });

  test('waits for a pass that has all of it, and gives one up that has not', async () => {
    const words = evenly(4, 300, 100);
    const late = conversation(words, { passMs: () => 400 });
    await late.speak(1_500);
    expect(late.engine.atOnce).toBe(1);
    await late.speak();
    expect((await late.read()).text).toBe(texts(words));
    expect(late.engine.aborted).toBeLessThanOrEqual(1);
    expect(late.engine.mostAtOnce).toBe(1);
  });

  test('of nothing and of silence is empty, and the engine is not asked', async () => {
    const { engine, silence, read } = conversation([]);
    expect(await read()).toMatchObject({ text: '', words: [] });
    await silence(700);
    expect(await read()).toMatchObject({ text: '', words: [] });
    expect(engine.passes).toEqual([]);
  });

  test('gives the error of its pass, and may be tried again', async () => {
    const words = evenly(4, 300, 100);
    const { engine, speak, read } = conversation(words);
    engine.taken = true;
    await speak();
    engine.failures.push(new VivavoceError('engine_timeout', 'too slow'));
    await expect(read()).rejects.toMatchObject({ code: 'engine_timeout' });
    expect((await read()).text).toBe(texts(words));
  });

  test('can be given up, and the utterance stays', async () => {
    const words = evenly(4, 300, 100);
    const { engine, clock, recognition, speak, read } = conversation(words);
    engine.taken = true;
    await speak();
    const controller = new AbortController();
    const answer = recognition.read(controller.signal);
    answer.catch(() => {});
    await clock.advance(20);
    controller.abort(new VivavoceError('cancelled', 'enough'));
    await expect(answer).rejects.toSatisfy(isAbort);
    expect((await read()).text).toBe(texts(words));
  });

  test('of an utterance that was given up ends as cancelled, and nothing is published any more', async () => {
    const words = evenly(12, 300, 100);
    const { engine, clock, partials, recognition, speak } = conversation(words);
    await speak(2_000);
    const answer = recognition.read(never);
    answer.catch(() => {});
    const published = partials.length;
    recognition[Symbol.dispose]();
    await expect(answer).rejects.toSatisfy(isAbort);
    await speak();
    expect(partials).toHaveLength(published);
    expect(engine.atOnce).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('long speech', () => {
  test('of ten minutes at once is cut in pauses', async () => {
    const words = evenly(1_200, 350, 150);
    const { engine, audio, recognition, read } = conversation(words);
    recognition.push(audio.slice());
    expect((await read()).text).toBe(texts(words));
    expect(Math.max(...engine.passes)).toBeLessThanOrEqual(28_000);
    expect(engine.passes.length).toBeLessThan(40);
  });

  test('has the times of all words from an engine that says them, and is cut by them', async () => {
    const words = evenly(150, 350, 150);
    const { engine, speak, read } = conversation(words, { timed: true });
    await speak();
    const { text, words: heard } = await read();
    expect(text).toBe(texts(words));
    expect(heard?.map((word) => Math.round(word.startMs))).toEqual(words.map((_, i) => i * 500));
    expect(Math.max(...engine.passes)).toBeLessThanOrEqual(28_000);
  });

  test.each([
    true,
    false,
  ])('of a minute without a pause loses and doubles no word (times: %s)', async (timed) => {
    const words = evenly(150, 400, 0);
    const { engine, speak, read } = conversation(words, { timed });
    await speak();
    expect((await read()).text).toBe(texts(words));
    expect(Math.max(...engine.passes)).toBeLessThanOrEqual(28_000);
    expect(engine.mostAtOnce).toBe(1);
  });

  test('has each word once when the times of the engine are early', async () => {
    const words = evenly(150, 350, 150);
    const { speak, read } = conversation(words, { timed: true, offMs: -150 });
    await speak();
    expect((await read()).text).toBe(texts(words));
  });

  test('keeps a word that is said twice, before and after a cut', async () => {
    // All the same word: nothing but the audio tells them apart.
    const words = evenly(90, 500, 150);
    const { engine, speak, read } = conversation(words);
    const hear = engine.transcribe.bind(engine);
    engine.transcribe = async (...args) => {
      const heard = await hear(...args);
      return { ...heard, text: heard.text.replace(/\d+/g, 'b') };
    };
    await speak();
    expect((await read()).text.split(' ')).toHaveLength(90);
  });
});

test('whatever is said at whatever pace: all words, each once, and partials only grow', async () => {
  const word = fc.record({
    ms: fc.integer({ min: 60, max: 1_500 }),
    pauseMs: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 125, max: 500 }) },
      fc.integer({ min: 500, max: 4_000 }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { minLength: 1, maxLength: 70 }),
      fc.array(fc.integer({ min: 1, max: 2_500 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(7, 20, 33, 100, 1_000),
      fc.boolean(),
      async (words, speeds, chunkMs, timed) => {
        const passMs = (n: number) => speeds[n % speeds.length] ?? 1;
        const { engine, partials, speak, read } = conversation(words, { passMs, timed });
        await speak(undefined, chunkMs);
        const { text, words: heard } = await read();
        expect(text).toBe(texts(words));
        if (timed) expect(heard?.map((each) => each.text).join(' ')).toBe(text);
        expect(Math.max(...engine.passes)).toBeLessThanOrEqual(28_000);
        expect(engine.mostAtOnce).toBe(1);
        let known = 0;
        for (const partial of partials) {
          const count = partial.text.split(' ').length;
          expect(partial.text).toBe(texts(words.slice(0, count)));
          expect(count).toBeGreaterThan(known);
          known = count;
        }
      },
    ),
    { numRuns: 100 },
  );
});
