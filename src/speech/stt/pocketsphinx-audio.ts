import { joinSamples, LISTEN_RATE, samplesIn } from '../audio/pcm.ts';
import { levelDbfs } from '../audio/silence.ts';

const FRAME_SAMPLES = samplesIn(20, LISTEN_RATE);
/** No microphone is as quiet as this while somebody speaks. */
const SILENT_DBFS = -65;
/** What is so much quieter than the loudest that was heard is no speech of the same person. */
const RANGE_DB = 35;

/** The audio of one utterance. Places count samples from the first that was pushed, also when the oldest are gone. */
export class UtteranceAudio {
  #parts: Int16Array[] = [];
  #start = 0;
  #end = 0;
  #loudestDbfs = Number.NEGATIVE_INFINITY;

  /** Behind the newest sample. */
  get end(): number {
    return this.#end;
  }

  /** How many samples are kept. */
  get size(): number {
    return this.#end - this.#start;
  }

  append(samples: Int16Array): void {
    this.#parts.push(samples);
    this.#end += samples.length;
    for (const level of frameLevels(samples)) this.#loudestDbfs = Math.max(this.#loudestDbfs, level);
  }

  /** A copy, because what is sent to another process takes the whole buffer behind it along. */
  slice(from: number, to: number): Int16Array {
    const inside: Int16Array[] = [];
    let at = this.#start;
    for (const part of this.#parts) {
      if (at >= to) break;
      if (at + part.length > from) inside.push(part.subarray(Math.max(0, from - at), to - at));
      at += part.length;
    }
    return joinSamples(inside).slice();
  }

  /** Forgets what lies before `place`, as far as it came in one piece. */
  dropBefore(place: number): void {
    let [first] = this.#parts;
    while (first && this.#start + first.length <= place) {
      this.#parts.shift();
      this.#start += first.length;
      [first] = this.#parts;
    }
  }

  /** Where the first sound in a stretch begins; `to` when there is none. */
  firstSound(from: number, to: number): number {
    const threshold = Math.max(SILENT_DBFS, this.#loudestDbfs - RANGE_DB);
    const frame = frameLevels(this.slice(from, to)).findIndex((level) => level > threshold);
    return frame < 0 ? to : from + frame * FRAME_SAMPLES;
  }
}

function frameLevels(samples: Int16Array): number[] {
  const frames = Math.ceil(samples.length / FRAME_SAMPLES);
  return Array.from({ length: frames }, (_, i) =>
    levelDbfs(samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)),
  );
}
