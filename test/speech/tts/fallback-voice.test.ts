import { describe, expect, it } from 'vitest';
import { VivavoceError } from '../../../src/errors.ts';
import { CachedVoice } from '../../../src/speech/tts/cached-voice.ts';
import { FallbackVoice } from '../../../src/speech/tts/fallback-voice.ts';
import { type SpeechChunk, VOICE_RATE, type Voice } from '../../../src/speech/tts/voice.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { chunksOf, forever } from '../../support/speech.ts';

const request = { text: 'Hello.', voice: null, speed: 1 };
const sound = (value: number): SpeechChunk => ({ samples: new Int16Array(10).fill(value) });

function voice(
  engine: string,
  steps: readonly (SpeechChunk | Error)[],
  refusal: string | null = null,
): Voice {
  return {
    engine,
    voices: [engine],
    cannotSpeak: () => refusal,
    async *speak() {
      for (const step of steps) {
        if (step instanceof Error) throw step;
        yield step;
      }
    },
  };
}

const broken = new VivavoceError('engine_unavailable', 'away');
const standIn = { ...sound(2), isStandIn: true };

interface Second {
  readonly second?: readonly SpeechChunk[];
  readonly refusal?: string;
}

/** The first voice does what `steps` say, the second always speaks what it can. */
function pair(steps: readonly (SpeechChunk | Error)[], { second = [sound(2)], refusal }: Second = {}) {
  const errors: unknown[] = [];
  const troubles: (string | null)[] = [];
  const script = { steps };
  const first: Voice = {
    ...voice('a', []),
    speak: (...asked) => voice('a', script.steps).speak(...asked),
  };
  const both = new FallbackVoice({
    first,
    second: voice('b', second, refusal),
    onFallback: (error) => errors.push(error),
    onChange: () => troubles.push(both.trouble),
  });
  const speak = (signal = forever()) => chunksOf(both.speak(request, signal));
  return { both, script, speak, errors, troubles };
}

describe('a voice with another one behind it', () => {
  it('speaks with the second what the first cannot begin, and tells', async () => {
    const { speak, errors, troubles } = pair([broken]);
    expect(await speak()).toEqual([standIn]);
    expect(errors).toEqual([broken]);
    expect(troubles).toEqual(['away']);
  });

  it('tries the first again with every sentence, and is well when that spoke all of one', async () => {
    const { speak, script, both, troubles } = pair([broken]);
    await speak();
    await speak();
    script.steps = [sound(1), new VivavoceError('engine_failed', 'broke off')];
    await speak();
    script.steps = [sound(1)];
    expect(await speak()).toEqual([sound(1)]);
    expect(both.trouble).toBeNull();
    expect(troubles).toEqual(['away', 'broke off', null]);
  });

  it('says a sentence that broke in the middle again with the second, after a pause', async () => {
    const { speak, errors } = pair([sound(1), broken]);
    const pause = { samples: new Int16Array(0.2 * VOICE_RATE), isStandIn: true };
    expect(await speak()).toEqual([sound(1), pause, standIn]);
    expect(errors).toEqual([broken]);
  });

  it('knows where the words of the second are behind what there was of the first', async () => {
    const halfSecond = { samples: new Int16Array(VOICE_RATE / 2).fill(1) };
    const word = { start: 0, end: 6, startMs: 10, endMs: 300 };
    const { speak } = pair([halfSecond, halfSecond, broken], { second: [{ ...sound(2), words: [word] }] });
    const [, , , again] = await speak();
    expect(again?.words).toEqual([{ ...word, startMs: 1_210, endMs: 1_500 }]);
  });

  it('does not ask the second for what it cannot speak', async () => {
    await expect(pair([broken], { refusal: 'Russian' }).speak()).rejects.toBe(broken);
    await expect(pair([sound(1), broken], { refusal: 'Russian' }).speak()).rejects.toBe(broken);
  });

  it('says nothing again to somebody who has gone in the middle of it', async () => {
    const leaving = new AbortController();
    const { both, errors } = pair([sound(1), broken]);
    const chunks = both.speak(request, leaving.signal);
    await chunks.next();
    leaving.abort();
    await expect(chunks.next()).rejects.toBe(broken);
    expect(errors).toEqual([]);
  });

  it('takes an interruption for what it is', async () => {
    const gone = new VivavoceError('cancelled', 'nobody listens');
    const { speak, troubles } = pair([gone]);
    await expect(speak()).rejects.toBe(gone);
    expect(troubles).toEqual([]);
  });

  it('is said anew by the first when it is well: what the second said, all or again, is not kept', async () => {
    const { both, script } = pair([broken]);
    const cached = new CachedVoice(both, { maxBytes: 10_000, ttlMs: 10_000, clock: new ManualClock() });
    expect(await chunksOf(cached.speak(request, forever()))).toEqual([standIn]);
    script.steps = [sound(1), broken];
    expect((await chunksOf(cached.speak(request, forever()))).at(-1)).toEqual(standIn);
    script.steps = [sound(1)];
    expect(await chunksOf(cached.speak(request, forever()))).toEqual([sound(1)]);
    script.steps = [broken];
    expect(await chunksOf(cached.speak(request, forever()))).toEqual([sound(1)]);
  });
});
