import { join } from 'node:path';
import koffi from 'koffi';
import type { DecodedWord, DecodeProgress, PocketSphinxApi } from './pocketsphinx-api.ts';
import { loadPocketSphinx, type PocketSphinxLibrary } from './pocketsphinx-library.ts';

const FRAME_MS = 10;
const CEPSTRA = 13;
/** Where `feat_t` of sphinxbase has its `cmn_struct`, with pointers of 8 bytes. */
const CMN_OFFSET = 88;
const CMN = koffi.struct({ mean: 'void *', variance: 'void *', sum: 'void *', frames: 'int', length: 'int' });

interface CmnState {
  readonly mean: Float32Array;
  readonly sum: Float32Array;
  readonly frames: number;
}

/** One decoder of libpocketsphinx, in this process. Every call blocks. */
export class PocketSphinxDecoder implements PocketSphinxApi {
  readonly #library: PocketSphinxLibrary;
  readonly #decoder: unknown;
  readonly #cmn: unknown;
  /** What the model was trained with, from its own `feat.params`. */
  readonly #trainedMean: Float32Array;
  #open = false;
  #sum = new Float64Array(CEPSTRA);
  #frames = 0;

  constructor(modelDir: string) {
    const library = loadPocketSphinx();
    const options = [
      'pocketsphinx',
      ...['-hmm', join(modelDir, 'en-us')],
      ...['-lm', join(modelDir, 'en-us.lm.bin')],
      ...['-dict', join(modelDir, 'cmudict-en-us.dict')],
      ...['-logfn', '/dev/null'],
      // Frames that it leaves out are missing in its word times.
      ...['-remove_silence', 'no'],
      // The second pass costs 0.1 s when one waits for the text, and makes it no better.
      ...['-fwdflat', 'no'],
      // 6.5 by default: people say to an assistant what newspapers do not print.
      ...['-lw', '5'],
      // 30,000 by default: clipped speech would take three times as long to decode as to say, for everybody who waits.
      ...['-maxhmmpf', '3000'],
    ];
    const config = library.parse(null, library.arguments(), options.length, options, 0);
    this.#library = library;
    this.#decoder = config && library.init(config);
    if (!this.#decoder) throw new Error(`PocketSphinx cannot use the model in ${modelDir}`);
    this.#cmn = koffi.decode(library.features(this.#decoder), CMN_OFFSET, 'void *');
    this.#trainedMean = this.#readCmn().mean;
  }

  begin(mean: Float32Array | null): void {
    // The library has no way to drop an utterance but to end it.
    if (this.#open) this.#check(this.#library.endUtterance(this.#decoder), 'end an utterance');
    this.#open = false;
    this.#sum.fill(0);
    this.#frames = 0;
    // Forgets the noise of whoever spoke before.
    this.#check(this.#library.startStream(this.#decoder), 'start a stream');
    this.#library.setMean(this.#cmn, mean ?? this.#trainedMean);
    this.#check(this.#library.startUtterance(this.#decoder), 'start an utterance');
    this.#open = true;
  }

  feed(samples: Int16Array): DecodeProgress {
    // The library would take the audio and do nothing with it.
    if (!this.#open) throw new Error('no utterance has begun in this decoder');
    const before = this.#readCmn();
    this.#check(this.#library.process(this.#decoder, samples, samples.length, 0, 0), 'decode audio');
    const after = this.#readCmn();
    // Every 3 s the library scales its sums down; that piece is left out of ours.
    if (after.frames > before.frames) {
      for (let i = 0; i < CEPSTRA; i++)
        this.#sum[i] = at(this.#sum, i) + at(after.sum, i) - at(before.sum, i);
      this.#frames += after.frames - before.frames;
    }
    const mean = Float32Array.from(this.#sum, (sum) => sum / Math.max(1, this.#frames));
    return {
      text: this.#library.hypothesis(this.#decoder, null) ?? '',
      heard: { mean, frames: this.#frames },
    };
  }

  finish(): DecodedWord[] {
    this.#open = false;
    this.#check(this.#library.endUtterance(this.#decoder), 'end an utterance');
    const words: DecodedWord[] = [];
    // Running to the end frees the iterator.
    for (
      let segment = this.#library.firstSegment(this.#decoder);
      segment;
      segment = this.#library.nextSegment(segment)
    ) {
      const [first, last] = [[0], [0]];
      this.#library.segmentFrames(segment, first, last);
      words.push({
        text: this.#library.segmentWord(segment) ?? '',
        startMs: at(first, 0) * FRAME_MS,
        endMs: (at(last, 0) + 1) * FRAME_MS,
      });
    }
    return words;
  }

  #readCmn(): CmnState {
    const { mean, sum, frames } = koffi.decode(this.#cmn, CMN);
    const vector = (pointer: unknown) => Float32Array.from(koffi.decode(pointer, 'float', CEPSTRA));
    return { mean: vector(mean), sum: vector(sum), frames };
  }

  #check(result: number, what: string): void {
    if (result < 0) throw new Error(`PocketSphinx could not ${what}`);
  }
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? 0;
}
