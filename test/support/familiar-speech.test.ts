import { beforeAll, expect, it } from 'vitest';
import { decodeMuLaw, encodeMuLaw } from '../../src/speech/audio/g711.ts';
import { joinSamples } from '../../src/speech/audio/pcm.ts';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { asTelephone, FamiliarSpeech } from './familiar-speech.ts';
import { tone } from './speech.ts';

const WEATHER = 'What is the weather like today?';
const PARIS = 'How far is it to Paris?';

let known: FamiliarSpeech;
beforeAll(async () => {
  await using voice = new FliteVoice({ workers: 1 });
  known = await FamiliarSpeech.record(voice, [WEATHER, PARIS]);
});

it('knows a sentence by its sound, with silence around it and over the telephone', () => {
  const silence = new Int16Array(4_800);
  for (const text of [WEATHER, PARIS]) {
    const speech = joinSamples([silence, known.speech(text), silence]);
    expect(known.understand(speech, 24_000)).toBe(text);
    expect(known.understand(decodeMuLaw(encodeMuLaw(asTelephone(speech))), 8_000)).toBe(text);
  }
});

it('has heard of a sentence what was said of it', () => {
  const speech = known.speech(WEATHER);
  expect(known.understand(speech.subarray(0, speech.length / 2), 24_000)).toMatch(
    /^What is( the)?( weather)?$/,
  );
});

it('hears no words in anything else', () => {
  const speech = known.speech(WEATHER);
  const shifted = new Int16Array(new Uint8Array(speech.buffer, 1, speech.byteLength - 2).slice().buffer);
  for (const noise of [tone(440, 24_000, 24_000), speech.toReversed(), shifted, new Int16Array(24_000)]) {
    expect(known.understand(noise, 24_000)).toBe('');
  }
});
