import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAbort } from '../../../src/errors.ts';
import { joinSamples } from '../../../src/speech/audio/pcm.ts';
import { PocketSphinx } from '../../../src/speech/stt/pocketsphinx.ts';
import type { Recognition } from '../../../src/speech/stt/transcriber.ts';
import { FliteVoice } from '../../../src/speech/tts/flite-voice.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { forever, tone } from '../../support/speech.ts';
import { hasPocketSphinx, listening, piecesOf, spoken } from '../../support/sphinx.ts';
import { SPOKEN_SENTENCES } from '../../support/spoken-sentences.ts';
import { alignSet, mistakes, wordErrorRate } from '../../support/word-error-rate.ts';

const WEATHER = 'What is the weather going to be like tomorrow morning?';
const MUSIC = 'Could you play some quiet music while I am working?';
const silence = (ms: number) => new Int16Array(ms * 16);

/** The processes with decoders that this one has, as the system lists them. */
function childrenHere(): number[] {
  const path = `/proc/${process.pid}/task/${process.pid}/children`;
  const children = readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pocketsphinx'));
}

/** Noise that is the same every time. */
function noise(ms: number, amplitude: number): Int16Array {
  let seed = 1;
  return silence(ms).map(() => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return (seed / 2 ** 30 - 1) * amplitude * 32_767;
  });
}

function push(recognition: Recognition, samples: Int16Array) {
  for (const piece of piecesOf(samples)) recognition.push(piece);
}

