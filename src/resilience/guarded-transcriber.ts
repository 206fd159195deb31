import type { Recognition, Transcriber, Transcript } from '../speech/stt/transcriber.ts';
import type { Guard } from './guard.ts';
import { guardCall } from './guard-call.ts';

export interface RecognitionLimits {
  /** How long a text may take however short the utterance is; the first one may have to load a model. */
  readonly deadlineMs: number;
  /** How much longer for each second that was pushed. */
  readonly perSecondMs: number;
}

export const RECOGNITION_LIMITS: RecognitionLimits = { deadlineMs: 5_000, perSecondMs: 500 };
/** The rate of everything that listens; rooms above this one lend it no values. */
const SAMPLES_PER_SECOND = 16_000;

/**
 * The same transcriber behind `guard`: what is asked of it (`read`) is bounded in number and time, and not asked while
 * its breaker is open. What is pushed goes straight to it.
 */
export function guardTranscriber(
  transcriber: Transcriber,
  guard: Guard,
  limits: Partial<RecognitionLimits> = {},
): Transcriber {
  const { deadlineMs, perSecondMs } = { ...RECOGNITION_LIMITS, ...limits };
  // Read at every use: engines change behind their interface.
  return {
    get engine() {
      return transcriber.engine;
    },
    get model() {
      return transcriber.model;
    },
    recognise(request): Recognition {
      const recognition = transcriber.recognise(request);
      let pushedSamples = 0;
      return {
        push(samples) {
          pushedSamples += samples.length;
          recognition.push(samples);
        },
        read(signal): Promise<Transcript> {
          const limitMs = deadlineMs + Math.round((perSecondMs * pushedSamples) / SAMPLES_PER_SECOND);
          const read = guardCall(guard, (_: undefined, own) => recognition.read(own), {
            deadlineMs: limitMs,
          });
          return read(undefined, signal);
        },
        [Symbol.dispose]: () => recognition[Symbol.dispose](),
      };
    },
  };
}
