import { VivavoceError } from '../../errors.ts';
import { LISTEN_RATE, samplesIn } from '../audio/pcm.ts';
import { PushedAudio } from './pushed-audio.ts';
import type { Recognition, Transcript, TranscriptionRequest } from './transcriber.ts';

/** Asks for the text of `samples`; `onText` gets all of it so far while it comes. */
type Ask = (samples: Int16Array, onText: (text: string) => void, signal: AbortSignal) => Promise<Transcript>;

/** OpenAI refuses less than 100 ms. */
const SHORTEST_SAMPLES = samplesIn(120, LISTEN_RATE);

interface Answered {
  readonly transcript: Transcript;
  /** How much had been pushed when it was asked for. */
  readonly lengthSamples: number;
}

/** An utterance that is sent whole whenever its text is asked for; not again when only silence has come since. */
export class OpenAiRecognition implements Recognition {
  readonly #audio = new PushedAudio();
  readonly #onPartial: (text: string) => void;
  readonly #ask: Ask;
  readonly #disposed = new AbortController();
  #answered: Answered | null = null;
  #published = '';

  constructor({ onPartial }: Pick<TranscriptionRequest, 'onPartial'>, ask: Ask) {
    this.#onPartial = onPartial;
    this.#ask = ask;
  }

  push(samples: Int16Array): void {
    this.#audio.push(samples);
  }

  async read(signal: AbortSignal): Promise<Transcript> {
    const either = AbortSignal.any([signal, this.#disposed.signal]);
    if (either.aborted) throw new VivavoceError('cancelled', 'the recognition was given up');
    const audio = this.#audio;
    // Models make up words for silence.
    if (audio.isInaudible) return { text: '', words: null };
    if (this.#answered && audio.isQuietSince(this.#answered.lengthSamples)) return this.#answered.transcript;

    const { lengthSamples } = audio;
    const transcript = await this.#ask(
      atLeast(audio.whole(), SHORTEST_SAMPLES),
      (text) => this.#publish(text),
      either,
    );
    if (lengthSamples >= (this.#answered?.lengthSamples ?? 0)) this.#answered = { transcript, lengthSamples };
    return transcript;
  }

  [Symbol.dispose](): void {
    this.#disposed.abort();
  }

  #publish(text: string): void {
    // A second answer begins anew: the text that is shown does not shrink because of it.
    if (this.#disposed.signal.aborted || this.#published.startsWith(text)) return;
    this.#published = text;
    this.#onPartial(text);
  }
}

function atLeast(samples: Int16Array, length: number): Int16Array {
  if (samples.length >= length) return samples;
  const longer = new Int16Array(length);
  longer.set(samples);
  return longer;
}
