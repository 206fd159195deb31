import { levelDbfs } from '../audio/silence.ts';
import type { Vad, VadStream } from './vad.ts';

/** A quiet room at first; what a stream is like it learns in a second. */
const FIRST_FLOOR_DBFS = -60;
/** Nothing below this is speech, however quiet the room. */
const LOWEST_SPEECH_DBFS = -45;
/** So far above the room's noise a sound is as likely speech as not; 6 dB more and it is. */
const MARGIN_DB = 9;
const SLOPE_DB = 6;
/** How fast the floor follows, in dB a frame of 32 ms: down at once to what is quieter, up slowly past speech. */
const RISE_DB = 0.05;
const FALL_SHARE = 0.2;

/**
 * Takes what is clearly louder than the room for speech: no model and no thread, for machines without onnxruntime and
 * for the moment in which Silero fails.
 *
 * It cannot tell a voice from other sounds: music, typing and a slammed door are speech to it.
 */
export class EnergyVad implements Vad {
  readonly engine = 'energy';

  open(): VadStream {
    let floorDbfs = FIRST_FLOOR_DBFS;
    return {
      detect: async (frame) => {
        const level = Math.max(levelDbfs(frame), -90);
        floorDbfs +=
          level < floorDbfs ? (level - floorDbfs) * FALL_SHARE : Math.min(RISE_DB, level - floorDbfs);
        const middle = Math.max(floorDbfs + MARGIN_DB, LOWEST_SPEECH_DBFS);
        return 1 / (1 + Math.exp((-4 * (level - middle)) / SLOPE_DB));
      },
      reset: () => {
        // The room stays the room.
      },
      [Symbol.dispose]: () => undefined,
    };
  }
}
