import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { bytesOf, LISTEN_RATE } from '../../src/speech/audio/pcm.ts';
import { wavHeader } from '../../src/speech/audio/wav.ts';

/** A word as it is in a recording, milliseconds from its beginning. */
export interface RecordedWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

const COMMAND = 'pocketsphinx_continuous';

/** Whether PocketSphinx's program is on the PATH. */
export function canAlign(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, COMMAND), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Where the words of `sentences` are in a recording (16 kHz), by PocketSphinx's ear alone: it knows what may be said,
 * and any sentence may be missing, but nothing of when.
 *
 * @param sentences words of its dictionary in lower case, one space between them.
 */
export async function alignWords(
  recording: Int16Array,
  sentences: readonly string[],
): Promise<RecordedWord[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-align-'));
  try {
    const [wav, grammar] = [join(folder, 'recording.wav'), join(folder, 'sentences.gram')];
    const bytes = bytesOf(recording);
    await writeFile(wav, Buffer.concat([wavHeader(LISTEN_RATE, bytes.length), bytes]));
    const choices = sentences.map((sentence) => `[ ${sentence} ]`).join(' ');
    await writeFile(grammar, `#JSGF V1.0;\ngrammar recording;\npublic <all> = ${choices} ;\n`);
    const args = ['-infile', wav, '-jsgf', grammar, '-time', 'yes', '-logfn', join(folder, 'log')];
    const { stdout } = await promisify(execFile)(COMMAND, args, { timeout: 30_000 });
    return stdout.split('\n').flatMap(readWord);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `the(2) 0.000 0.370 1.000000`; silences are `<sil> …`. */
function readWord(line: string): RecordedWord[] {
  const [, text, start, end] = /^([a-z'.-]+)(?:\(\d+\))? (\d+\.\d+) (\d+\.\d+) \d/.exec(line) ?? [];
  if (text === undefined) return [];
  return [{ text, startMs: Number(start) * 1000, endMs: Number(end) * 1000 }];
}
