import type { AnalyserLike, AudioContextLike, AudioSourceLike, GainLike } from './audio-context.ts';
import type { AudioOutput, OutputEvents, PlaybackReport, Stopped } from './audio-output.ts';
import { countAudible, SAMPLE_RATE } from './pcm.ts';
import { PlaybackTimeline } from './playback-timeline.ts';

/** The first piece starts so much after it came: enough for the next one to be there before it ends. */
const START_SECONDS = 0.03;
/** Audio that is handed to the browser ahead: it plays on through a busy main thread or a hidden tab. */
const AHEAD_SECONDS = 1;
/** More is handed over when a piece has ended, so a piece has to be shorter than what is ahead. */
const LONGEST_PIECE_SAMPLES = SAMPLE_RATE / 2;
/** Cutting a wave off clicks; fading it out for so long does not. */
const FADE_SECONDS = 0.012;

interface Held {
  readonly itemId: string;
  readonly samples: Float32Array;
}

interface Deps extends OutputEvents {
  readonly createContext: () => AudioContextLike;
}

/**
 * The output where there is no AudioWorklet: on plain http in a home network. It uses scheduled buffers, and tells of its
 * place behind each. There is no microphone on such a page either, so nobody ducks it.
 */
export class ScheduledPlayer implements AudioOutput {
  readonly #deps: Deps;
  readonly #timeline = new PlaybackTimeline();
  readonly #sources = new Map<AudioSourceLike, string>();
  #held: Held[] = [];
  #context: AudioContextLike | null = null;
  #bus: GainLike | null = null;
  #analyser: AnalyserLike | null = null;
  /** When what is scheduled ends. */
  #endSeconds = 0;
  #lastItemId: string | null = null;
  #report: PlaybackReport = { state: 'idle', audibleSamples: 0 };

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  unlock(): void {
    this.#context ??= this.#deps.createContext();
    if (this.#context.state !== 'running') void this.#context.resume().then(() => this.#pump());
    this.#pump();
  }

  play(itemId: string, samples: Float32Array): void {
    if (samples.length === 0) return;
    this.#held.push({ itemId, samples });
    this.#pump();
  }

  duck(): void {}

  resume(): void {}

  stop(): Stopped[] {
    const context = this.#context;
    const wasBlocked = !this.#canPlay();
    const cut = new Set([...this.#sources.values(), ...this.#held.map(({ itemId }) => itemId)]);
    const known = new Set(cut);
    if (this.#lastItemId !== null) known.add(this.#lastItemId);
    const heardAt = context ? context.currentTime - latencySeconds(context) : 0;
    const stopped = [...known].map((itemId) => ({
      itemId,
      playedMs: Math.round(this.#timeline.playedSeconds(itemId, heardAt) * 1000),
      isCut: cut.has(itemId),
    }));
    if (context) this.#silence(context);
    for (const itemId of known) this.#timeline.forget(itemId);
    this.#held = [];
    this.#lastItemId = null;
    this.#endSeconds = 0;
    this.#changed();
    // What the browser never let out was read, not missed.
    return wasBlocked ? [] : stopped;
  }

  level(): number {
    if (!this.#analyser || this.#sources.size === 0) return 0;
    const window = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(window);
    const power = window.reduce((sum, sample) => sum + sample * sample, 0) / window.length;
    return Math.min(1, Math.sqrt(power) * 4);
  }

  #canPlay(): boolean {
    return this.#context?.state === 'running';
  }

  /** Hands over what is held, until enough is scheduled ahead. */
  #pump(): void {
    const context = this.#context;
    if (context && this.#canPlay()) {
      while (this.#held.length > 0 && this.#endSeconds - context.currentTime < AHEAD_SECONDS) {
        this.#schedule(context, this.#takeHeld());
      }
    }
    this.#changed();
  }

  /** The next of what waits: as much of one item as a piece may be long. */
  #takeHeld(): Held {
    const itemId = this.#held[0]?.itemId ?? '';
    const parts: Float32Array[] = [];
    let length = 0;
    for (let held = this.#held[0]; held?.itemId === itemId; held = this.#held[0]) {
      const room = LONGEST_PIECE_SAMPLES - length;
      const part = held.samples.subarray(0, room);
      parts.push(part);
      length += part.length;
      if (part.length < held.samples.length) {
        this.#held[0] = { itemId, samples: held.samples.subarray(room) };
        break;
      }
      this.#held.shift();
      if (length === LONGEST_PIECE_SAMPLES) break;
    }
    const samples = new Float32Array(length);
    let offset = 0;
    for (const part of parts) {
      samples.set(part, offset);
      offset += part.length;
    }
    return { itemId, samples };
  }

  #schedule(context: AudioContextLike, { itemId, samples }: Held): void {
    const buffer = context.createBuffer(1, samples.length, SAMPLE_RATE);
    buffer.copyToChannel(samples as Float32Array<ArrayBuffer>, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#output(context));
    const earliest = context.currentTime + START_SECONDS;
    // On whole samples, or the seam between two pieces would be interpolated.
    const start =
      this.#endSeconds > context.currentTime
        ? this.#endSeconds
        : Math.ceil(earliest * SAMPLE_RATE) / SAMPLE_RATE;
    this.#endSeconds = Math.round(start * SAMPLE_RATE + samples.length) / SAMPLE_RATE;
    const audible = countAudible(samples);
    this.#sources.set(source, itemId);
    source.addEventListener('ended', () => {
      source.disconnect();
      // Stopped ones have been let go of already.
      if (!this.#sources.delete(source)) return;
      const playedSeconds = this.#timeline.playedSeconds(itemId, start + samples.length / SAMPLE_RATE);
      if (itemId !== this.#lastItemId) this.#forgetUnlessSounding(itemId);
      this.#report = { ...this.#report, audibleSamples: this.#report.audibleSamples + audible };
      this.#deps.onChange(this.#report);
      this.#pump();
      this.#deps.onPlayed({
        itemId,
        playedMs: Math.round(playedSeconds * 1000),
        isPlaying: this.#sources.size > 0,
      });
    });
    source.start(start);
    if (this.#sources.size === 1) {
      const playedMs = Math.round(this.#timeline.playedSeconds(itemId, context.currentTime) * 1000);
      this.#deps.onPlayed({ itemId, playedMs, isPlaying: true });
    }
    const before = this.#lastItemId;
    this.#lastItemId = itemId;
    if (before !== null && before !== itemId) this.#forgetUnlessSounding(before);
    this.#timeline.add(itemId, start, samples.length / SAMPLE_RATE);
  }

  #forgetUnlessSounding(itemId: string): void {
    if (![...this.#sources.values()].includes(itemId)) this.#timeline.forget(itemId);
  }

  #output(context: AudioContextLike): GainLike {
    if (this.#bus) return this.#bus;
    this.#analyser ??= context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#analyser.connect(context.destination);
    this.#bus = context.createGain();
    this.#bus.connect(this.#analyser);
    return this.#bus;
  }

  #silence(context: AudioContextLike): void {
    this.#bus?.gain.setTargetAtTime(0, context.currentTime, FADE_SECONDS / 4);
    // What comes next is not to be faded with it.
    this.#bus = null;
    for (const source of this.#sources.keys()) source.stop(context.currentTime + FADE_SECONDS);
    this.#sources.clear();
  }

  #changed(): void {
    const state = this.#sources.size > 0 ? 'playing' : this.#held.length > 0 ? 'blocked' : 'idle';
    if (state === this.#report.state) return;
    this.#report = { ...this.#report, state };
    this.#deps.onChange(this.#report);
  }
}

/** How long samples take from the context to the ear; browsers that don't know say nothing. */
function latencySeconds({ outputLatency, baseLatency }: AudioContextLike): number {
  return outputLatency || baseLatency || 0;
}
