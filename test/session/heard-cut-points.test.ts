import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../../src/conversation/item.ts';
import { createInputDecoder } from '../../src/speech/audio/input-format.ts';
import { joinSamples } from '../../src/speech/audio/pcm.ts';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import type { SpeechRequest, Voice } from '../../src/speech/tts/voice.ts';
import { Telemetry } from '../../src/telemetry/events.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { alignWords, canAlign, type RecordedWord } from '../support/forced-alignment.ts';
import { SessionHarness } from '../support/session-harness.ts';

const REPLIES = [
  {
    voice: 'slt',
    text:
      'The old house stood at the end of a quiet street. Every morning my father opened the windows and looked at ' +
      'the garden. In the winter there was snow on the roof, and we made a fire in the kitchen. My sister liked to ' +
      'read by the window. We were very happy there.',
  },
  {
    voice: 'rms',
    text:
      'You can take the train from the main station at nine in the morning. It stops in three small towns before it ' +
      'comes to the sea. The ticket is not expensive, but you should buy it early. When you arrive, walk down the ' +
      'hill to the harbor. There is a good restaurant next to the church.',
  },
  {
    voice: 'awb',
    text:
      'People have lived in this valley for thousands of years. They built their homes from stone and wood. The ' +
      'river gave them water and fish, and the forest gave them meat. Today most of the young people work in the ' +
      'city. But every summer they come back to help their parents.',
  },
  {
    voice: 'kal',
    text:
      'First you wash the rice in cold water. Then you put it in a large pot with some salt. It has to cook for ' +
      'about twenty minutes, and you must not open the pot. While you wait, cut the vegetables into small pieces. ' +
      'At the end you put everything on a plate and serve it with bread.',
  },
] as const;
const CUTS = 50;

if (!canAlign()) {
  const reason = 'there is no pocketsphinx_continuous (apt install pocketsphinx pocketsphinx-en-us)';
  if (process.env.CI === 'true')
    throw new Error(`What was heard cannot be compared with a recording: ${reason}.`);
  process.stderr.write(`skipped test/session/heard-cut-points.test.ts: ${reason}\n`);
}

/** One place at which somebody stopped listening. */
interface Cut {
  readonly atMs: number;
  /** Words that the store says were heard. */
  readonly stored: number;
  /** Words that the recording up to there has: all of each, at least half of it, or any of it. */
  readonly recorded: { readonly whole: number; readonly half: number; readonly begun: number };
}

describe.skipIf(!canAlign())(
  'after an interruption the stored text is what the client played',
  { timeout: 60_000 },
  () => {
    const flite = new FliteVoice({ workers: 2 });
    beforeAll(() => flite.start());
    afterAll(() => flite[Symbol.asyncDispose]());

    it('within a word of a recording, at 50 places, with a voice that knows where its words are', async () => {
      const cuts = await cutEverywhere(flite);
      expect(cuts).toHaveLength(CUTS);
      print('with word times', cuts);
      const isWithinAWord = ({ stored, recorded }: Cut) =>
        [recorded.whole, recorded.half, recorded.begun].every((count) => Math.abs(stored - count) <= 1);
      expect(cuts.filter((cut) => !isWithinAWord(cut))).toEqual([]);
    });

    it('within half a word on average, with a voice that does not', async () => {
      const cuts = await cutEverywhere(withoutTimes(flite));
      print('without word times', cuts);
      expect(cuts).toHaveLength(CUTS);
      expect(meanError(cuts)).toBeLessThan(0.5);
    });
  },
);

/** Every reply once, each cut at its share of the places; they come in no order, so the store goes back and forth. */
async function cutEverywhere(voice: Voice): Promise<Cut[]> {
  const places = fc.sample(fc.noBias(fc.integer({ min: 0, max: 10_000 })), { seed: 2_026, numRuns: CUTS });
  const ofReply = (i: number) => places.filter((_, at) => at % REPLIES.length === i);
  const cuts = await Promise.all(REPLIES.map((reply, i) => cutReply(voice, reply, ofReply(i))));
  return cuts.flat();
}

async function cutReply(
  voice: Voice,
  { voice: voiceName, text }: { voice: string; text: string },
  places: readonly number[],
): Promise<Cut[]> {
  const telemetry = new ResponseWatch(createLogger('silent'));
  const harness = await SessionHarness.start([text.split(/(?<= )/)], {
    deps: { voice, defaultVoice: voiceName, telemetry },
  });
  harness.say('Tell me something.');
  await telemetry.ended;
  await harness.clock.settle();
  const { item_id: itemId } = harness.last('response.output_audio.delta');
  const { samples, words } = await record(harness, text);

  const cuts: Cut[] = [];
  for (const place of places) {
    const atMs = Math.round(((place / 10_000) * samples.length) / 16);
    harness.receive({
      type: 'conversation.item.truncate',
      item_id: itemId,
      content_index: 0,
      audio_end_ms: atMs,
    });
    await harness.clock.settle();
    expect(harness.last('conversation.item.truncated').audio_end_ms).toBe(atMs);
    const item = (await harness.items()).find(({ id }) => id === itemId);
    const heard = item ? textOf(item) : 'nothing is stored';
    expect(text.startsWith(heard)).toBe(true);
    const count = (isOver: (word: RecordedWord) => boolean) => words.filter(isOver).length;
    cuts.push({
      atMs,
      stored: wordsOf(heard).length,
      recorded: {
        whole: count(({ endMs }) => endMs <= atMs),
        half: count(({ startMs, endMs }) => (startMs + endMs) / 2 <= atMs),
        begun: count(({ startMs }) => startMs < atMs),
      },
    });
  }
  return cuts;
}

/** What the client got as a listener hears it, and where another ear finds the words in it. */
async function record(
  harness: SessionHarness,
  text: string,
): Promise<{ samples: Int16Array; words: RecordedWord[] }> {
  using decoder = await createInputDecoder({ type: 'audio/pcm', rate: 24_000 });
  const parts = harness
    .all('response.output_audio.delta')
    .map(({ delta }) => decoder.decode(Buffer.from(delta, 'base64')));
  const samples = joinSamples([...parts, decoder.flush()]);
  const sentences = text
    .toLowerCase()
    .split('.')
    .map((sentence) => sentence.replace(/,/g, '').trim())
    .filter((sentence) => sentence !== '');
  const words = await alignWords(samples, sentences);
  expect(words.map((word) => word.text)).toEqual(wordsOf(sentences.join(' ')));
  return { samples, words };
}

function meanError(cuts: readonly Cut[]): number {
  const errors = cuts.map(({ stored, recorded }) => Math.abs(stored - recorded.half));
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

function print(title: string, cuts: readonly Cut[]): void {
  const errors = cuts.map(({ stored, recorded }) => Math.abs(stored - recorded.half));
  const exact = errors.filter((error) => error === 0).length;
  process.stderr.write(
    `heard, ${title}: ${exact} of ${cuts.length} exact, mean error ${meanError(cuts).toFixed(2)} words, ` +
      `largest ${Math.max(...errors)}\n`,
  );
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** An engine that says nothing of where its words are. */
function withoutTimes(voice: Voice): Voice {
  return {
    engine: 'timeless',
    voices: voice.voices,
    cannotSpeak: (text) => voice.cannotSpeak(text),
    async *speak(request: SpeechRequest, signal: AbortSignal) {
      for await (const { samples } of voice.speak(request, signal)) yield { samples };
    },
  };
}

class ResponseWatch extends Telemetry {
  readonly #ended = Promise.withResolvers<void>();

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  override turnEnded(): void {
    this.#ended.resolve();
  }
}
