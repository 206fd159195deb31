import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { isAbort } from '../../../src/errors.ts';
import { firstAudibleSample, lastAudibleSample, levelDbfs } from '../../../src/speech/audio/silence.ts';
import { FliteVoice } from '../../../src/speech/tts/flite-voice.ts';
import { chunksOf, forever } from '../../support/speech.ts';

const MORTAL = new URL('./mortal-flite-worker.ts', import.meta.url);
const ALICE = 'Hello there, my name is Alice and I live in Berlin.';
const ms = (samples: number) => samples / 24;

let flite: FliteVoice;
beforeAll(() => {
  flite = new FliteVoice({ workers: 1 });
});
afterAll(() => flite[Symbol.asyncDispose]());

const say = (text: string, { voice = null, speed = 1 }: { voice?: string | null; speed?: number } = {}) =>
  chunksOf(flite.speak({ text, voice, speed }, forever()));

test('a sentence is one chunk of speech with a time for every word', async () => {
  const chunks = await say(ALICE);
  expect(chunks).toHaveLength(1);
  const [{ samples, words } = { samples: new Int16Array() }] = chunks;
  expect(ms(samples.length)).toBeGreaterThan(3_000);
  expect(levelDbfs(samples)).toBeGreaterThan(-35);
  expect(words?.map(({ start, end }) => ALICE.slice(start, end))).toEqual(ALICE.split(' '));
});

for (const voice of ['slt', 'rms', 'awb', 'kal']) {
  for (const speed of [0.8, 1.5]) {
    test(`the words of ${voice} at speed ${speed} are where the sound is`, async () => {
      const [{ samples, words = [] } = { samples: new Int16Array() }] = await say(ALICE, { voice, speed });
      const first = words.at(0);
      const last = words.at(-1);
      expect(Math.abs((first?.startMs ?? 0) - ms(firstAudibleSample(samples)))).toBeLessThan(60);
      expect(Math.abs((last?.endMs ?? 0) - ms(lastAudibleSample(samples)))).toBeLessThan(80);
      for (const [i, word] of words.entries()) {
        expect(word.endMs).toBeGreaterThan(word.startMs);
        expect(word.startMs).toBeGreaterThanOrEqual(words[i - 1]?.endMs ?? 0);
      }
      // The pause after the comma is quiet, and it is between the words.
      const [there, my] = [words[1], words[2]];
      const pause = samples.subarray((there?.endMs ?? 0) * 24, (my?.startMs ?? 0) * 24);
      expect(pause.length).toBeGreaterThan(0);
      expect(levelDbfs(pause)).toBeLessThan(levelDbfs(samples) - 6);
    });
  }
}

test('speed changes how long it takes', async () => {
  const lengths = await Promise.all([0.5, 1, 1.5].map((speed) => say(ALICE, { speed })));
  const [slow = 0, normal = 0, fast = 0] = lengths.map(([chunk]) => chunk?.samples.length ?? 0);
  expect(slow / normal).toBeCloseTo(2, 1);
  expect(normal / fast).toBeCloseTo(1.5, 1);
});

test('a voice of another vendor is spoken by the default voice', async () => {
  const [byName] = await say('Hello.', { voice: 'slt' });
  expect((await say('Hello.', { voice: 'alloy' }))[0]).toEqual(byName);
  expect((await say('Hello.', { voice: 'awb' }))[0]).not.toEqual(byName);
});

test('accents, quotes and numbers are spoken and keep their place', async () => {
  const text = 'Zoë paid €5.20 — “naïve”, isn’t it?';
  const [chunk] = await say(text);
  expect(chunk?.words?.map(({ start, end }) => text.slice(start, end))).toEqual([
    'Zoë',
    'paid',
    '€5.20',
    '“naïve”,',
    'isn’t',
    'it?',
  ]);
});

