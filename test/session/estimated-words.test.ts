import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateWords, spokenWeight } from '../../src/session/estimated-words.ts';

const timesOf = (text: string, ...voiced: readonly [number, number][]) =>
  estimateWords(
    text,
    voiced.map(([startMs, endMs]) => ({ startMs, endMs })),
  ).map(({ start, end, startMs, endMs }) => [text.slice(start, end), Math.round(startMs), Math.round(endMs)]);

describe('the words of a voice that does not say when they are', () => {
  it('share its time by their length', () => {
    expect(timesOf('Two and three', [100, 1_500])).toEqual([
      ['Two', 100, 500],
      ['and', 500, 900],
      ['three', 900, 1_500],
    ]);
  });

  it('do not sound in its pauses', () => {
    expect(timesOf('Two and three', [0, 400], [900, 1_900])).toEqual([
      ['Two', 0, 400],
      ['and', 900, 1_300],
      ['three', 1_300, 1_900],
    ]);
  });

  it('are divided by a pause where their comma is', () => {
    // By length alone the pause would be in the middle of "two".
    expect(timesOf('One, two three', [0, 600], [1_000, 1_800])).toEqual([
      ['One,', 0, 600],
      ['two', 1_000, 1_320],
      ['three', 1_320, 1_800],
    ]);
  });

  it('are not divided at a comma that is far from the pause', () => {
    const [last] = timesOf(
      'One, two three four five six seven eight nine ten',
      [0, 3_000],
      [4_000, 4_200],
    ).slice(-1);
    expect(last).toEqual(['ten', 2_939, 4_200]);
  });

  it('take longer when they are numbers or signs, and are characters where nobody writes spaces', () => {
    expect(spokenWeight('1984')).toBeGreaterThan(spokenWeight('nineteen eighty') - 2);
    expect(spokenWeight('$5')).toBeGreaterThan(spokenWeight('five'));
    expect(timesOf('你好，世界。', [0, 400])).toEqual([
      ['你', 0, 100],
      ['好，', 100, 200],
      ['世', 200, 300],
      ['界。', 300, 400],
    ]);
  });

  it('keep their order within the sound, whatever they are', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab,. 7你!é'), maxLength: 60 });
    const gaps = fc.array(fc.integer({ min: 1, max: 800 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(text, gaps, (words, lengths) => {
        const voiced: [number, number][] = [];
        let at = 0;
        for (let i = 0; i + 1 < lengths.length; i += 2) {
          const startMs = at + (lengths[i] ?? 0);
          at = startMs + (lengths[i + 1] ?? 0);
          voiced.push([startMs, at]);
        }
        const times = estimateWords(
          words,
          voiced.map(([startMs, endMs]) => ({ startMs, endMs })),
        );
        let before = (voiced[0]?.[0] ?? 0) - 1e-6;
        for (const { startMs, endMs } of times) {
          expect(startMs).toBeGreaterThanOrEqual(before);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          before = endMs - 1e-6;
        }
        if (times.length > 0) expect(times.at(-1)?.endMs).toBeCloseTo(at, 3);
      }),
      { numRuns: 500 },
    );
  });
});
