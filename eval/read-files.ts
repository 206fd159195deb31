import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { InputError } from './input-error.ts';
import { readSamples, type Sample } from './locomo.ts';

/** The conversations in these files. @throws InputError that names the file and what is wrong with it */
export async function readFiles(files: readonly string[]): Promise<Sample[]> {
  return (await Promise.all(files.map(read))).flat();
}

async function read(file: string): Promise<Sample[]> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new InputError(`${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  });
  let samples: Sample[];
  try {
    samples = readSamples(text, basename(file));
  } catch (error) {
    throw new InputError(`${file} is not in the format of LoCoMo: ${reasonOf(error)}`, { cause: error });
  }
  if (samples.every(({ turns }) => turns.length === 0))
    throw new InputError(
      `${file} is not in the format of LoCoMo: it has no sessions (session_1, session_2, …)`,
    );
  if (samples.every(({ questions }) => questions.length === 0))
    throw new InputError(`${file} has nothing to ask: no question in qa names a turn that answers it`);
  return samples;
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [first] = error.issues;
    return `${first?.message} at ${first?.path.join('.') || 'the top'}`;
  }
  return error instanceof Error ? error.message : String(error);
}
