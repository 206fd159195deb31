import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bytesOf, joinSamples, LISTEN_RATE, samplesIn } from '../../src/speech/audio/pcm.ts';
import { createResampler } from '../../src/speech/audio/resampler.ts';
import { findModel } from '../../src/speech/stt/pocketsphinx-model.ts';
import { VOICE_RATE } from '../../src/speech/tts/voice.ts';
import { tempDir } from '../conversation/temp-dir.ts';
import { hasPocketSphinx } from './sphinx.ts';
import { alignWords } from './word-error-rate.ts';

const run = promisify(execFile);
const PROGRAM = 'pocketsphinx_batch';
/** Any recording begins before the first sound of it and ends after the last one. */
const SILENCE_MS = 200;

/** The sentence of `set` whose words are nearest to `heard`. */
function meant(set: readonly string[], heard: string): number {
  const errors = set.map((sentence) => alignWords(sentence, heard).rate);
  return errors.indexOf(Math.min(...errors));
}

/**
 * A model that answers each sentence of `set` with another one of it: after a conversation about all of them it has said
 * all of them.
 */
export function answerFrom(set: readonly string[]) {
  // biome-ignore lint/suspicious/noExplicitAny: a request body.
  return ({ messages }: any): string => {
    const asked = meant(set, messages.at(-1).content);
    return set[(asked + set.length / 2) % set.length] ?? '';
  };
}

/**
 * True when both recognisers can be used here: the one of the service, and the program of the same system that shares
 * nothing with it but the library. Without them the test is skipped with the reason, or fails when CI=true.
 */
export async function hasBothRecognisers(): Promise<boolean> {
  if (!(await hasPocketSphinx())) return false;
  try {
    // Without arguments it lists them and ends with an error.
    await run(PROGRAM).catch((error) => {
      if (error.code === 'ENOENT') throw error;
    });
    return true;
  } catch (error) {
    const reason = `${PROGRAM} cannot be run: install it with \`apt-get install pocketsphinx\``;
    if (process.env.CI === 'true') throw new Error(reason, { cause: error });
    process.stderr.write(`skipped: ${reason}\n`);
    return false;
  }
}

/** What `pocketsphinx_batch`, told nothing but where its model is, hears in each of the `recordings` (24 kHz). */
export async function independentTranscripts(recordings: readonly Int16Array[]): Promise<string[]> {
  await using dir = await tempDir();
  const silence = new Int16Array(samplesIn(SILENCE_MS, LISTEN_RATE));
  using resampler = await createResampler(VOICE_RATE, LISTEN_RATE);
  for (const [at, recording] of recordings.entries()) {
    const heard = joinSamples([silence, resampler.process(recording), resampler.flush(), silence]);
    await writeFile(dir.file(`${at}.raw`), bytesOf(heard));
  }
  await writeFile(dir.file('ctl'), recordings.map((_, at) => `${at}\n`).join(''));
  const model = await findModel(null);
  const options = {
    adcin: 'yes',
    cepdir: dir.path,
    cepext: '.raw',
    ctl: dir.file('ctl'),
    hyp: dir.file('hyp'),
    hmm: join(model, 'en-us'),
    lm: join(model, 'en-us.lm.bin'),
    dict: join(model, 'cmudict-en-us.dict'),
    logfn: '/dev/null',
  };
  await run(
    PROGRAM,
    Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]),
  );
  const lines = (await readFile(dir.file('hyp'), 'utf8')).trimEnd().split('\n');
  // Words, and in brackets which file it was and how well they fit.
  return lines.map((line) => line.replace(/\s*\(\S+ \S+\)$/, ''));
}
