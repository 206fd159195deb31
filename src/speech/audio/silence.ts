import type { SpeechChunk, WordTime } from '../tts/voice.ts';
import { VOICE_RATE } from '../tts/voice.ts';
import { joinSamples, samplesIn } from './pcm.ts';

/** Quieter than this is taken as silence. */
export const SILENCE_DBFS = -45;
const SILENCE_PEAK = Math.floor(32768 * 10 ** (SILENCE_DBFS / 20));

/** Level (root mean square) in dB below full scale; −Infinity for digital silence and for nothing. */
export function levelDbfs(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? -Infinity : 10 * Math.log10(sum / samples.length / 32768 ** 2);
}

/** Index of the first sample above −45 dBFS: what a listener would call the first audio. −1 when there is none. */
export function firstAudibleSample(samples: Int16Array): number {
  return samples.findIndex((sample) => sample > SILENCE_PEAK || sample < -SILENCE_PEAK);
}

/** Index of the last sample above −45 dBFS; −1 when there is none. */
export function lastAudibleSample(samples: Int16Array): number {
  return samples.findLastIndex((sample) => sample > SILENCE_PEAK || sample < -SILENCE_PEAK);
}

export interface TrimOptions {
  /** How much silence stays before the first sound. */
  readonly leadMs?: number;
  /** How much silence stays after the last sound. */
  readonly trailMs?: number;
  /** Silence may be the end or only a pause: so much of it waits for the decision. What exceeds it passes. */
  readonly holdMs?: number;
}

/**
 * Takes the silence off both ends of a 24 kHz stream and moves the word times with it.
 *
 * Sound passes at once; pauses inside pass unchanged. A stream without any sound becomes empty.
 */
export async function* trimSilence(
  chunks: AsyncIterable<SpeechChunk>,
  { leadMs = 20, trailMs = 80, holdMs = 400 }: TrimOptions = {},
): AsyncGenerator<SpeechChunk, void, undefined> {
  const lead = samplesIn(leadMs, VOICE_RATE);
  const trail = samplesIn(trailMs, VOICE_RATE);
  const hold = Math.max(trail, samplesIn(holdMs, VOICE_RATE));
  /** Quiet samples since the last sound, or, before the first, at most `lead` of them. */
  let quiet: Int16Array = new Int16Array(0);
  /** How much of the current quiet run went out because it exceeded `hold`. */
  let released = 0;
  let cut = 0;
  let heard = false;
  let words: WordTime[] = [];

  for await (const chunk of chunks) {
    if (chunk.words) words.push(...chunk.words);
    const all = joinSamples(quiet.length === 0 ? [chunk.samples] : [quiet, chunk.samples]);
    const last = lastAudibleSample(all);
    let from = 0;
    if (!heard) {
      const end = last < 0 ? all.length : firstAudibleSample(all);
      from = Math.max(0, end - lead);
      cut += from;
      heard = last >= 0;
    }
    if (last >= 0) released = 0;
    quiet = all.subarray(Math.max(from, last + 1));
    if (!heard) continue;
    const excess = Math.max(0, quiet.length - hold);
    quiet = quiet.subarray(excess);
    released = released + excess;
    const ready = all.subarray(from, all.length - quiet.length);
    if (ready.length === 0) continue;
    yield withWords(ready, words, cut);
    words = [];
  }
  if (!heard) return;
  const rest = quiet.subarray(0, Math.max(0, trail - released));
  if (rest.length > 0 || words.length > 0) yield withWords(rest, words, cut);
}

function withWords(samples: Int16Array, words: readonly WordTime[], cutSamples: number): SpeechChunk {
  if (words.length === 0) return { samples };
  const shiftMs = (cutSamples * 1000) / VOICE_RATE;
  const moved = words.map((word) => ({
    ...word,
    startMs: Math.max(0, word.startMs - shiftMs),
    endMs: Math.max(0, word.endMs - shiftMs),
  }));
  return { samples, words: moved };
}
