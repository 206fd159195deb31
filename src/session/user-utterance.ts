import type { Clock } from '../clock.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import { LISTEN_RATE } from '../speech/audio/pcm.ts';
import type { Recognition, Transcriber, Transcript } from '../speech/stt/transcriber.ts';
import type { TurnDetector, TurnVerdict } from '../speech/turn-detector.ts';

/** What a judge of melody wants to hear. */
const EVIDENCE_SAMPLES = 8 * LISTEN_RATE;

interface Options {
  readonly itemId: string;
  /** Where it begins in the audio received, milliseconds. */
  readonly startMs: number;
  readonly clock: Clock;
  readonly transcriber: Transcriber;
  readonly turnDetector: TurnDetector;
  readonly language: string | null;
  readonly prompt: string | null;
  readonly speaker: string;
  /** The text so far has changed. */
  readonly onPartial: () => void;
}

/** What somebody says from a first word to a silence that ends it, while it is being recognised. */
export class UserUtterance implements Disposable {
  readonly itemId: string;
  readonly startMs: number;
  /** Where its last speech ends in the audio received, milliseconds. */
  endMs: number;
  /** Speech in it so far, without pauses. */
  speechMs = 0;
  /** When its last speech arrived, monotonic milliseconds: what a person waits from. */
  endedAtMs: number;
  /** Whether it is over, judged at its newest pause; null while it is not known. */
  verdict: TurnVerdict | null = null;
  /** When its text was known, monotonic milliseconds; null while it is not. */
  readAtMs: number | null = null;
  /** Its client holds the voice of the agent for it. */
  isDucked = false;
  /** Its client has been told that somebody speaks. */
  isAnnounced = false;
  readonly #clock: Clock;
  readonly #turnDetector: TurnDetector;
  readonly #recognition: Recognition;
  readonly #audio: Int16Array[] = [];
  #audioSamples = 0;
  #pushedSamples = 0;
  #text: string | null = null;
  #reading: { readonly controller: AbortController; readonly transcript: Promise<Transcript> } | null = null;

  constructor(options: Options) {
    const { itemId, startMs, clock, transcriber, turnDetector, language, prompt, speaker } = options;
    this.itemId = itemId;
    this.startMs = startMs;
    this.endMs = startMs;
    this.endedAtMs = clock.monotonicMs();
    this.#clock = clock;
    this.#turnDetector = turnDetector;
    this.#recognition = transcriber.recognise({
      language,
      prompt,
      speaker,
      onPartial: (text) => {
        this.#text = text;
        options.onPartial();
      },
    });
  }

  /** What has been understood so far; null when nothing is known yet. */
  get text(): string | null {
    return this.#text;
  }

  /** How much audio it holds. */
  get seconds(): number {
    return this.#pushedSamples / LISTEN_RATE;
  }

  push(samples: Int16Array): void {
    this.#pushedSamples += samples.length;
    this.#audio.push(samples.slice());
    this.#audioSamples += samples.length;
    for (let first = this.#audio[0]; first; first = this.#audio[0]) {
      if (this.#audioSamples - first.length < EVIDENCE_SAMPLES) break;
      this.#audioSamples -= first.length;
      this.#audio.shift();
    }
    this.#recognition.push(samples);
  }

  /** Speech until `endMs` has come in just now. */
  heardSpeech(endMs: number, speechMs: number): void {
    this.endMs = endMs;
    this.speechMs = speechMs;
    this.endedAtMs = this.#clock.monotonicMs();
  }

  /**
   * Its text as of now; asked for once, however often this is called, until `goOn`. Rejects with `cancelled` when the
   * person goes on before it is there, else with what the recogniser failed with.
   */
  read(): Promise<Transcript> {
    if (this.#reading) return this.#reading.transcript;
    const controller = new AbortController();
    const transcript = this.#recognition.read(controller.signal).then((heard) => {
      if (controller.signal.aborted) throw wentOn();
      this.#text = heard.text;
      this.readAtMs = this.#clock.monotonicMs();
      return heard;
    });
    // Whoever waits for it gets the failure; nobody has to.
    transcript.catch(() => undefined);
    this.#reading = { controller, transcript };
    return transcript;
  }

  /**
   * Judges whether it is over, from what is known of its words and its melody. False when the person has gone on
   * meanwhile.
   */
  async judge(text: string | null): Promise<boolean> {
    const reading = this.#reading;
    if (!reading) return false;
    const { signal } = reading.controller;
    const verdict = await this.#turnDetector.judge({ text, audio: this.#newestAudio() }, signal);
    if (signal.aborted) return false;
    this.verdict = verdict;
    return true;
  }

  /** The person goes on: what was asked at the pause is no longer the question. */
  goOn(): void {
    this.#reading?.controller.abort(wentOn());
    this.#reading = null;
    this.readAtMs = null;
    this.verdict = null;
  }

  [Symbol.dispose](): void {
    if (this.readAtMs === null) this.#reading?.controller.abort(wentOn());
    this.#recognition[Symbol.dispose]();
  }

  #newestAudio(): Int16Array {
    const all = new Int16Array(this.#audioSamples);
    let at = 0;
    for (const part of this.#audio) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

function wentOn(): VivavoceError {
  return new VivavoceError('cancelled', 'the person went on speaking');
}

/** Why an utterance has no text, for the client. */
export function transcriptionError(error: unknown): { type: string; code: string; message: string } {
  const isOurs = error instanceof VivavoceError;
  return {
    type: 'transcription_error',
    code: isOurs ? error.code : 'internal_error',
    message: isOurs ? messageOf(error) : 'The speech could not be transcribed.',
  };
}
