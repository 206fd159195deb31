/** How far below the threshold a frame has to be to count as silence; Silero's own setting. */
const HYSTERESIS = 0.15;
/** However low the threshold is, this is no speech. */
const SURE_SILENCE = 0.01;
/** Of so many frames … */
const ONSET_WINDOW = 3;
/** … so many hold speech when somebody begins: a click is one. */
const ONSET_FRAMES = 2;
/** Quiet frames until it counts as a pause … */
const PAUSE_FRAMES = 2;
/** … but one is enough when the detector is as sure as this: 20 ms earlier, for one more pause in 24 sentences. */
const CLEAR_SILENCE = 0.15;

/** `onset`: somebody has begun; `pause`: has fallen silent; `resumed`: goes on after a pause. */
export type SpeechChange = 'onset' | 'pause' | 'resumed';

/**
 * Turns the probabilities of a detector into the beginnings and pauses of speech. When a pause is the end is for others
 * to say: they call `end`.
 */
export class Segmenter {
  readonly #frameMs: number;
  #threshold = 0.5;
  #state: 'idle' | 'speech' | 'pause' = 'idle';
  /** The newest frames before an onset: was it speech? */
  #window: boolean[] = [];
  #quietFrames = 0;
  #speechMs = 0;

  constructor(frameMs: number) {
    this.#frameMs = frameMs;
  }

  /** Probability from which a frame is speech, 0 to 1. */
  set threshold(value: number) {
    this.#threshold = value;
  }

  /** Silence since the last speech, once it is a pause; 0 while somebody speaks. */
  get silenceMs(): number {
    return this.#state === 'pause' ? this.#quietFrames * this.#frameMs : 0;
  }

  /** Speech in this utterance, without its pauses. */
  get speechMs(): number {
    return this.#speechMs;
  }

  /** How long before the end of the newest frame the speech began that is reported as an `onset` now. */
  get onsetAgoMs(): number {
    return (this.#window.length - this.#window.indexOf(true)) * this.#frameMs;
  }

  /** Takes the next frame. */
  push(probability: number): SpeechChange | null {
    const isSpeech = probability >= this.#threshold;
    switch (this.#state) {
      case 'idle':
        return this.#waitForOnset(isSpeech);
      case 'speech':
        if (probability >= Math.max(this.#threshold - HYSTERESIS, SURE_SILENCE)) {
          this.#speechMs += (this.#quietFrames + 1) * this.#frameMs;
          this.#quietFrames = 0;
          return null;
        }
        this.#quietFrames++;
        if (this.#quietFrames < PAUSE_FRAMES && probability >= CLEAR_SILENCE) return null;
        this.#state = 'pause';
        return 'pause';
      case 'pause':
        this.#quietFrames++;
        if (!isSpeech) return null;
        this.#quietFrames = 0;
        this.#speechMs += this.#frameMs;
        this.#state = 'speech';
        return 'resumed';
    }
  }

  /** The utterance is over: the next speech is an onset. */
  end(): void {
    this.#state = 'idle';
    this.#window = [];
    this.#quietFrames = 0;
    this.#speechMs = 0;
  }

  #waitForOnset(isSpeech: boolean): SpeechChange | null {
    this.#window.push(isSpeech);
    if (this.#window.length > ONSET_WINDOW) this.#window.shift();
    const count = this.#window.filter(Boolean).length;
    if (count < ONSET_FRAMES) return null;
    this.#state = 'speech';
    this.#speechMs = count * this.#frameMs;
    return 'onset';
  }
}
