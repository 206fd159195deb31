import { joinSamples, PcmDecoder } from '../audio/pcm.ts';
import { createResampler, type Resampler } from '../audio/resampler.ts';
import { isWav, mixDown, parseWavHeader } from '../audio/wav.ts';
import { VOICE_RATE } from './voice.ts';

/** Enough to tell a WAV from plain PCM. */
const SNIFF_BYTES = 12;
/** A WAV header with this much in front of its data is none. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * Decodes the answer of a speech server as it comes, to 24 kHz mono: s16le, or a WAV, which some servers send
 * whatever they are asked for.
 *
 * @param pcmRate rate of the samples when they come without a header.
 * @throws Error that says what is wrong with the audio.
 */
export async function* decodeSpeech(
  body: AsyncIterable<Uint8Array>,
  pcmRate: number,
): AsyncGenerator<Int16Array, void, undefined> {
  const pcm = new PcmDecoder();
  let head: Uint8Array = new Uint8Array(0);
  let resampler: Resampler | null = null;
  let channels = 1;
  let remainingBytes = Number.POSITIVE_INFINITY;
  /** Samples of a frame whose other channels have not come yet. */
  let partial: Int16Array = new Int16Array(0);
  const convert = (to: Resampler, bytes: Uint8Array): Int16Array => {
    const wanted = bytes.subarray(0, Math.min(bytes.length, remainingBytes));
    remainingBytes -= wanted.length;
    const samples = joinSamples([partial, pcm.decode(wanted)]);
    const whole = samples.length - (samples.length % channels);
    partial = samples.subarray(whole);
    return to.process(mixDown(samples.subarray(0, whole), channels));
  };

  try {
    for await (const bytes of body) {
      let data = bytes;
      if (!resampler) {
        head = Buffer.concat([head, bytes]);
        if (head.length < SNIFF_BYTES) continue;
        let rate = pcmRate;
        data = head;
        if (isWav(head)) {
          const format = parseWavHeader(head);
          if (!format) {
            if (head.length > MAX_HEADER_BYTES) throw new Error('the WAV has no data');
            continue;
          }
          ({ rate, channels } = format);
          remainingBytes = format.dataBytes ?? Number.POSITIVE_INFINITY;
          data = head.subarray(format.dataOffset);
        }
        resampler = await createResampler(rate, VOICE_RATE);
      }
      const samples = convert(resampler, data);
      if (samples.length > 0) yield samples;
    }
    // Shorter than what tells the formats apart: a few samples of PCM, if anything.
    resampler ??= await createResampler(pcmRate, VOICE_RATE);
    const short = head.length < SNIFF_BYTES ? convert(resampler, head) : new Int16Array(0);
    const rest = joinSamples([short, resampler.flush()]);
    if (rest.length > 0) yield rest;
  } finally {
    resampler?.[Symbol.dispose]();
  }
}
