import { expect, test } from 'vitest';
import { compressionRatio, isStuck, withoutLoops } from '../../../src/speech/stt/repetition.ts';

test('speech stays as it is, emphasis included', () => {
  for (const text of [
    '',
    'No, no, no, no, no!',
    'It was very, very, very, very cold, and I thought that we would never arrive.',
    'Row, row, row your boat, gently down the stream; merrily, merrily, merrily, merrily, life is but a dream.',
  ]) {
    expect(withoutLoops(text)).toBe(text);
  }
});

test('what a stuck model repeats is said once', () => {
  const loop = 'thank you for watching. ';
  expect(compressionRatio(loop.repeat(12))).toBeGreaterThan(2.4);
  expect(withoutLoops(loop.repeat(12))).toBe('thank you for watching.');
  expect(withoutLoops(`I live in Berlin. ${'Yes. '.repeat(60)}And so on.`)).toBe(
    'I live in Berlin. Yes. And so on.',
  );
  expect(withoutLoops('谢谢观看。'.repeat(30))).toBe('谢谢观看。');
});

test('a model is stuck when its newest tokens are the same few again and again', () => {
  expect(isStuck([])).toBe(false);
  expect(isStuck(Array(23).fill(7))).toBe(false);
  expect(isStuck(Array(24).fill(7))).toBe(true);
  const phrase = Array.from({ length: 10 }, (_, i) => i);
  expect(isStuck([99, 98, ...Array(5).fill(phrase).flat()])).toBe(false);
  expect(isStuck([99, 98, ...Array(6).fill(phrase).flat()])).toBe(true);
  expect(isStuck(Array.from({ length: 200 }, (_, i) => i % 50))).toBe(false);
});
