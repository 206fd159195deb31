import { VivavoceError } from '../../errors.ts';
import { orAborted, throwIfAborted } from '../../resilience/abortable.ts';
import { LISTEN_RATE, samplesIn } from '../audio/pcm.ts';
import type { HeardWord, Recognition, Transcript, TranscriptionRequest } from './transcriber.ts';
import { WindowedAudio } from './windowed-audio.ts';
import { type Cut, cutAtPause, cutAtWords, LONGEST_PASS } from './windowed-cut.ts';
import { agreedWords, joinOverlapping, joinTexts, type TextWord, textWords } from './windowed-words.ts';

/** Something that hears whole recordings only. */
export interface PassEngine {
  /** True when a pass would begin at once. */
  readonly idle: boolean;
  /**
   * What is said in these samples, 16 kHz mono and at most 28 s; they are the engine's. Times count from their first.
   * Rejects with `isAbort` soon after `signal` is aborted.
   */
  transcribe(samples: Int16Array, request: TranscriptionRequest, signal: AbortSignal): Promise<Transcript>;
}

/** So much more audio is worth another pass. */
const STEP = samplesIn(300, LISTEN_RATE);
/** Kept before the first sound, and behind the last. */
const MARGIN = samplesIn(200, LISTEN_RATE);
/** Sound so close to the end of a pass goes on behind it. */
const AT_THE_EDGE = samplesIn(50, LISTEN_RATE);
/** After a pass failed, so much audio goes by until the next one that nobody asked for. */
const REST_AFTER_FAILURE = LISTEN_RATE;
/** A silence that ends a window, when all before it is known. */
const LONG_SILENCE = LISTEN_RATE * 2;
/** A window that is so long is cut at the next good pause, because a pass costs as much as its window is long. */
const LONG_WINDOW = LISTEN_RATE * 12;

interface Plan {
  readonly start: number;
  readonly end: number;
  readonly cut: Cut | null;
}

interface Pass {
  readonly plan: Plan;
  readonly controller: AbortController;
  /** Never rejects. */
  readonly done: Promise<void>;
}

interface Heard {
  readonly end: number;
  readonly transcript: Transcript;
  readonly textWords: readonly TextWord[];
}

/**
 * Makes an engine that hears whole recordings follow long speech.
 *
 * While somebody speaks, the engine gets the utterance so far again and again, whenever it is idle; words that two
 * passes in a row agree on are published. Before the audio becomes too long for a pass it is cut in a pause, and the
 * text before the cut is final. What is silent for the ear is never sent.
 */
export class WindowedRecognition implements Recognition {
  readonly #engine: PassEngine;
  readonly #request: TranscriptionRequest;
  readonly #audio = new WindowedAudio();
  readonly #disposal = new AbortController();
  /** Before the window. */
  #final: { text: string; words: HeardWord[] | null } = { text: '', words: [] };
  /** The last cut was inside speech: what follows may repeat a little of it. */
  #overlaps = false;
  /** Words that ended before this were final already, for engines that say when. */
  #knownUntilMs = 0;
  #windowStart = 0;
  /** The newest pass over all of the window that there was. */
  #newest: Heard | null = null;
  /** Words of the window that two passes agree on. */
  #agreed = 0;
  #published = '';
  #running: Pass | null = null;
  #nextPassAt = STEP;
  #reads: Promise<unknown> = Promise.resolve();
  #reading = 0;

  constructor(engine: PassEngine, request: TranscriptionRequest) {
    this.#engine = engine;
    this.#request = request;
  }

