import { joinSamples } from '../../src/speech/audio/pcm.ts';
import { createPolyphaseResampler } from '../../src/speech/audio/polyphase-resampler.ts';
import { firstAudibleSample, lastAudibleSample } from '../../src/speech/audio/silence.ts';
import { VOICE_RATE, type Voice, type WordTime } from '../../src/speech/tts/voice.ts';
import { chunksOf, forever } from './speech.ts';
import type { TranscriptionAnswer } from './transcription-server.ts';

interface Familiar {
  readonly text: string;
  /** 24 kHz, without silence around it. */
  readonly samples: Int16Array;
  /** From its first sample. */
  readonly words: readonly WordTime[];
  /** The same at `COMPARE_RATE`. */
  readonly outline: Float64Array;
}

/** Most of a voice is below 1 kHz, so that is enough to know a sentence by. */
const COMPARE_RATE = 2_000;
/** How far the beginnings of two recordings may be apart. */
const SHIFT_SAMPLES = 0.15 * COMPARE_RATE;
/** Correlation of the same sentence, through whatever codec: above 0.8. Of different ones: below 0.4. */
const SAME = 0.6;
/** Less than that could be anything. */
const SHORTEST_SAMPLES = 0.2 * COMPARE_RATE;

/**
 * Sentences in a real voice, and ears that know them by their sound: whatever else is heard, or arrives garbled, has no
 * words. A sentence that is cut off has the words that were said by then.
 */
export class FamiliarSpeech {
  readonly #known: readonly Familiar[];

  private constructor(known: readonly Familiar[]) {
    this.#known = known;
  }

  static async record(voice: Voice, texts: readonly string[]): Promise<FamiliarSpeech> {
    return new FamiliarSpeech(await Promise.all(texts.map((text) => record(voice, text))));
  }

  /** What it sounds like, 24 kHz. */
  speech(text: string): Int16Array {
    const known = this.#known.find((familiar) => familiar.text === text);
    if (!known) throw new Error(`Nobody has recorded "${text}".`);
    return known.samples;
  }

  /** What is said in a recording: nothing when it is none of the sentences. */
  understand(samples: Int16Array, rate: number): string {
    const heard = outlineOf(samples, rate);
    if (heard.length < SHORTEST_SAMPLES) return '';
    const found = this.#known
      .map((familiar) => ({ familiar, likeness: likeness(familiar.outline, heard) }))
      .reduce((best, other) => (other.likeness > best.likeness ? other : best));
    if (found.likeness < SAME) return '';
    const heardMs = (heard.length * 1000) / COMPARE_RATE;
    return found.familiar.words
      .filter(({ startMs, endMs }) => (startMs + endMs) / 2 < heardMs)
      .map(({ start, end }) => found.familiar.text.slice(start, end))
      .join(' ');
  }

  /** For the stand-in of a transcription server. */
  get answer(): TranscriptionAnswer {
    return ({ samples, rate }, response) => {
      const text = this.understand(samples, rate);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ text }));
    };
  }
}

async function record(voice: Voice, text: string): Promise<Familiar> {
  const chunks = await chunksOf(voice.speak({ text, voice: null, speed: 1 }, forever()));
  const whole = joinSamples(chunks.map(({ samples }) => samples));
  const from = firstAudibleSample(whole);
  const samples = whole.slice(from, lastAudibleSample(whole) + 1);
  const startMs = (from * 1000) / VOICE_RATE;
  const words = (chunks[0]?.words ?? []).map((word) => ({
    ...word,
    startMs: word.startMs - startMs,
    endMs: word.endMs - startMs,
  }));
  return { text, samples, words, outline: outlineOf(samples, VOICE_RATE) };
}

/** From its first sound, at `COMPARE_RATE`. */
function outlineOf(samples: Int16Array, rate: number): Float64Array {
  const from = firstAudibleSample(samples);
  if (from < 0) return new Float64Array(0);
  const block = rate / COMPARE_RATE;
  const outline = new Float64Array(Math.floor((samples.length - from) / block));
  for (const [at] of outline.entries()) {
    const part = samples.subarray(from + at * block, from + (at + 1) * block);
    outline[at] = part.reduce((sum, sample) => sum + sample, 0) / block;
  }
  return outline;
}

/** Of the same sound 1, wherever within `SHIFT_SAMPLES` it begins. */
function likeness(known: Float64Array, heard: Float64Array): number {
  let best = 0;
  for (let shift = -SHIFT_SAMPLES; shift <= SHIFT_SAMPLES; shift++) {
    const from = Math.max(0, -shift);
    const to = Math.min(known.length, heard.length - shift);
    if (to - from < SHORTEST_SAMPLES) continue;
    let product = 0;
    let knownPower = 0;
    let heardPower = 0;
    for (let at = from; at < to; at++) {
      const one = known[at] ?? 0;
      const other = heard[at + shift] ?? 0;
      product += one * other;
      knownPower += one * one;
      heardPower += other * other;
    }
    best = Math.max(best, product / Math.sqrt(knownPower * heardPower || 1));
  }
  return best;
}

/** Telephone quality, 8 kHz. */
export function asTelephone(samples: Int16Array): Int16Array {
  using resampler = createPolyphaseResampler(VOICE_RATE, 8_000);
  return joinSamples([resampler.process(samples).slice(), resampler.flush()]);
}
