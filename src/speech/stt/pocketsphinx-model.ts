import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { VivavoceError } from '../../errors.ts';

/** What a model of US English consists of. */
const FILES = ['en-us/mdef', 'en-us.lm.bin', 'cmudict-en-us.dict'];

/** Where systems put it: Debian and Ubuntu, what one builds oneself, Homebrew, Nix and Guix profiles. */
const PREFIXES = [
  '/usr/share',
  '/usr/local/share',
  '/opt/homebrew/share',
  '/opt/local/share',
  '/run/current-system/sw/share',
  '/run/current-system/profile/share',
];
const PLACES = PREFIXES.map((prefix) => `${prefix}/pocketsphinx/model/en-us`);

export const HOW_TO_INSTALL =
  'install it with `apt-get install pocketsphinx pocketsphinx-en-us` (Debian, Ubuntu)';

/**
 * The folder with the model: `modelDir`, or the first of the usual ones that has it.
 *
 * @throws VivavoceError `engine_unavailable` that says what to install.
 */
export async function findModel(modelDir: string | null): Promise<string> {
  for (const folder of modelDir === null ? PLACES : [modelDir]) {
    if (await holdsModel(folder)) return folder;
  }
  const where = modelDir === null ? 'in the usual places' : `in ${modelDir}`;
  throw new VivavoceError(
    'engine_unavailable',
    `the English model of PocketSphinx (${FILES.join(', ')}) is not ${where}: ${HOW_TO_INSTALL}`,
  );
}

async function holdsModel(folder: string): Promise<boolean> {
  const found = await Promise.allSettled(FILES.map((file) => access(join(folder, file))));
  return found.every(({ status }) => status === 'fulfilled');
}
