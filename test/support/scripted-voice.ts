import type { Clock } from '../../src/clock.ts';
import { VivavoceError } from '../../src/errors.ts';
import type { SpeechChunk, SpeechRequest, Voice } from '../../src/speech/tts/voice.ts';
import { tone } from './speech.ts';

interface Options {
  /** How long it thinks about a text; 0 when absent. */
  readonly delayMs?: (text: string) => number;
  /** Makes it fail on a text. */
  readonly fails?: (text: string) => boolean;
}

/** 24 kHz × 100 ms */
const WORD_SAMPLES = 2_400;

/** A voice that says every word as 100 ms of tone and knows exactly where each one is. */
export class ScriptedVoice implements Voice {
  readonly engine = 'scripted';
  readonly voices = ['tone', 'other'];
  /** What it was asked to say, with the time. */
  readonly asked: { text: string; voice: string | null; atMs: number }[] = [];
  readonly #clock: Clock;
  readonly #options: Options;

  constructor(clock: Clock, options: Options = {}) {
    this.#clock = clock;
    this.#options = options;
  }

  cannotSpeak(text: string): string | null {
    return /\p{Script=Cyrillic}/u.test(text) ? 'it speaks no Russian' : null;
  }

  async *speak({ text, voice }: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    this.asked.push({ text, voice, atMs: this.#clock.monotonicMs() });
    const delayMs = this.#options.delayMs?.(text) ?? 0;
    if (delayMs > 0) await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
    if (signal.aborted) throw new VivavoceError('cancelled', 'nobody listens any more');
    if (this.#options.fails?.(text)) throw new VivavoceError('engine_failed', 'the voice broke');
    const words = [...text.matchAll(/\S+/gu)];
    yield {
      samples: tone(440, 24_000, WORD_SAMPLES * words.length),
      words: words.map(({ 0: word, index }, at) => ({
        start: index,
        end: index + word.length,
        startMs: at * 100,
        endMs: (at + 1) * 100,
      })),
    };
  }
}
