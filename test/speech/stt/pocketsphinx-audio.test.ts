import { expect, test } from 'vitest';
import { UtteranceAudio } from '../../../src/speech/stt/pocketsphinx-audio.ts';
import { tone } from '../../support/speech.ts';

test('a stretch is found again across the pieces in which it came, also when the oldest are gone', () => {
  const audio = new UtteranceAudio();
  for (let i = 0; i < 10; i++) audio.append(Int16Array.of(i * 3, i * 3 + 1, i * 3 + 2));
  expect([...audio.slice(4, 9)]).toEqual([4, 5, 6, 7, 8]);
  audio.dropBefore(10);
  expect([audio.size, audio.end]).toEqual([21, 30]);
  expect([...audio.slice(10, 14)]).toEqual([10, 11, 12, 13]);
  expect(audio.slice(28, 99)).toHaveLength(2);
});

test('sound is what is not much quieter than the loudest', () => {
  const audio = new UtteranceAudio();
  audio.append(new Int16Array(3_200));
  expect(audio.firstSound(0, 3_200)).toBe(3_200);
  audio.append(tone(300, 16_000, 3_200, 0.3));
  audio.append(tone(300, 16_000, 3_200, 0.001));
  expect(audio.firstSound(0, 9_600)).toBe(3_200);
  expect(audio.firstSound(6_400, 9_600)).toBe(9_600);
});
