import { setImmediate as nextTick } from 'node:timers/promises';
import { type AudioFormat, createInputDecoder, type InputDecoder } from '../speech/audio/input-format.ts';
import { joinSamples, LISTEN_RATE } from '../speech/audio/pcm.ts';
import { VAD_FRAME_SAMPLES, type VadStream } from '../speech/vad/vad.ts';

export const FRAME_MS = (VAD_FRAME_SAMPLES * 1000) / LISTEN_RATE;
/** So much is decoded at once: an event may hold minutes, and others want the event loop too. */
const SLICE_MS = 200;
/** … and after so many of them everybody else has a turn. */
const SLICES_AT_ONCE = 25;

/** 32 ms that were heard. */
export interface HeardFrame {
  /** 512 of them, 16 kHz. */
  readonly samples: Int16Array;
  /** Of speech, 0 to 1. */
  readonly probability: number;
  /** Where it begins, in milliseconds of audio received. */
  readonly startMs: number;
}

interface Options {
  /** Judges every frame; its failures count as silence. */
  readonly vad: VadStream;
  readonly onFrame: (frame: HeardFrame) => void;
  /** True while what comes in is to be heard as silence: muted, or our own echo. Asked for every frame. */
  readonly isDeaf: () => boolean;
  /** Nobody has to be told apart from silence: the client says itself when it has finished. */
  readonly isManual: () => boolean;
  /** What the client sends at this moment. */
  readonly format: () => AudioFormat;
  readonly onFailed: (error: unknown) => void;
}

type Entry =
  /** `format` null: what the client sends when the turn of the entry comes; what waits before it may change that. */
  { readonly bytes: Uint8Array; readonly format: AudioFormat | null } | { readonly run: () => void };

const SILENCE = new Int16Array(VAD_FRAME_SAMPLES);

/** Audio on its way in: bytes of any format and length become judged frames of 32 ms, in order, off the event loop's back. */
export class AudioInlet implements Disposable {
  readonly #options: Options;
  #queue: Entry[] = [];
  #isPumping = false;
  #isClosed = false;
  #decoder: { readonly format: AudioFormat; readonly decoder: InputDecoder } | null = null;
  /** Less than a frame. */
  #rest: Int16Array = new Int16Array(0);
  #frames = 0;
  /** Taken out before they were a frame. */
  #takenSamples = 0;
  #wasDeaf = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Audio received so far that has been judged, in milliseconds: the clock of everything that is heard. */
  get heardMs(): number {
    return this.#frames * FRAME_MS + (this.#takenSamples * 1000) / LISTEN_RATE;
  }

  /** Audio waits to be heard. */
  get isBusy(): boolean {
    return this.#isPumping;
  }

  append(bytes: Uint8Array): void {
    this.#queue.push({ bytes, format: this.#hasRuns ? null : this.#options.format() });
    if (!this.#isPumping) void this.#pump();
  }

  /** Calls `run` when everything that was appended before has been heard. */
  afterAll(run: () => void): void {
    if (!this.#isPumping) run();
    else this.#queue.push({ run });
  }

  /** Calls `run` behind everything that waits in `afterAll`, which may be now; audio may overtake it. */
  afterRuns(run: () => void): void {
    if (this.#hasRuns) this.#queue.push({ run });
    else run();
  }

  /** What comes now does not follow on what came before. */
  forgetPast(): void {
    this.#options.vad.reset();
  }

  get #hasRuns(): boolean {
    return this.#queue.some((entry) => 'run' in entry);
  }

  /**
   * The newest samples, about a frame, that have not been heard yet; they are taken out. What comes next begins with a
   * whole sample.
   */
  takeRest(): Int16Array {
    const rest = this.#decoder ? joinSamples([this.#rest, this.#decoder.decoder.flush()]) : this.#rest;
    this.#rest = new Int16Array(0);
    this.#takenSamples += rest.length;
    return rest;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#decoder?.decoder[Symbol.dispose]();
    this.#decoder = null;
    this.#options.vad[Symbol.dispose]();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    for (let entry = this.#queue.shift(); entry && !this.#isClosed; entry = this.#queue.shift()) {
      try {
        if ('run' in entry) entry.run();
        else await this.#hear(entry.bytes, entry.format ?? this.#options.format());
      } catch (error) {
        this.#options.onFailed(error);
      }
    }
    this.#isPumping = false;
  }

  async #hear(bytes: Uint8Array, format: AudioFormat): Promise<void> {
    const decoder = await this.#decoderOf(format);
    const slice = Math.ceil((decoder.bytesPerSecond * SLICE_MS) / 1000);
    for (let at = 0, slices = 1; at < bytes.length && !this.#isClosed; at += slice, slices++) {
      const samples = joinSamples([this.#rest, decoder.decode(bytes.subarray(at, at + slice))]);
      const whole = samples.length - (samples.length % VAD_FRAME_SAMPLES);
      this.#rest = samples.slice(whole);
      const frames: Int16Array[] = [];
      for (let from = 0; from < whole; from += VAD_FRAME_SAMPLES) {
        frames.push(samples.slice(from, from + VAD_FRAME_SAMPLES));
      }
      await this.#judge(frames);
      if (slices % SLICES_AT_ONCE === 0) await nextTick();
    }
  }

  /** All frames are asked about at once and answered in their order. */
  async #judge(frames: readonly Int16Array[]): Promise<void> {
    const { vad, isDeaf, isManual, onFrame } = this.#options;
    const judged = frames.map((samples) => {
      if (isDeaf()) {
        if (!this.#wasDeaf) vad.reset();
        this.#wasDeaf = true;
        return { samples: SILENCE.slice(), probability: 0 };
      }
      this.#wasDeaf = false;
      if (isManual()) return { samples, probability: 1 };
      return { samples, probability: vad.detect(samples).catch(() => 0) };
    });
    for (const { samples, probability } of judged) {
      const known = typeof probability === 'number' ? probability : await probability;
      if (this.#isClosed) return;
      const startMs = this.heardMs;
      this.#frames++;
      onFrame({ samples, probability: known, startMs });
    }
  }

  async #decoderOf(format: AudioFormat): Promise<InputDecoder> {
    const there = this.#decoder;
    if (there && isSame(there.format, format)) return there.decoder;
    const decoder = await createInputDecoder(format);
    there?.decoder[Symbol.dispose]();
    this.#decoder = { format, decoder };
    if (this.#isClosed) decoder[Symbol.dispose]();
    return decoder;
  }
}

function isSame(one: AudioFormat, other: AudioFormat): boolean {
  return one.type === other.type && ('rate' in one ? one.rate : 0) === ('rate' in other ? other.rate : 0);
}
