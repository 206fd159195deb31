import { Value } from '../agent/value.ts';
import type { MicrophoneFrame } from '../audio/microphone-frames.ts';
import { askingFailed, LOST_MICROPHONE, type MicrophoneProblem } from './microphone-problem.ts';

export type MicrophoneState =
  | { readonly status: 'off' }
  /** The person is being asked, or the device is starting. */
  | { readonly status: 'asking' }
  | { readonly status: 'on'; readonly isMuted: boolean }
  | { readonly status: 'failed'; readonly problem: MicrophoneProblem };

/** An open microphone. */
export interface Capture extends Disposable {
  /** False: it delivers silence, and the browser shows it as off. */
  setEnabled(isEnabled: boolean): void;
}

export interface CaptureEvents {
  readonly onFrame: (frame: MicrophoneFrame) => void;
  /** The device is gone. */
  readonly onLost: () => void;
}

/** Rejects with what the browser said when it gives no microphone. */
export type OpenCapture = (events: CaptureEvents) => Promise<Capture>;

interface Deps {
  readonly openCapture: OpenCapture;
  /** Not called while it is muted. */
  readonly onFrame: (frame: MicrophoneFrame) => void;
}

/** The microphone of this page: off, asked for, on or failed. */
export class Microphone implements Disposable {
  readonly state = new Value<MicrophoneState>({ status: 'off' });
  readonly #deps: Deps;
  #capture: Capture | null = null;
  /** Which opening is meant: one that was given up may still succeed. */
  #opening = 0;
  #level = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** How loud it is at this moment, root mean square, 0 to 1. */
  get level(): number {
    return this.#level;
  }

  /** Resolves when it is on, or has failed, or was closed meanwhile. */
  async open(): Promise<void> {
    const { status } = this.state.current;
    if (status === 'asking' || status === 'on') return;
    this.state.set({ status: 'asking' });
    const opening = ++this.#opening;
    const isMeant = () => opening === this.#opening;
    try {
      const capture = await this.#deps.openCapture({
        onFrame: (frame) => {
          if (isMeant()) this.#onFrame(frame);
        },
        onLost: () => {
          if (isMeant()) this.#end({ status: 'failed', problem: LOST_MICROPHONE });
        },
      });
      if (!isMeant()) {
        capture[Symbol.dispose]();
        return;
      }
      this.#capture = capture;
      this.state.set({ status: 'on', isMuted: false });
    } catch (error) {
      if (isMeant()) this.#end({ status: 'failed', problem: askingFailed(error) });
    }
  }

  close(): void {
    this.#end({ status: 'off' });
  }

  setMuted(isMuted: boolean): void {
    const { current } = this.state;
    if (current.status !== 'on' || current.isMuted === isMuted) return;
    this.#level = 0;
    this.#capture?.setEnabled(!isMuted);
    this.state.set({ status: 'on', isMuted });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #onFrame(frame: MicrophoneFrame): void {
    const { current } = this.state;
    if (current.status !== 'on' || current.isMuted) return;
    this.#level = frame.level;
    this.#deps.onFrame(frame);
  }

  #end(state: MicrophoneState): void {
    this.#opening++;
    this.#capture?.[Symbol.dispose]();
    this.#capture = null;
    this.#level = 0;
    this.state.set(state);
  }
}
