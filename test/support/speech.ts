import { joinSamples } from '../../src/speech/audio/pcm.ts';
import type { SpeechChunk } from '../../src/speech/tts/voice.ts';

export const forever = (): AbortSignal => new AbortController().signal;

/** A sine at `amplitude` of full scale. */
export function tone(hz: number, rate: number, samples: number, amplitude = 0.5): Int16Array {
  return new Int16Array(samples).map((_, i) =>
    Math.round(amplitude * 32767 * Math.sin((2 * Math.PI * hz * i) / rate)),
  );
}

export async function* streamOf(...chunks: readonly SpeechChunk[]): AsyncGenerator<SpeechChunk> {
  yield* chunks;
}

export async function chunksOf(chunks: AsyncIterable<SpeechChunk>): Promise<SpeechChunk[]> {
  const all: SpeechChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

export async function samplesOf(chunks: AsyncIterable<SpeechChunk>): Promise<Int16Array> {
  return joinSamples((await chunksOf(chunks)).map(({ samples }) => samples));
}
