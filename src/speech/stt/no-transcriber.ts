import { VivavoceError } from '../../errors.ts';
import type { Recognition, Transcriber } from './transcriber.ts';

/** Stands in when there is no recogniser: nothing is understood, and it says why. */
export class NoTranscriber implements Transcriber {
  readonly engine = 'none';
  readonly model = '';
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
  }

  recognise(): Recognition {
    return {
      push: () => undefined,
      read: () => Promise.reject(new VivavoceError('engine_unavailable', this.#reason)),
      [Symbol.dispose]: () => undefined,
    };
  }
}
