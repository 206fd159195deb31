import { expect, test } from 'vitest';
import type { PocketSphinxApi } from '../../../src/speech/stt/pocketsphinx-api.ts';
import { UtteranceAudio } from '../../../src/speech/stt/pocketsphinx-audio.ts';
import { PocketSphinxSegment } from '../../../src/speech/stt/pocketsphinx-segment.ts';
import { SpeakerMeans, together } from '../../../src/speech/stt/pocketsphinx-speakers.ts';
import { tone } from '../../support/speech.ts';

const mean = (value: number) => new Float32Array(13).fill(value);

/** A decoder for which every voice has the mean `value`. */
class ScriptedDecoder {
  readonly begun: (number | null)[] = [];
  #frames = 0;
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  async call<M extends keyof PocketSphinxApi>(
    method: M,
    argument: Parameters<PocketSphinxApi[M]>[0],
  ): Promise<ReturnType<PocketSphinxApi[M]>> {
    return this.#answer(method, argument) as never;
  }

  #answer(method: keyof PocketSphinxApi, argument: unknown) {
    if (method === 'begin') {
      this.#frames = 0;
      this.begun.push(argument instanceof Float32Array ? (argument[0] ?? null) : null);
      return undefined;
    }
    if (method === 'finish') return [{ text: 'word', startMs: 0, endMs: this.#frames * 10 }];
    this.#frames += (argument as Int16Array).length / 160;
    return { text: 'word', heard: { mean: mean(this.#value), frames: this.#frames } };
  }
}

async function say(means: SpeakerMeans, decoder: ScriptedDecoder, speaker: string, ms: number) {
  const audio = new UtteranceAudio();
  audio.append(tone(300, 16_000, ms * 16));
  const segment = new PocketSphinxSegment(audio, 0, means, speaker);
  await segment.begin(decoder);
  for (;;) {
    while (segment.fed < audio.end) {
      await segment.feed(decoder, 1_600);
      if (segment.fed < audio.end) await segment.relearn(decoder, false);
    }
    if (!(await segment.relearn(decoder, true))) break;
  }
  await segment.finish(decoder);
}

test('an unknown voice is decoded again with its own mean after 1.2 s and 2.4 s, a known one from the start', async () => {
  const means = new SpeakerMeans();
  const decoder = new ScriptedDecoder(7);
  await say(means, decoder, 'ann', 3_000);
  expect(decoder.begun).toEqual([null, 7, 7]);
  // What one decoder learnt is known to the other.
  const other = new ScriptedDecoder(9);
  await say(means, other, 'ann', 3_000);
  expect(other.begun).toEqual([7]);
  await say(means, other, 'bob', 3_000);
  expect(other.begun.slice(1)).toEqual([null, 9, 9]);
});

test('a short answer of an unknown voice is decoded again when it is over', async () => {
  const decoder = new ScriptedDecoder(7);
  await say(new SpeakerMeans(), decoder, 'ann', 600);
  expect(decoder.begun).toEqual([null, 7]);
});

test('a mean follows what was said last, over five seconds', () => {
  const first = { mean: mean(0), frames: 300 };
  expect(together(null, first)).toBe(first);
  expect(together(first, { mean: mean(6), frames: 100 })).toEqual({ mean: mean(1.5), frames: 400 });
  expect(together(first, { mean: mean(6), frames: 900 })).toEqual({ mean: mean(6), frames: 900 });
  expect(together(first, { mean: mean(6), frames: 0 })).toBe(first);
});
