import type { SpeechChunk, WordTime } from '../tts/voice.ts';
import { VOICE_RATE } from '../tts/voice.ts';
import { joinSamples, samplesIn } from './pcm.ts';

/**
 * Cuts a 24 kHz stream into frames of `frameMs`, each as soon as it is full; the rest comes as a shorter last frame.
 *
 * Frames are views into the chunks where they can be. Word times go with the first frame after their chunk.
 */
export async function* cutFrames(
  chunks: AsyncIterable<SpeechChunk>,
  frameMs = 40,
): AsyncGenerator<SpeechChunk, void, undefined> {
  const size = samplesIn(frameMs, VOICE_RATE);
  if (!(size > 0)) throw new RangeError(`a frame of ${frameMs} ms holds no sample`);
  let rest: Int16Array = new Int16Array(0);
  let words: WordTime[] = [];
  const take = (samples: Int16Array): SpeechChunk => {
    const frame = words.length > 0 ? { samples, words } : { samples };
    words = [];
    return frame;
  };

  for await (const chunk of chunks) {
    if (chunk.words) words = [...words, ...chunk.words];
    let from = 0;
    if (rest.length > 0) {
      from = Math.min(size - rest.length, chunk.samples.length);
      rest = joinSamples([rest, chunk.samples.subarray(0, from)]);
      if (rest.length < size) continue;
      yield take(rest);
    }
    for (; from + size <= chunk.samples.length; from += size) {
      yield take(chunk.samples.subarray(from, from + size));
    }
    rest = chunk.samples.subarray(from);
  }
  if (rest.length > 0 || words.length > 0) yield take(rest);
}