  push(samples: Int16Array): void {
    if (this.#disposal.signal.aborted) return;
    this.#audio.push(samples);
    if (this.#running === null && this.#reading === 0) this.#follow();
  }

  read(signal: AbortSignal): Promise<Transcript> {
    this.#reading++;
    const answer = this.#reads.then(() => this.#finish(signal)).finally(() => this.#reading--);
    this.#reads = answer.catch(() => {});
    return orAborted(answer, signal);
  }

  [Symbol.dispose](): void {
    this.#disposal.abort(new VivavoceError('cancelled', 'the utterance was given up'));
  }

  async #finish(signal: AbortSignal): Promise<Transcript> {
    const ended = AbortSignal.any([signal, this.#disposal.signal]);
    throwIfAborted(ended);
    const running = this.#running;
    if (running) {
      const { plan } = running;
      // Nothing more was said since it began: it is the answer. Otherwise it is in the way, unless it ends a window.
      if (plan.cut === null && !this.#isSilentFrom(plan.end)) running.controller.abort();
      await orAborted(running.done, ended);
    }
    while (!this.#isKnown()) {
      throwIfAborted(ended);
      await this.#pass(this.#plan(false), ended);
    }
    const { text } = this.#withNewest();
    return { text, words: this.#words() };
  }

  /** What there is to do when nobody asks. */
  #follow(): void {
    const { end } = this.#audio;
    if (this.#isKnown()) {
      const last = this.#audio.lastVoiced({ start: this.#windowStart, end });
      // It would say the same of the same sound.
      if (this.#newest && end - last >= STEP) this.#agree(this.#newest.textWords.length);
      if (end - Math.max(last, this.#windowStart) >= LONG_SILENCE) this.#beginWindow(end - MARGIN, false);
      return;
    }
    if (!this.#engine.idle || end < this.#nextPassAt) return;
    void this.#pass(this.#plan(true), this.#disposal.signal).catch(() => {
      // Whoever reads asks again and gets the error, if it is still one then.
      this.#nextPassAt = this.#audio.end + REST_AFTER_FAILURE;
    });
  }

  #plan(early: boolean): Plan {
    const { end } = this.#audio;
    const window = { start: this.#windowStart, end };
    const start = Math.max(this.#windowStart, this.#audio.firstVoiced(window) - MARGIN);
    const stop = Math.min(end, this.#audio.lastVoiced(window) + MARGIN);
    const cut = stop - start > LONGEST_PASS ? cutAtPause(this.#audio, start) : null;
    if (cut) return { start, end: cut.end, cut };
    const long = early && stop - start > LONG_WINDOW;
    const good = long ? cutAtPause(this.#audio, start, stop) : null;
    return good ? { start, end: good.end, cut: good } : { start, end: stop, cut: null };
  }

  async #pass(plan: Plan, signal: AbortSignal): Promise<void> {
    if (plan.cut && this.#cutAtKnownWords()) return;
    const controller = new AbortController();
    const done = Promise.withResolvers<void>();
    this.#running = { plan, controller, done: done.promise };
    this.#nextPassAt = this.#audio.end + STEP;
    try {
      const ended = AbortSignal.any([signal, controller.signal]);
      const transcript = await this.#engine.transcribe(this.#audio.slice(plan), this.#request, ended);
      if (!ended.aborted) this.#take(plan, transcript);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      this.#running = null;
      done.resolve();
    }
    throwIfAborted(signal);
    if (this.#reading === 0) this.#follow();
  }

  #take({ start, end, cut }: Plan, { text, words }: Transcript): void {
    const offsetMs = (start * 1000) / LISTEN_RATE;
    const moved = words?.map((word) => ({
      ...word,
      startMs: word.startMs + offsetMs,
      endMs: word.endMs + offsetMs,
    }));
    const fresh = moved?.filter((word) => (word.startMs + word.endMs) / 2 >= this.#knownUntilMs) ?? null;
    const known = moved && fresh && fresh.length < moved.length;
    const transcript = { text: known ? textOf(fresh) : text, words: fresh };
    const heard: Heard = { end, transcript, textWords: textWords(transcript.text) };
    const before = this.#newest;
    this.#newest = heard;
    const agreed = before ? agreedWords(before.textWords, heard.textWords) : 0;
    if (!cut) {
      // A long word may sound the same twice before it is over.
      const open = this.#audio.lastVoiced({ start, end }) > end - AT_THE_EDGE ? 1 : 0;
      this.#agree(Math.min(agreed, heard.textWords.length - open));
      return;
    }
    this.#agree(heard.textWords.length);
    const count = heard.textWords.length;
    this.#beginWindow(cut.next, !cut.inPause);
    // What the pass before heard behind the cut is what the next one has to agree with.
    if (!before || agreed < count) return;
    const rest = before.transcript.text.slice(before.textWords[count - 1]?.end ?? 0);
    this.#newest = { end: cut.next, transcript: { text: '', words: null }, textWords: textWords(rest) };
  }

  /** An engine that says when each word was said needs no further pass to know what was before a cut. */
  #cutAtKnownWords(): boolean {
    const { words } = this.#newest?.transcript ?? { words: null };
    const cut = words && cutAtWords(words, (this.#windowStart * 1000) / LISTEN_RATE);
    if (!cut || !this.#newest) return false;
    const kept = words.slice(0, cut.count);
    const text = textOf(kept);
    this.#newest = { ...this.#newest, transcript: { text, words: kept }, textWords: textWords(text) };
    this.#agree(this.#newest.textWords.length);
    this.#beginWindow(cut.next, false);
    this.#knownUntilMs = cut.knownUntilMs;
    this.#newest = {
      end: cut.next,
      transcript: { text: '', words: null },
      textWords: textWords(textOf(words.slice(cut.count))),
    };
    return true;
  }

  /** What the window holds becomes final, and another one begins. */
  #beginWindow(start: number, overlaps: boolean): void {
    this.#final = { text: this.#withNewest().text, words: this.#words() };
    this.#overlaps = overlaps;
    this.#newest = null;
    this.#agreed = 0;
    this.#windowStart = Math.max(this.#windowStart, start);
    this.#audio.drop(this.#windowStart);
  }

  #withNewest(count = Number.POSITIVE_INFINITY): { text: string } {
    const { transcript, textWords: words } = this.#newest ?? { transcript: { text: '' }, textWords: [] };
    const text =
      count < words.length ? transcript.text.slice(0, words[count - 1]?.end ?? 0) : transcript.text;
    return { text: (this.#overlaps ? joinOverlapping : joinTexts)(this.#final.text, text) };
  }

  #words(): HeardWord[] | null {
    const { text, words } = this.#newest?.transcript ?? { text: '', words: [] };
    if (text === '') return this.#final.words;
    return this.#final.words && words && [...this.#final.words, ...words];
  }

  #agree(count: number): void {
    this.#agreed = Math.max(this.#agreed, count);
    const { text } = this.#withNewest(this.#agreed);
    if (textWords(text).length <= textWords(this.#published).length) return;
    this.#published = text;
    if (!this.#disposal.signal.aborted) this.#request.onPartial(text);
  }

  /** True when a pass would bring nothing new. */
  #isKnown(): boolean {
    return this.#isSilentFrom(this.#newest?.end ?? this.#windowStart);
  }

  #isSilentFrom(start: number): boolean {
    return this.#audio.firstVoiced({ start, end: this.#audio.end }) < 0;
  }
}

function textOf(words: readonly HeardWord[]): string {
  return words.reduce((text, word) => joinTexts(text, word.text), '');
}
