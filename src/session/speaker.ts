import { cutFrames } from '../speech/audio/frames.ts';
import { trimSilence } from '../speech/audio/silence.ts';
import type { Sentence } from '../speech/sentences.ts';
import type { Spoken } from '../speech/spoken-text.ts';
import { type SpeechChunk, VOICE_RATE, type Voice, type WordTime } from '../speech/tts/voice.ts';
import { AsyncQueue, readAhead } from './async-queue.ts';

/** Sentences that are synthesised before the one that is being delivered has ended. */
const AHEAD = 2;
/** Silence that a reply may begin with; engines put up to a quarter of a second there. */
const FIRST_LEAD_MS = 20;
/** The pause between two pieces is ours, not the engine's: after a sentence one breathes. */
const PAUSE_MS: Readonly<Record<Sentence['ending'], number>> = { sentence: 220, clause: 70, end: 220 };
const TRAIL_MS = 30;

/** A piece of a reply on its way to the ear. */
export interface Utterance {
  readonly sentence: Sentence;
  readonly spoken: Spoken;
}

export interface SpokenFrame {
  readonly utterance: Utterance;
  /** At most 40 ms, 24 kHz. Empty on the one that ends a piece. */
  readonly samples: Int16Array;
  /** Where words of the piece are, from the piece's first sample, pause included; null where the engine says nothing. */
  readonly words: readonly WordTime[] | null;
  readonly isFirst: boolean;
  /** All of the piece has come; on the empty frame that ends it. */
  readonly isWhole: boolean;
  /** Silence of ours that the piece begins with. */
  readonly pauseMs: number;
  /** The voice failed on this piece: what there was of it has been delivered. */
  readonly failure: unknown;
}

interface Options {
  readonly voice: Voice;
  readonly voiceName: string | null;
  readonly speed: number;
  readonly signal: AbortSignal;
}

interface Started {
  readonly utterance: Utterance;
  readonly pauseMs: number;
  readonly audio: AsyncIterable<SpeechChunk>;
}

/**
 * Speaks the pieces of one reply in order.
 *
 * A piece goes to the voice the moment it is said, unless two are ahead already; its frames come out as soon as they
 * exist and all frames before them have. A piece on which the voice fails does not take the others with it.
 */
export class Speaker {
  readonly #options: Options;
  readonly #waiting: Utterance[] = [];
  readonly #started = new AsyncQueue<Started>();
  #running = 0;
  #lastEnding: Sentence['ending'] | null = null;
  #finished = false;

  constructor(options: Options) {
    this.#options = options;
  }

  say(utterance: Utterance): void {
    this.#waiting.push(utterance);
    this.#start();
  }

  /** Nothing more is going to be said. */
  finish(): void {
    this.#finished = true;
    this.#start();
  }

  async *frames(): AsyncGenerator<SpokenFrame> {
    for await (const { utterance, pauseMs, audio } of this.#started) {
      let isFirst = true;
      let failure: unknown = null;
      try {
        for await (const { samples, words = null } of cutFrames(audio)) {
          yield { utterance, samples, words, isFirst, isWhole: false, pauseMs, failure };
          isFirst = false;
        }
      } catch (error) {
        this.#options.signal.throwIfAborted();
        failure = error;
      }
      const nothing = { samples: new Int16Array(0), words: null };
      yield { utterance, ...nothing, isFirst, isWhole: failure === null, pauseMs, failure };
      this.#running--;
      this.#start();
    }
  }

  #start() {
    while (this.#running <= AHEAD) {
      const utterance = this.#waiting.shift();
      if (!utterance) break;
      this.#running++;
      const pauseMs = this.#lastEnding === null ? 0 : PAUSE_MS[this.#lastEnding];
      this.#started.push({ utterance, pauseMs, audio: readAhead(this.#synthesise(utterance, pauseMs)) });
      this.#lastEnding = utterance.sentence.ending;
    }
    if (this.#finished && this.#waiting.length === 0) this.#started.end();
  }

  #synthesise({ spoken }: Utterance, pauseMs: number): AsyncIterable<SpeechChunk> {
    const { voice, voiceName, speed, signal } = this.#options;
    const audio = voice.speak({ text: spoken.text, voice: voiceName, speed }, signal);
    const leadMs = this.#lastEnding === null ? FIRST_LEAD_MS : 0;
    return withPause(pauseMs, trimSilence(audio, { leadMs, trailMs: TRAIL_MS }));
  }
}

/** Puts a pause in front, which moves the words too. */
async function* withPause(pauseMs: number, chunks: AsyncIterable<SpeechChunk>): AsyncGenerator<SpeechChunk> {
  let isFirst = true;
  for await (const { samples, words } of chunks) {
    if (isFirst && pauseMs > 0) yield { samples: new Int16Array((pauseMs * VOICE_RATE) / 1000) };
    isFirst = false;
    yield words
      ? {
          samples,
          words: words.map((word) => ({
            ...word,
            startMs: word.startMs + pauseMs,
            endMs: word.endMs + pauseMs,
          })),
        }
      : { samples };
  }
}
