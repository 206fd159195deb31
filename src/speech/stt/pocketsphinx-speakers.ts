import { LRUCache } from 'lru-cache';
import type { CepstralMean } from './pocketsphinx-api.ts';

/** How many voices are remembered. Each takes about 100 bytes. */
const SPEAKERS = 10_000;
/** Five seconds: an average over more would follow a changed microphone too slowly. */
const MEMORY_FRAMES = 500;

/**
 * The cepstral mean of each speaker: what microphone, room and voice add to everything that is said.
 *
 * With the right one, decoding while somebody speaks is as accurate as decoding the whole afterwards, because that is
 * all that the whole is needed for.
 */
export class SpeakerMeans {
  readonly #means = new LRUCache<string, CepstralMean>({ max: SPEAKERS });

  of(speaker: string): CepstralMean | null {
    return this.#means.get(speaker) ?? null;
  }

  learn(speaker: string, heard: CepstralMean): void {
    if (heard.frames > 0) this.#means.set(speaker, together(this.of(speaker), heard));
  }
}

/** The mean of what was known and what was heard, each counting as much as it is long. */
export function together(known: CepstralMean | null, heard: CepstralMean): CepstralMean {
  if (!known || heard.frames === 0) return known ?? heard;
  const knownFrames = Math.min(known.frames, Math.max(0, MEMORY_FRAMES - heard.frames));
  const frames = knownFrames + heard.frames;
  const mean = heard.mean.map((value, i) => {
    return ((known.mean[i] ?? 0) * knownFrames + value * heard.frames) / frames;
  });
  return { mean, frames };
}
