/** Of speech before its onset, when the client does not say how much. */
export const PRE_ROLL_MS = 200;
/** More than that is not the beginning of a word, and every microphone would hold it in memory. */
const LONGEST_MS = 5_000;
/** The frames in which an onset is found come on top. */
const ONSET_FRAMES = 3;

/** What was heard before anybody spoke: the beginning of a first word is quiet. */
export class PreRoll {
  readonly #frameMs: number;
  #frames: Int16Array[] = [];
  #maxFrames: number;

  constructor(frameMs: number) {
    this.#frameMs = frameMs;
    this.#maxFrames = Math.ceil(PRE_ROLL_MS / frameMs) + ONSET_FRAMES;
  }

  /** How much is kept. */
  set paddingMs(ms: number) {
    this.#maxFrames = Math.ceil(Math.min(ms, LONGEST_MS) / this.#frameMs) + ONSET_FRAMES;
  }

  push(frame: Int16Array): void {
    this.#frames.push(frame);
    if (this.#frames.length > this.#maxFrames) this.#frames.splice(0, this.#frames.length - this.#maxFrames);
  }

  /** All of it, oldest first; nothing is left. */
  take(): Int16Array[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }
}