describe.skipIf(!(await hasPocketSphinx()))('PocketSphinx', () => {
  let flite: FliteVoice;
  let sphinx: PocketSphinx;
  let weather: Int16Array;
  let music: Int16Array;

  beforeAll(async () => {
    flite = new FliteVoice({ workers: 1 });
    sphinx = new PocketSphinx({ decoders: 1 });
    const say = (text: string) => spoken(flite, text, { voice: 'rms' });
    [weather, music] = await Promise.all([say(WEATHER), say(MUSIC), sphinx.start()]);
  });
  afterAll(async () => {
    await Promise.all([flite[Symbol.asyncDispose](), sphinx[Symbol.asyncDispose]()]);
  });

  async function hear(samples: Int16Array, speaker = 'rms', engine = sphinx) {
    using recognition = engine.recognise(listening(speaker));
    push(recognition, samples);
    return await recognition.read(forever());
  }

  test('says where its model is, and what to install when there is none', async () => {
    expect(await PocketSphinx.detect()).toMatchObject({ available: true });
    expect(await PocketSphinx.detect({ modelDir: '/nowhere' })).toMatchObject({
      available: false,
      reason: expect.stringMatching(/\/nowhere.*apt-get install pocketsphinx pocketsphinx-en-us/),
    });
    await using lost = new PocketSphinx({ modelDir: '/nowhere' });
    await expect(lost.start()).rejects.toMatchObject({ code: 'engine_unavailable' });
    await expect(hear(weather, 'rms', lost)).rejects.toMatchObject({ code: 'engine_unavailable' });
  });

  // What the other voice says is heard by the tests below, and both in a whole service by `test/e2e/closed-loop.test.ts`.
  test('hears what kal says, with at most one word in ten wrong', async () => {
    const pairs: [string, string][] = [];
    for (const text of SPOKEN_SENTENCES.slice(0, 5)) {
      pairs.push([text, (await hear(await spoken(flite, text, { voice: 'kal' }), 'kal')).text]);
    }
    const errors = alignSet(pairs);
    expect(errors.rate, mistakes(errors).join(' ')).toBeLessThanOrEqual(0.1);
  });

  test('writes the first letter and I as capitals, and knows when each word was said', async () => {
    const { text, words } = await hear(music);
    expect(text).toMatch(/^[A-Z][a-z' ]+ I am working$/);
    expect(words?.map((word) => word.text).join(' ')).toBe(text);
    const [first, last] = [words?.at(0), words?.at(-1)];
    expect(Math.abs((first?.startMs ?? 0) - 200)).toBeLessThan(80);
    expect(Math.abs((last?.endMs ?? 0) - (music.length / 16 - 64))).toBeLessThan(150);
    for (const [i, word] of (words ?? []).entries()) {
      expect(word.endMs).toBeGreaterThan(word.startMs);
      expect(word.startMs).toBeGreaterThanOrEqual(words?.[i - 1]?.endMs ?? 0);
    }
  });

  test('tells what it has so far while one speaks, each text once, and nothing after the end', async () => {
    const partials: string[] = [];
    const { promise: heardSome, resolve } = Promise.withResolvers<void>();
    const recognition = sphinx.recognise(
      listening('rms', (text) => {
        partials.push(text);
        if (text.split(' ').length >= 4) resolve();
      }),
    );
    push(recognition, weather);
    await heardSome;
    await recognition.read(forever());
    expect(partials.length).toBeGreaterThan(1);
    for (const [i, text] of partials.entries()) expect(text).not.toBe(partials[i - 1]);
    push(recognition, music);
    recognition[Symbol.dispose]();
    const count = partials.length;
    await hear(weather);
    expect(partials).toHaveLength(count);
    await expect(recognition.read(forever())).rejects.toSatisfy(isAbort);
  });

  test('goes on after it was read, with every word once', async () => {
    using recognition = sphinx.recognise(listening('rms'));
    push(recognition, weather);
    const first = await recognition.read(forever());
    expect(await recognition.read(forever())).toEqual(first);
    push(recognition, silence(300));
    expect(await recognition.read(forever())).toEqual(first);
    push(recognition, music);
    const both = await recognition.read(forever());
    expect(wordErrorRate(`${WEATHER} ${MUSIC}`, both.text)).toBeLessThanOrEqual(0.15);
    const lastStart = both.words?.at(-1)?.startMs ?? 0;
    expect(lastStart).toBeGreaterThan((weather.length + music.length) / 16 - 1_000);
  });

  test('of a long pause nothing but time is left', async () => {
    using recognition = sphinx.recognise(listening('rms'));
    push(recognition, joinSamples([silence(5_000), weather]));
    const first = await recognition.read(forever());
    expect(first.words?.[0]?.startMs).toBeGreaterThan(5_100);
    push(recognition, joinSamples([silence(20_000), music]));
    const { text, words } = await recognition.read(forever());
    expect(wordErrorRate(`${WEATHER} ${MUSIC}`, text)).toBeLessThanOrEqual(0.15);
    expect(words?.at(-1)?.startMs).toBeGreaterThan(25_000 + (weather.length + music.length) / 16 - 1_000);
  });

  test('a question that is given up is no loss to the utterance', async () => {
    using recognition = sphinx.recognise(listening('rms'));
    push(recognition, weather);
    const controller = new AbortController();
    const given = recognition.read(controller.signal);
    controller.abort();
    await expect(given).rejects.toSatisfy(isAbort);
    await expect(recognition.read(AbortSignal.abort())).rejects.toSatisfy(isAbort);
    expect(wordErrorRate(WEATHER, (await recognition.read(forever())).text)).toBeLessThanOrEqual(0.2);
  });

  test('three who speak at once to one decoder lose no word, and the first to ask is served first', async () => {
    const recognitions = [1, 2, 3].map(() => sphinx.recognise(listening('rms')));
    for (const recognition of recognitions) push(recognition, weather);
    const order: number[] = [];
    const read = async (index: number) => {
      const { text } = (await recognitions[index]?.read(forever())) ?? { text: '' };
      order.push(index);
      return text;
    };
    const third = read(2);
    // The first has the decoder and is still being heard; the second has not asked for anything.
    await read(0);
    await third;
    expect(order).toEqual([0, 2]);
    for (const text of [await third, await read(1)]) {
      expect(wordErrorRate(WEATHER, text)).toBeLessThanOrEqual(0.2);
    }
    for (const recognition of recognitions) recognition[Symbol.dispose]();
  });

  test('one who waits for a text does not wait until a stranger has finished speaking', async () => {
    const { promise: isHeard, resolve } = Promise.withResolvers<void>();
    using stranger = sphinx.recognise(listening('rms', () => resolve()));
    push(stranger, weather);
    await isHeard;
    expect(wordErrorRate(MUSIC, (await hear(music, 'other')).text)).toBeLessThanOrEqual(0.2);
    expect(wordErrorRate(WEATHER, (await stranger.read(forever())).text)).toBeLessThanOrEqual(0.2);
  });

  test('one that is dropped while it waits or is heard frees the decoder', async () => {
    const [heard, waiting] = [sphinx.recognise(listening('a')), sphinx.recognise(listening('b'))];
    push(heard, weather);
    push(waiting, weather);
    const reads = [heard.read(forever()), waiting.read(forever())];
    heard[Symbol.dispose]();
    waiting[Symbol.dispose]();
    for (const read of reads) await expect(read).rejects.toSatisfy(isAbort);
    expect((await hear(weather)).text).not.toBe('');
  });

  test('a process that is killed in the middle costs nothing but time', async () => {
    const { promise: isHeard, resolve } = Promise.withResolvers<void>();
    using recognition = sphinx.recognise(listening('rms', () => resolve()));
    push(recognition, weather);
    await isHeard;
    const [pid = 0] = childrenHere();
    process.kill(pid, 'SIGKILL');
    expect(wordErrorRate(WEATHER, (await recognition.read(forever())).text)).toBeLessThanOrEqual(0.2);
    expect(childrenHere()).not.toContain(pid);
    expect(childrenHere()).toHaveLength(1);
  });

  test('a process that hangs is killed and replaced', async () => {
    const clock = new ManualClock();
    await using engine = new PocketSphinx({ decoders: 1, clock });
    const others = childrenHere();
    await engine.start();
    const [pid = 0] = childrenHere().filter((other) => !others.includes(other));
    using recognition = engine.recognise(listening('rms'));
    process.kill(pid, 'SIGSTOP');
    push(recognition, weather);
    const text = recognition.read(forever());
    await clock.advance(20_000);
    expect(wordErrorRate(WEATHER, (await text).text)).toBeLessThanOrEqual(0.2);
    expect(clock.pending).toBe(0);
  });

  test('one that kills every process that hears it fails, and what comes next is heard', async () => {
    const controller = new AbortController();
    using recognition = sphinx.recognise(
      listening('rms', () => {
        if (!controller.signal.aborted) for (const pid of childrenHere()) process.kill(pid, 'SIGKILL');
      }),
    );
    push(recognition, weather);
    await expect(recognition.read(forever())).rejects.toMatchObject({ code: 'engine_failed' });
    controller.abort();
    expect((await recognition.read(forever())).text).not.toBe('');
    expect((await hear(weather)).text).not.toBe('');
  });

  test('silence and nothing are empty; noise and a tone end harmlessly', async () => {
    expect(await hear(silence(3_000))).toEqual({ text: '', words: [] });
    expect(await hear(new Int16Array(0))).toEqual({ text: '', words: [] });
    for (const samples of [noise(3_000, 0.2), tone(440, 16_000, 48_000, 0.9), noise(2_000, 1.5)]) {
      const { words } = await hear(samples, 'noise');
      expect(words?.length).toBeLessThanOrEqual(4);
    }
  });

  test('half a minute without a pause is heard as far as it has come, each word once', async () => {
    const once = joinSamples([weather.subarray(3_200, -1_024), music.subarray(3_200, -1_024)]);
    const times = Math.ceil((28 * 16_000) / once.length);
    using recognition = sphinx.recognise(listening('rms'));
    push(recognition, joinSamples(Array.from({ length: times }, () => once)));
    const { text, words } = await recognition.read(forever());
    const said = Array.from({ length: times }, () => `${WEATHER} ${MUSIC}`).join(' ');
    expect(wordErrorRate(said, text)).toBeLessThanOrEqual(0.2);
    expect(words?.at(-1)?.endMs).toBeGreaterThan((times * once.length) / 16 - 500);
    for (const [i, word] of (words ?? []).entries()) {
      expect(word.startMs).toBeGreaterThanOrEqual((words?.[i - 1]?.endMs ?? 0) - 20);
    }
  }, 40_000);

  test('ten minutes may wait, and more is refused with what to do', async () => {
    await using engine = new PocketSphinx({ decoders: 1 });
    using recognition = engine.recognise(listening('rms'));
    for (let minute = 0; minute < 10; minute++) recognition.push(tone(300, 16_000, 960_000));
    recognition.push(tone(300, 16_000, 16_000));
    await expect(recognition.read(forever())).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('10 minutes'),
    });
  });

  test('its processes end with the service, also when that is killed', async () => {
    const here = JSON.stringify(new URL('../../../src/speech/stt/pocketsphinx.ts', import.meta.url).href);
    const script = `
      const { PocketSphinx } = await import(${here});
      await new PocketSphinx({ decoders: 1 }).start();
      const { readFileSync } = await import('node:fs');
      console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8'));`;
    const service = spawn(process.execPath, ['--input-type=module', '--eval', script]);
    const [line] = (await once(service.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString().trim());
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('pocketsphinx');
    service.kill('SIGKILL');
    // Ends when the process is gone.
    await promisify(execFile)('tail', [`--pid=${pid}`, '-f', '/dev/null'], { timeout: 10_000 });
    expect(existsSync(`/proc/${pid}/cmdline`)).toBe(false);
  });

  test('its processes are gone when it is, and it says so', async () => {
    const before = childrenHere().length;
    const engine = new PocketSphinx({ decoders: 2 });
    expect(await engine.start()).toHaveLength(2);
    expect(childrenHere()).toHaveLength(before + 2);
    const reading = hear(weather, 'rms', engine);
    await Promise.all([
      engine[Symbol.asyncDispose](),
      expect(reading).rejects.toMatchObject({ code: 'engine_failed' }),
    ]);
    expect(childrenHere()).toHaveLength(before);
    await expect(hear(weather, 'rms', engine)).rejects.toMatchObject({ code: 'engine_failed' });
  });
});
