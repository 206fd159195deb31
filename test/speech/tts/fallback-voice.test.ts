import { describe, expect, it } from 'vitest';
import { VivavoceError } from '../../../src/errors.ts';
import { FallbackVoice } from '../../../src/speech/tts/fallback-voice.ts';
import type { SpeechChunk, Voice } from '../../../src/speech/tts/voice.ts';
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

describe('a voice with another one behind it', () => {
  it('speaks with the second what the first cannot begin, and tells', async () => {
    const errors: unknown[] = [];
    const both = new FallbackVoice(voice('a', [broken]), voice('b', [sound(2)]), (error) =>
      errors.push(error),
    );
    expect(await chunksOf(both.speak(request, forever()))).toEqual([sound(2)]);
    expect(errors).toEqual([broken]);
  });

  it('does not begin a sentence again in another voice', async () => {
    const both = new FallbackVoice(voice('a', [sound(1), broken]), voice('b', [sound(2)]), () => undefined);
    await expect(chunksOf(both.speak(request, forever()))).rejects.toBe(broken);
  });

  it('does not ask the second for what it cannot speak', async () => {
    const both = new FallbackVoice(voice('a', [broken]), voice('b', [sound(2)], 'Russian'), () => undefined);
    await expect(chunksOf(both.speak(request, forever()))).rejects.toBe(broken);
  });

  it('takes an interruption for what it is', async () => {
    const gone = new VivavoceError('cancelled', 'nobody listens');
    const both = new FallbackVoice(voice('a', [gone]), voice('b', [sound(2)]), () => undefined);
    await expect(chunksOf(both.speak(request, forever()))).rejects.toBe(gone);
  });
});