test.each([
  '-o /out/x.txt hello',
  '--help',
  '-voice',
  '/etc/passwd',
  '../../etc',
  'a\u0000b',
  'x -f y',
])('%j is words to speak and nothing else', async (text) => {
  const [chunk] = await say(text);
  expect(levelDbfs(chunk?.samples ?? new Int16Array())).toBeGreaterThan(-40);
  expect(chunk?.words?.length).toBeGreaterThan(0);
});

test('a text of 100 kB begins to sound after its first piece, and its words go on counting', async () => {
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(2_300);
  const speech = flite.speak({ text, voice: 'kal', speed: 1 }, forever());
  const first = (await speech.next()).value;
  const second = (await speech.next()).value;
  await speech.return();
  const last = first?.words?.at(-1);
  const next = second?.words?.at(0);
  expect(text.slice(last?.end, next?.start)).toBe(' ');
  expect(next?.startMs).toBeGreaterThan(ms(first?.samples.length ?? 0));
});

test('a word of 100 kB is spoken piece by piece', async () => {
  const speech = flite.speak({ text: 'a'.repeat(100_000), voice: 'kal', speed: 1 }, forever());
  expect(firstAudibleSample((await speech.next()).value?.samples ?? new Int16Array())).toBeGreaterThan(0);
  await speech.return();
});

test('what cannot be spoken fails with the reason', async () => {
  await expect(say('Привет')).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringContaining('Cyrillic'),
  });
});

test('aborted speech ends at once, whether it runs, waits or has not begun', async () => {
  const long = { text: ALICE.repeat(6), voice: 'slt', speed: 1 };
  const controller = new AbortController();
  const streams = [1, 2, 3].map(() => flite.speak(long, controller.signal).next());
  controller.abort();
  for (const stream of streams) await expect(stream).rejects.toSatisfy(isAbort);
  await expect(flite.speak(long, AbortSignal.abort()).next()).rejects.toSatisfy(isAbort);
  expect(await say('Hello.')).toHaveLength(1);
});

test('Node says nothing about WASI, and other warnings are heard', async () => {
  const here = JSON.stringify(new URL('../../../src/speech/tts/', import.meta.url).href);
  const script = `
    const { FliteCommand } = await import(${here} + 'flite-command.ts');
    const { FliteVoice } = await import(${here} + 'flite-voice.ts');
    const loading = FliteCommand.load(null, '/');
    process.emitWarning('something else');
    await loading;
    await using voice = new FliteVoice({ workers: 1 });
    await voice.start();`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--eval', `(async () => {${script}})()`]);
  expect(stderr).toContain('something else');
  expect(stderr).not.toMatch(/WASI|Experimental/);
});

test('warming speaks three phrases on every thread and tells how long each took', async () => {
  await using voice = new FliteVoice({ workers: 2, workerModule: MORTAL });
  const times = await voice.start();
  expect(times).toHaveLength(6);
  expect(times.every((time) => time > 0)).toBe(true);
});

test('a thread that dies fails its sentence, and the next one is spoken', async () => {
  await using voice = new FliteVoice({ workers: 1, workerModule: MORTAL });
  const speak = (text: string) => chunksOf(voice.speak({ text, voice: null, speed: 1 }, forever()));
  const results = await Promise.allSettled([speak('die'), speak('hello')]);
  expect(results).toMatchObject([
    { status: 'rejected', reason: { code: 'engine_failed' } },
    { status: 'fulfilled' },
  ]);
  await expect(speak('fail')).rejects.toMatchObject({
    code: 'engine_failed',
    message: 'flite failed: unreachable',
  });
});

test('nothing is left on the disk, and a voice that was shut down says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vivavoce-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const voice = new FliteVoice({ workers: 2, workerModule: MORTAL });
  await voice.start();
  expect(readdirSync(folder)).toHaveLength(2);
  await voice[Symbol.asyncDispose]();
  expect(readdirSync(folder)).toEqual([]);
  await expect(
    voice.speak({ text: 'Hello.', voice: null, speed: 1 }, forever()).next(),
  ).rejects.toMatchObject({
    code: 'engine_failed',
  });
});
