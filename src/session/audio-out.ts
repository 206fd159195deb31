import { messageOf, VivavoceError } from '../errors.ts';
import { createOutputEncoder, type OutputFormat } from '../speech/audio/output-format.ts';
import { VOICE_RATE } from '../speech/tts/voice.ts';
import type { Line } from './line.ts';
import type { MessageWriter } from './message-writer.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import type { Pace } from './pace.ts';
import type { Speaker, SpokenFrame, Utterance } from './speaker.ts';

/** Ends a reply behind a sentence. Made once, like every reason of an abort. */
export const ENOUGH = new VivavoceError('cancelled', 'it ends after a sentence');

/** The way that the audio of a session takes. */
export interface AudioPath {
  readonly line: Line;
  readonly pace: Pace;
  /** So much audio of an item has been handed over. */
  readonly onSent: (itemId: string, ms: number) => void;
  /** So much of it was passed over: the client never gets it. */
  readonly onSkipped: (itemId: string, ms: number) => void;
}

interface Options {
  readonly speaker: Speaker;
  readonly format: OutputFormat;
  readonly path: AudioPath;
  readonly outbox: Outbox<Outgoing>;
  readonly responseId: string;
  readonly signal: AbortSignal;
  /** The message that is spoken; null while there is none. */
  readonly message: () => { readonly writer: MessageWriter; readonly itemId: string } | null;
  readonly onFirstAudio: () => void;
  readonly onFirstSent: () => void;
  /** The voice failed on a piece. */
  readonly onFailure: (utterance: Utterance, error: string) => void;
}

/**
 * Sends the audio of one reply as it is made, but no faster than the client takes it.
 *
 * When the client has come back on another connection, what was on its way may be lost: the rest of that sentence is passed
 * over, the next one is sent, and between them the client is told of the gap.
 */
export class AudioOut {
  readonly #options: Options;
  /** The connection on which the sentence begins that is being spoken. */
  #connection: number;
  #isSentenceStart = true;
  /** Where the gap begins that the client was not told of yet, milliseconds of the item's audio. */
  #gapStartMs: number | null = null;
  #hasBegun = false;
  #isFinishing = false;
  /** A sentence was not begun any more. */
  #wasEnough = false;

  constructor(options: Options) {
    this.#options = options;
    this.#connection = options.path.line.connection;
  }

  /** The client says that it has nothing of the audio from there on. */
  lostFrom(audioMs: number): void {
    this.#gapStartMs = Math.min(this.#gapStartMs ?? audioMs, audioMs);
  }

  /** No sentence is begun any more but the first. */
  finishSentence(): void {
    this.#isFinishing = true;
  }

  /**
   * Resolves when all of it has been sent, or passed to the outbox.
   *
   * @throws ENOUGH when a sentence was not begun any more.
   */
  async run(): Promise<void> {
    const { speaker, format, signal, message } = this.#options;
    using encoder = await createOutputEncoder(format);
    for await (const frame of speaker.frames()) {
      if (signal.aborted) return;
      if (this.#isEnough(frame)) break;
      this.#hasBegun = true;
      if (frame.failure !== null) this.#options.onFailure(frame.utterance, messageOf(frame.failure));
      if (frame.samples.length > 0) this.#options.onFirstAudio();
      await this.#room();
      if (signal.aborted) return;
      const bytes = encoder.encode(frame.samples);
      if (this.#isPassedOver(frame)) this.#skip(frame);
      else this.#send(frame, bytes);
      // The last frame of a piece is empty and says how the piece ended.
      if (frame.samples.length === 0) this.#isSentenceStart = frame.utterance.sentence.ending !== 'clause';
    }
    this.#closeGap();
    message()?.writer.audioTail(encoder.flush());
    if (this.#wasEnough) throw ENOUGH;
  }

  #isEnough({ isFirst }: SpokenFrame): boolean {
    this.#wasEnough = this.#isFinishing && this.#hasBegun && isFirst && this.#isSentenceStart;
    return this.#wasEnough;
  }

  async #room(): Promise<void> {
    const { path, signal } = this.#options;
    for (;;) {
      const wait = path.line.roomForAudio(signal) ?? path.pace.room(signal);
      if (wait === null || signal.aborted) return;
      await wait;
    }
  }

  #isPassedOver({ isFirst }: SpokenFrame): boolean {
    const { connection } = this.#options.path.line;
    if (isFirst && this.#isSentenceStart) {
      this.#connection = connection;
      this.#closeGap();
    }
    return this.#connection !== connection;
  }

  #send(frame: SpokenFrame, bytes: Uint8Array): void {
    const { path, onFirstSent, message } = this.#options;
    const ms = lengthOf(frame);
    const current = message();
    const beginsSentence = frame.isFirst && this.#isSentenceStart;
    current?.writer.audio(frame, bytes, {
      onSent: () => {
        // It may have waited for the disk until the client was back.
        if (beginsSentence) {
          this.#connection = path.line.connection;
          this.#tellGap(current.writer.timeline.sentMs - ms);
        }
        onFirstSent();
        path.onSent(current.itemId, ms);
      },
      onLost: () => this.#lost(current, ms),
    });
  }

  #skip(frame: SpokenFrame): void {
    const current = this.#options.message();
    current?.writer.skip(frame, () => this.#lost(current, lengthOf(frame)));
  }

  #lost({ writer, itemId }: { writer: MessageWriter; itemId: string }, ms: number): void {
    if (ms === 0) return;
    this.#gapStartMs ??= writer.timeline.sentMs - ms;
    this.#options.path.onSkipped(itemId, ms);
  }

  /** In its place among the audio: it is known only there how long the gap is. */
  #closeGap(): void {
    const { outbox, responseId, message } = this.#options;
    outbox.afterAll(responseId, () => this.#tellGap(message()?.writer.timeline.sentMs ?? 0));
  }

  #tellGap(endMs: number): void {
    const { outbox, responseId, message } = this.#options;
    const itemId = message()?.itemId;
    if (this.#gapStartMs === null || itemId === undefined) return;
    outbox.sendNow(audioSkipped(responseId, itemId, this.#gapStartMs, endMs));
    this.#gapStartMs = null;
  }
}

/** A part of an item's audio that the client has not got and will not get. */
export function audioSkipped(responseId: string, itemId: string, startMs: number, endMs: number): Outgoing {
  return {
    type: 'vivavoce.audio.skipped',
    response_id: responseId,
    item_id: itemId,
    audio_start_ms: Math.round(startMs),
    audio_end_ms: Math.round(endMs),
  };
}

function lengthOf({ samples }: SpokenFrame): number {
  return (samples.length * 1000) / VOICE_RATE;
}
