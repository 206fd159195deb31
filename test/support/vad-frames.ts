import { VAD_FRAME_SAMPLES, type VadStream } from '../../src/speech/vad/vad.ts';

/** Whole frames of `samples`; the rest is dropped. */
export function framesOf(samples: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(samples.length / VAD_FRAME_SAMPLES) }, (_, at) =>
    samples.slice(at * VAD_FRAME_SAMPLES, (at + 1) * VAD_FRAME_SAMPLES),
  );
}

/** The probabilities of all frames, each asked for when the one before is known. */
export async function hear(stream: VadStream, frames: readonly Int16Array[]): Promise<number[]> {
  const heard: number[] = [];
  for (const frame of frames) heard.push(await stream.detect(frame));
  return heard;
}

/** Share of frames that hold speech. */
export const speechShare = (probabilities: readonly number[]): number =>
  probabilities.filter((probability) => probability >= 0.5).length / probabilities.length;

/** White noise from −`peak` to `peak`, always the same. */
export function noise(samples: number, peak: number, seed = 1): Int16Array {
  let state = seed;
  return new Int16Array(samples).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((state / 2 ** 31 - 1) * peak);
  });
}

export function mix(one: Int16Array, other: Int16Array): Int16Array {
  return one.map((sample, at) => Math.max(-32_768, Math.min(32_767, sample + (other[at] ?? 0))));
}
