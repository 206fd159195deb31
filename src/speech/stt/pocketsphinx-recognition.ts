import { isAbort, VivavoceError } from '../../errors.ts';
import { abortErrorOf, throwIfAborted } from '../../resilience/abortable.ts';
import { LISTEN_RATE, samplesIn } from '../audio/pcm.ts';
import { UtteranceAudio } from './pocketsphinx-audio.ts';
import type { PocketSphinxChild } from './pocketsphinx-child.ts';
import type { Borrower, PocketSphinxPool } from './pocketsphinx-pool.ts';
import { PocketSphinxSegment } from './pocketsphinx-segment.ts';
import type { SpeakerMeans } from './pocketsphinx-speakers.ts';
import { plainWords, written, writtenText } from './pocketsphinx-text.ts';
import type { HeardWord, Recognition, Transcript, TranscriptionRequest } from './transcriber.ts';

/** What waits to be heard: 19 MB. */
const MAX_MINUTES = 10;
const MAX_SAMPLES = samplesIn(MAX_MINUTES * 60_000, LISTEN_RATE);
/** While one speaks, and when there is something to catch up with: 15 and 60 ms of work. */
const LIVE_PIECE_SAMPLES = samplesIn(100, LISTEN_RATE);
const LARGEST_PIECE_SAMPLES = samplesIn(400, LISTEN_RATE);
/** After such a silence what follows is decoded on its own. */
const PAUSE_SAMPLES = samplesIn(1_000, LISTEN_RATE);
/** How much of a silence stays before what follows it. */
const LEAD_SAMPLES = samplesIn(300, LISTEN_RATE);

interface Reader {
  /** It asked for the text up to here. */
  readonly until: number;
  resolve(transcript: Transcript): void;
  reject(error: unknown): void;
}

/**
 * One utterance. It borrows a decoder when there is something to hear and gives it back when somebody has read all of
 * it; until then the samples wait here. A decoder cannot continue what was ended, so more after a `read` begins the
 * segment again, which takes 0.15 of its duration.
 */
export class PocketSphinxRecognition implements Recognition, Borrower {
  readonly #pool: PocketSphinxPool;
  readonly #request: TranscriptionRequest;
  readonly #means: SpeakerMeans;
  readonly #audio = new UtteranceAudio();
  readonly #readers = new Set<Reader>();
  /** What will not be decoded again. */
  #settled: HeardWord[] = [];
  #segment: PocketSphinxSegment;
  /** No sound from what is decoded up to here. */
  #quietUntil = 0;
  #partial = '';
  #partialAt = 0;
  #failures = 0;
  #isWorking = false;
  #isFull = false;
  #isDisposed = false;
  #mustYield = false;
  #wake: (() => void) | null = null;

  constructor(pool: PocketSphinxPool, means: SpeakerMeans, request: TranscriptionRequest) {
    this.#pool = pool;
    this.#means = means;
    this.#request = request;
    this.#segment = this.#newSegment(0);
  }

  get isUrgent(): boolean {
    return this.#readers.size > 0;
  }

