import { describe, expect, it } from 'vitest';
import { VivavoceError } from '../../../src/errors.ts';
import { CachedVoice } from '../../../src/speech/tts/cached-voice.ts';
import { FallbackVoice } from '../../../src/speech/tts/fallback-voice.ts';
import type { SpeechChunk, Voice } from '../../../src/speech/tts/voice.ts';
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

/** The first voice does what `steps` say, the second always speaks what it can. */
function pair(steps: readonly (SpeechChunk | Error)[], refusal: string | null = null) {
  const errors: unknown[] = [];
  const troubles: (string | null)[] = [];
  const script = { steps };
  const first: Voice = {
    ...voice('a', []),
    speak: (...asked) => voice('a', script.steps).speak(...asked),
  };
  const both = new FallbackVoice({
    first,
    second: voice('b', [sound(2)], refusal),
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
    await expect(speak()).rejects.toThrow('broke off');
    script.steps = [sound(1)];
    expect(await speak()).toEqual([sound(1)]);
    expect(both.trouble).toBeNull();
    expect(troubles).toEqual(['away', 'broke off', null]);
  });

  it('does not begin a sentence again in another voice', async () => {
    const { speak, errors } = pair([sound(1), broken]);
    await expect(speak()).rejects.toBe(broken);
    expect(errors).toEqual([]);
  });

  it('does not ask the second for what it cannot speak', async () => {
    await expect(pair([broken], 'Russian').speak()).rejects.toBe(broken);
  });

  it('takes an interruption for what it is', async () => {
    const gone = new VivavoceError('cancelled', 'nobody listens');
    const { speak, troubles } = pair([gone]);
    await expect(speak()).rejects.toBe(gone);
    expect(troubles).toEqual([]);
  });

  it('is said anew by the first when it is well: what the second said is not kept', async () => {
    const { both, script } = pair([broken]);
    const cached = new CachedVoice(both, { maxBytes: 10_000, ttlMs: 10_000, clock: new ManualClock() });
    expect(await chunksOf(cached.speak(request, forever()))).toEqual([standIn]);
    script.steps = [sound(1)];
    expect(await chunksOf(cached.speak(request, forever()))).toEqual([sound(1)]);
    script.steps = [broken];
    expect(await chunksOf(cached.speak(request, forever()))).toEqual([sound(1)]);
  });
});
