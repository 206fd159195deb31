import { joinSamples, LISTEN_RATE, samplesIn } from '../../src/speech/audio/pcm.ts';
import { createResampler } from '../../src/speech/audio/resampler.ts';
import { firstAudibleSample, lastAudibleSample } from '../../src/speech/audio/silence.ts';
import { PocketSphinx } from '../../src/speech/stt/pocketsphinx.ts';
import type { TranscriptionRequest } from '../../src/speech/stt/transcriber.ts';
import { VOICE_RATE, type Voice } from '../../src/speech/tts/voice.ts';
import { forever, samplesOf } from './speech.ts';

interface Spoken {
  readonly voice?: string;
  readonly speed?: number;
  /** Silence before the first sound and after the last one. */
  readonly leadMs?: number;
  readonly trailMs?: number;
}

/**
 * True when PocketSphinx can be used here. Without it the tests are skipped with the reason, or fail when CI=true, where
 * everything has to be installed.
 */
export async function hasPocketSphinx(): Promise<boolean> {
  const found = await PocketSphinx.detect();
  if (found.available) return true;
  if (process.env.CI === 'true') throw new Error(found.reason);
  process.stderr.write(`skipped: ${found.reason}\n`);
  return false;
}

/** What a microphone would hear of `text` at 16 kHz, as the listener cuts it: 200 ms before, 64 ms after. */
export async function spoken(
  voice: Voice,
  text: string,
  { voice: name, speed = 1, leadMs = 200, trailMs = 64 }: Spoken = {},
): Promise<Int16Array> {
  const speech = await samplesOf(voice.speak({ text, voice: name ?? null, speed }, forever()));
  using resampler = await createResampler(VOICE_RATE, LISTEN_RATE);
  const heard = joinSamples([resampler.process(speech), resampler.flush()]);
  const sound = heard.subarray(firstAudibleSample(heard), lastAudibleSample(heard) + 1);
  const silence = (ms: number) => new Int16Array(samplesIn(ms, LISTEN_RATE));
  return joinSamples([silence(leadMs), sound, silence(trailMs)]);
}

/** As a microphone delivers it. */
export function* piecesOf(samples: Int16Array, ms = 32): Generator<Int16Array> {
  const size = samplesIn(ms, LISTEN_RATE);
  for (let at = 0; at < samples.length; at += size) yield samples.slice(at, at + size);
}

/** A request of English by `speaker`. */
export function listening(
  speaker: string,
  onPartial: (text: string) => void = () => {},
): TranscriptionRequest {
  return { language: 'en', prompt: null, speaker, onPartial };
}
