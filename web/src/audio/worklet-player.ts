import type { AudioOutput, OutputEvents, PlaybackReport, Played, Stopped } from './audio-output.ts';
import { SAMPLE_RATE } from './pcm.ts';
import type { PlaybackCommand, PlaybackNews } from './playback-messages.ts';

/** The page tells of its place so often while it plays. */
const REPORT_SECONDS = 0.095;

/** The loudspeaker with the audio thread in front of it. */
export interface PlaybackDevice {
  readonly state: string;
  /** The clock of the audio, seconds. */
  readonly currentTime: number;
  /** How long samples take from there to the ear. */
  readonly latencySeconds: number;
  resume(): Promise<void>;
  /** Also before the audio thread is there: it gets them in their order. */
  send(command: PlaybackCommand): void;
  level(): number;
}

interface Item {
  readonly id: string;
  pushedSamples: number;
}

interface Deps extends OutputEvents {
  readonly openDevice: (onNews: (news: PlaybackNews) => void) => PlaybackDevice;
}

/**
 * Plays in an AudioWorklet: it knows to the sample what was emitted, plays on through a busy page, and can duck. What
 * the audio thread has told last is carried on to now by its clock, so that a stop needs no answer from it.
 */
export class WorkletPlayer implements AudioOutput {
  readonly #deps: Deps;
  #device: PlaybackDevice | null = null;
  /** What has been pushed and is not over, and the last one that is, in order. */
  #items: Item[] = [];
  #held: { readonly itemId: string; readonly samples: Float32Array<ArrayBuffer> }[] = [];
  #news: PlaybackNews | null = null;
  #stops = 0;
  #isDucked = false;
  #report: PlaybackReport = { state: 'idle', audibleSamples: 0 };
  #told: { readonly played: Played; readonly atSeconds: number } | null = null;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  unlock(): void {
    this.#device ??= this.#deps.openDevice((news) => this.#onNews(news));
    if (this.#device.state !== 'running') void this.#device.resume().then(() => this.#pump());
    this.#pump();
  }

  play(itemId: string, samples: Float32Array<ArrayBuffer>): void {
    if (samples.length === 0) return;
    const item = this.#items.find(({ id }) => id === itemId);
    if (item) item.pushedSamples += samples.length;
    else this.#items.push({ id: itemId, pushedSamples: samples.length });
    this.#held.push({ itemId, samples });
    this.#pump();
  }

  stop(): Stopped[] {
    const wasBlocked = this.#device?.state !== 'running';
    const stopped = this.#items.map((item, index) => ({
      itemId: item.id,
      playedMs: toMs(this.#heardSamples(index)),
      isCut: this.#emittedSamples(index) < item.pushedSamples,
    }));
    const at = stopped[this.#atIndex];
    if (at && this.#told?.played.isPlaying) {
      this.#tell({ itemId: at.itemId, playedMs: at.playedMs, isPlaying: false });
    }
    this.#device?.send({ type: 'stop', stops: ++this.#stops });
    this.#items = [];
    this.#held = [];
    this.#news = null;
    this.#told = null;
    this.#isDucked = false;
    this.#showState();
    // What the browser never let out was read, not missed.
    return wasBlocked ? [] : stopped;
  }

  duck(): void {
    if (this.#isDucked || this.#items.length === 0) return;
    this.#isDucked = true;
    this.#device?.send({ type: 'duck' });
    this.#showState();
  }

  resume(): void {
    if (!this.#isDucked) return;
    this.#isDucked = false;
    this.#device?.send({ type: 'resume' });
    this.#showState();
  }

  level(): number {
    return this.#report.state === 'playing' ? (this.#device?.level() ?? 0) : 0;
  }

  /** Which item is sounding, or sounded last. */
  get #atIndex(): number {
    return Math.max(
      this.#items.findIndex(({ id }) => id === this.#news?.itemId),
      0,
    );
  }

  /** Samples of an item that the audio thread has emitted, when it last told. */
  #emittedSamples(index: number): number {
    const item = this.#items[index];
    if (!item || index > this.#atIndex) return 0;
    if (index < this.#atIndex) return item.pushedSamples;
    return this.#news?.itemId === item.id ? this.#news.playedSamples : 0;
  }

  /** Samples of an item that have come out of the speaker by now. */
  #heardSamples(index: number): number {
    const emitted = this.#emittedSamples(index);
    if (index !== this.#atIndex || !this.#device || !this.#news?.isPlaying) return emitted;
    // Only while it plays is anything on its way to the ear.
    const seconds = this.#device.currentTime - this.#news.atSeconds - this.#device.latencySeconds;
    const heard = emitted + seconds * SAMPLE_RATE;
    return Math.min(Math.max(heard, 0), this.#items[index]?.pushedSamples ?? 0);
  }

  #pump(): void {
    const device = this.#device;
    if (device?.state === 'running') {
      for (const { itemId, samples } of this.#held) device.send({ type: 'play', itemId, samples });
      this.#held = [];
    }
    this.#showState();
  }

  #onNews(news: PlaybackNews): void {
    if (news.stops !== this.#stops) return;
    const before = this.#news;
    this.#news = news;
    // Those before it are over.
    this.#items.splice(0, this.#atIndex);
    this.#showState();
    if (news.itemId === null) return;
    const hasChanged = news.isPlaying !== before?.isPlaying || news.itemId !== before.itemId;
    const isDue = news.atSeconds - (this.#told?.atSeconds ?? 0) >= REPORT_SECONDS;
    if (!hasChanged && !(news.isPlaying && isDue)) return;
    this.#tell({ itemId: news.itemId, playedMs: toMs(this.#heardSamples(0)), isPlaying: news.isPlaying });
  }

  #tell(played: Played): void {
    this.#told = { played, atSeconds: this.#news?.atSeconds ?? 0 };
    this.#deps.onPlayed(played);
  }

  #showState(): void {
    const isRunning = this.#device?.state === 'running';
    const isOver = this.#items.every(({ pushedSamples }, i) => this.#emittedSamples(i) === pushedSamples);
    const state = isOver ? 'idle' : !isRunning ? 'blocked' : this.#isDucked ? 'held' : 'playing';
    this.#change({ state, audibleSamples: this.#news?.audibleSamples ?? this.#report.audibleSamples });
  }

  #change(report: PlaybackReport): void {
    const { state, audibleSamples } = this.#report;
    if (report.state === state && report.audibleSamples === audibleSamples) return;
    this.#report = report;
    this.#deps.onChange(report);
  }
}

function toMs(samples: number): number {
  return Math.round((samples * 1000) / SAMPLE_RATE);
}