  push(samples: Int16Array): void {
    if (this.#isDisposed || samples.length === 0) return;
    this.#isFull ||= this.#audio.size + samples.length > MAX_SAMPLES;
    if (this.#isFull) return;
    this.#audio.append(samples);
    this.#proceed();
  }

  read(signal: AbortSignal): Promise<Transcript> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      if (this.#isDisposed) throw cancelled();
      if (this.#isFull) throw tooLong();
      const settle = () => {
        this.#readers.delete(reader);
        signal.removeEventListener('abort', onAbort);
      };
      const reader: Reader = {
        until: this.#audio.end,
        resolve: (transcript) => {
          settle();
          resolve(transcript);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const onAbort = () => {
        reader.reject(abortErrorOf(signal));
        this.#proceed();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#readers.add(reader);
      this.#proceed();
      this.#pool.lend();
    });
  }

  yield(): void {
    this.#mustYield = true;
    this.#proceed();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#pool.withdraw(this);
    for (const reader of this.#readers) reader.reject(cancelled());
    this.#proceed();
  }

  #newSegment(start: number): PocketSphinxSegment {
    return new PocketSphinxSegment(this.#audio, start, this.#means, this.#request.speaker);
  }

  /** Answers what can be answered as it is, and sees to the rest. */
  #proceed(): void {
    this.#wake?.();
    this.#wake = null;
    if (this.#isWorking || this.#isDisposed) return;
    const isUnheard = this.#findSound();
    this.#answer();
    if (this.#readers.size === 0 && (!isUnheard || this.#failures > 1)) return;
    this.#isWorking = true;
    void this.#work().finally(() => {
      this.#isWorking = false;
      this.#proceed();
    });
  }

  async #work(): Promise<void> {
    const decoder = await this.#pool.borrow(this);
    if (!decoder) return;
    this.#mustYield = false;
    try {
      while (!this.#isDisposed && (await this.#step(decoder)));
      this.#segment.giveUp();
    } catch (error) {
      this.#segment.giveUp();
      this.#failures++;
      // Once more from the beginning of the segment, on the process that took the place of the one that died.
      if (this.#failures > 1) for (const reader of this.#readers) reader.reject(asFailure(error));
    } finally {
      this.#pool.release(this, decoder);
    }
  }

  /** One call of the decoder, or waiting for more to do; false when the decoder is not needed any longer. */
  async #step(decoder: PocketSphinxChild): Promise<boolean> {
    const segment = this.#segment;
    if (this.#mustYield && !this.isUrgent) return false;
    if (!segment.isOpen) {
      const isUnheard = this.#findSound();
      this.#answer();
      if (!isUnheard && this.#readers.size === 0) return false;
      if (segment.isLong) this.#settle();
      await this.#segment.begin(decoder);
      return true;
    }
    const target = this.#target();
    const waiting = target - segment.fed;
    if (waiting >= LIVE_PIECE_SAMPLES || (waiting > 0 && this.isUrgent)) {
      const text = await segment.feed(decoder, Math.min(waiting, LARGEST_PIECE_SAMPLES));
      this.#report(text);
      const isLast = this.isUrgent && segment.fed >= this.#target();
      if (!isLast && (await segment.relearn(decoder, false))) return true;
      if (segment.isTooLong || (segment.isLong && segment.endsQuietly)) {
        await segment.finish(decoder);
        this.#settle();
      }
      return true;
    }
    if (this.isUrgent) {
      if (await segment.relearn(decoder, true)) return true;
      await segment.finish(decoder);
      this.#failures = 0;
      this.#quietUntil = Math.max(this.#quietUntil, segment.covered);
      return true;
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return true;
  }

  /** Exactly what was asked for, so that one who goes on speaking does not put the answer off. */
  #target(): number {
    return this.isUrgent ? Math.max(...[...this.#readers].map(({ until }) => until)) : this.#audio.end;
  }

  /** Words that stand for good; what is behind them is a segment of its own. */
  #settle(): void {
    const { words, cut } = this.#segment.part();
    this.#settled = [...this.#settled, ...words];
    this.#segment = this.#newSegment(cut);
    this.#quietUntil = Math.max(cut, this.#quietUntil);
    this.#audio.dropBefore(cut);
  }

  /** Whether there is sound that nobody has decoded. A long silence is no part of what follows it. */
  #findSound(): boolean {
    const { end } = this.#audio;
    const from = Math.max(this.#segment.covered, this.#quietUntil);
    this.#quietUntil = this.#audio.firstSound(from, end);
    const isSilent = this.#quietUntil >= end;
    if (this.#quietUntil - this.#segment.covered > PAUSE_SAMPLES) {
      this.#settled = [...this.#settled, ...this.#segment.words];
      this.#segment = this.#newSegment(this.#quietUntil - LEAD_SAMPLES);
      this.#audio.dropBefore(this.#segment.start);
    }
    return !isSilent;
  }

  #answer(): void {
    const covered = Math.max(this.#segment.covered, this.#quietUntil);
    for (const reader of this.#readers) if (reader.until <= covered) reader.resolve(this.#transcript());
  }

  #transcript(): Transcript {
    const words = written([...this.#settled, ...this.#segment.words]);
    return { text: words.map(({ text }) => text).join(' '), words };
  }

  #report(hypothesis: string): void {
    // What is decoded a second time begins with few words again.
    if (this.#isDisposed || this.#segment.fed < this.#partialAt) return;
    this.#partialAt = this.#segment.fed;
    const text = writtenText([...this.#settled.map((word) => word.text), ...plainWords(hypothesis)]);
    if (text === this.#partial) return;
    this.#partial = text;
    this.#request.onPartial(text);
  }
}

function cancelled(): VivavoceError {
  return new VivavoceError('cancelled', 'the recognition was disposed');
}

function tooLong(): VivavoceError {
  const what = `more than ${MAX_MINUTES} minutes of audio wait to be recognised`;
  return new VivavoceError('engine_failed', `${what}: send it in shorter parts, or run more decoders`);
}

function asFailure(error: unknown): unknown {
  if (error instanceof VivavoceError || isAbort(error)) return error;
  return new VivavoceError('engine_failed', 'pocketsphinx failed', { cause: error });
}
