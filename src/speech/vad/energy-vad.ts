import { levelDbfs } from '../audio/silence.ts';
import type { Vad, VadStream } from './vad.ts';

/** A quiet room at first. */
const FIRST_FLOOR_DBFS = -60;
/** Nothing below this is speech, however quiet the room. */
const LOWEST_SPEECH_DBFS = -45;
/** So far above the room's noise a sound is as likely speech as not; 6 dB more and it certainly is. */
const MARGIN_DB = 8;
const SLOPE_DB = 6;
/** The room is what was quietest in the last one or two spans of 1 s: a speaker's gaps are shorter. */
const SPAN_FRAMES = 31;

/**
 * Takes what is clearly louder than the room for speech: no model and no thread, for machines without onnxruntime and
 * for the moment in which Silero fails.
 *
 * Its limits: it cannot tell a voice from other sounds, so that music, typing and a slammed door are speech to it. A
 * noise that begins is speech until it has lasted for one to two seconds, and a tone that a voice holds as long becomes
 * the room. Speech has to be about 10 dB above the noise.
 */
export class EnergyVad implements Vad {
  readonly engine = 'energy';

  open(): VadStream {
    const room = new Room();
    return {
      detect: async (frame) => {
        const level = levelDbfs(frame);
        // A muted microphone says nothing about the room.
        if (level === -Infinity) return 0;
        const middle = Math.max(room.hear(level) + MARGIN_DB, LOWEST_SPEECH_DBFS);
        return 1 / (1 + Math.exp((-4 * (level - middle)) / SLOPE_DB));
      },
      reset: () => {
        // The room stays the room.
      },
      [Symbol.dispose]: () => undefined,
    };
  }
}

/** The level of what is always there. */
class Room {
  #before = FIRST_FLOOR_DBFS;
  #now = Number.POSITIVE_INFINITY;
  #frames = 0;

  /** Takes the level of the next frame; returns the room's. */
  hear(levelDb: number): number {
    this.#now = Math.min(this.#now, levelDb);
    const floor = Math.min(this.#before, this.#now);
    if (++this.#frames === SPAN_FRAMES) {
      this.#before = this.#now;
      this.#now = Number.POSITIVE_INFINITY;
      this.#frames = 0;
    }
    return floor;
  }
}
