import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgreedText } from '../../src/server/agreed-text.ts';
import { cuesOf, toSrt, toVtt } from '../../src/server/subtitles.ts';
import type { HeardWord } from '../../src/speech/stt/transcriber.ts';

/** Words of a speaker: lengths and pauses of every kind, also times that overlap, as some engines have them. */
const speech: fc.Arbitrary<HeardWord[]> = fc
  .array(
    fc.record({
      text: fc.stringMatching(/^[a-z]{1,12}[.,?]?$/),
      lengthMs: fc.integer({ min: 0, max: 3_000 }),
      pauseMs: fc.integer({ min: -300, max: 2_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((words) => {
    let atMs = 0;
    return words.map(({ text, lengthMs, pauseMs }) => {
      const startMs = Math.max(0, atMs + pauseMs);
      atMs = startMs + lengthMs;
      return { text, startMs, endMs: atMs };
    });
  });

const textOf = (words: readonly HeardWord[]) => words.map(({ text }) => text).join(' ');

describe('cues', () => {
  test('hold every word once and in order, last for a while, never overlap, and fit on a screen', () => {
    fc.assert(
      fc.property(speech, (words) => {
        const cues = cuesOf({ text: textOf(words), words }, 0);
        expect(cues.map(({ text }) => text).join(' ')).toBe(textOf(words));
        let endMs = 0;
        for (const cue of cues) {
          expect(cue.startMs).toBeGreaterThanOrEqual(endMs);
          expect(cue.endMs).toBeGreaterThan(cue.startMs);
          expect(cue.text.length).toBeLessThanOrEqual(84);
          endMs = cue.endMs;
        }
      }),
    );
  });

  test('end where a sentence or the breath does', () => {
    const words = ['One', 'two.', 'Three', 'four', 'five'].map((text, i) => ({
      text,
      startMs: i * 300 + (i > 3 ? 700 : 0),
      endMs: i * 300 + 300 + (i > 3 ? 700 : 0),
    }));
    expect(cuesOf({ text: '', words: null }, 100)).toEqual([]);
    expect(cuesOf({ text: textOf(words), words }, 0)).toEqual([
      { text: 'One two.', startMs: 0, endMs: 600 },
      { text: 'Three four', startMs: 600, endMs: 1_200 },
      { text: 'five', startMs: 1_900, endMs: 2_200 },
    ]);
  });

  test('are text for every player, whatever is in them', () => {
    const cues = cuesOf({ text: 'a --> b\n\n<i>&{\\an8}\0', words: null }, 3_723_004);
    expect(toVtt(cues)).toBe(
      'WEBVTT\n\n00:00:00.000 --> 01:02:03.004\na --&gt; b &lt;i&gt;&amp;{\\an8}\ufffd\n\n',
    );
    expect(toSrt(cues)).toBe('1\n00:00:00,000 --> 01:02:03,004\na --＞ b ＜i＞&｛\\an8｝\ufffd\n\n');
  });
});

describe('a text that only grows', () => {
  test('is the last one in the end when the others were beginnings of it', () => {
    fc.assert(
      fc.property(speech, fc.array(fc.nat(300)), (words, lengths) => {
        const text = textOf(words);
        const agreed = new AgreedText();
        let given = '';
        for (const length of lengths) {
          given += agreed.take(text.slice(0, length));
          expect(text.startsWith(given)).toBe(true);
        }
        expect(given + agreed.finish(text)).toBe(text);
      }),
    );
  });

  test('never has a word that only one of two texts has, nor half a word', () => {
    const agreed = new AgreedText();
    expect(agreed.take('one two')).toBe('');
    expect(agreed.take('one tooth three')).toBe('one');
    expect(agreed.take('one tooth')).toBe('');
    expect(agreed.take('one tooth three four')).toBe('');
    expect(agreed.take('one tooth three four five')).toBe(' tooth three');
  });
});
