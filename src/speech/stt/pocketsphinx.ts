import { type Clock, systemClock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { PocketSphinxChild } from './pocketsphinx-child.ts';
import { findModel, HOW_TO_INSTALL } from './pocketsphinx-model.ts';
import { PocketSphinxPool } from './pocketsphinx-pool.ts';
import { PocketSphinxRecognition } from './pocketsphinx-recognition.ts';
import { SpeakerMeans } from './pocketsphinx-speakers.ts';
import type { Recognition, Transcriber, TranscriptionRequest } from './transcriber.ts';

interface Options {
  /** The folder with `en-us/`, `en-us.lm.bin` and `cmudict-en-us.dict`; found by itself where systems put it. */
  readonly modelDir?: string | null;
  /** Processes; each hears one utterance at a time and needs about 95 MB for its model. */
  readonly decoders?: number;
  readonly clock?: Clock;
}

type Detection =
  | { readonly available: true; readonly detail: string }
  | { readonly available: false; readonly reason: string };

/**
 * PocketSphinx: recognition of US English on the processor, without a download, while somebody speaks.
 *
 * An utterance borrows one of the decoders while it is said. When there are more of them, they wait with their samples
 * and catch up at about seven times real time; those whose text is asked for go first.
 */
export class PocketSphinx implements Transcriber, AsyncDisposable {
  readonly engine = 'pocketsphinx';
  readonly model = 'en-us';
  readonly #means = new SpeakerMeans();
  readonly #children: readonly PocketSphinxChild[];
  readonly #pool: PocketSphinxPool;

  constructor({ modelDir = null, decoders = 2, clock = systemClock }: Options = {}) {
    const count = Math.max(1, decoders);
    this.#children = Array.from({ length: count }, () => new PocketSphinxChild(modelDir, clock));
    this.#pool = new PocketSphinxPool(this.#children);
  }

  /** Whether it can be used on this machine, from where; or else what to do about it. */
  static async detect({ modelDir = null }: Pick<Options, 'modelDir'> = {}): Promise<Detection> {
    try {
      // Only here: a machine without the binary of koffi still runs everything else.
      const { loadPocketSphinx } = await import('./pocketsphinx-library.ts');
      loadPocketSphinx();
    } catch (error) {
      return {
        available: false,
        reason: `the library of PocketSphinx cannot be loaded (${messageOf(error)}): ${HOW_TO_INSTALL}`,
      };
    }
    try {
      return { available: true, detail: `libpocketsphinx, model in ${await findModel(modelDir)}` };
    } catch (error) {
      return { available: false, reason: messageOf(error) };
    }
  }

  /** Loads all decoders; returns how long each took, in milliseconds. Rejects with `engine_unavailable`. */
  async start(): Promise<number[]> {
    const warm = async (child: PocketSphinxChild) => {
      const begin = performance.now();
      await child.ready();
      return performance.now() - begin;
    };
    return await Promise.all(this.#children.map(warm));
  }

  recognise(request: TranscriptionRequest): Recognition {
    return new PocketSphinxRecognition(this.#pool, this.#means, request);
  }

  /** Ends the decoders; what is being recognised fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child[Symbol.asyncDispose]()));
  }
}
