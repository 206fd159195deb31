import { describe, expect, test } from 'vitest';
import { queryTermsOf, rarityOf, type SearchedText, termWeights } from '../../src/memory/term-weights.ts';

const MAY_2026 = Date.UTC(2026, 4, 3);

function weights(text: string, more: Partial<SearchedText> = {}): Map<string, number> {
  return termWeights({ text, context: '', subject: 'user', validAtMs: MAY_2026, ...more });
}

function weight(term: string, ...memory: Parameters<typeof weights>): number {
  return weights(...memory).get(term) ?? 0;
}

describe('what a term tells about a memory', () => {
  test('is more where it is mentioned more often, and never more than 1', () => {
    const [once, twice, always] = ['tea', 'tea tea', 'tea '.repeat(500)].map((text) => weight('tea', text));
    expect(once).toBeLessThan(twice ?? 0);
    expect(always).toBeLessThanOrEqual(1);
  });

  test('is more in a short text than in a long one', () => {
    const long =
      'The user likes tea, walks along the river, old maps, quiet trains and a garden full of herbs.';
    expect(weight('tea', 'The user likes tea.')).toBeGreaterThan(weight('tea', long));
  });

  test('is less in what was said around it, which takes nothing away from its own words', () => {
    const context = 'Would you like some tea, or would you rather have something else?';
    expect(weight('tea', 'Yes, I like it.', { context })).toBeLessThan(weight('tea', 'Yes, I like tea.'));
    expect(weight('like', 'I like it.', { context: 'Tea?' })).toBe(weight('like', 'I like it.'));
  });

  test('is nothing for a word that is not there', () => {
    expect(weight('rum', 'The user likes tea.')).toBe(0);
  });

  test('knows of the month and the year in which it was said', () => {
    expect(weight('2026', 'The user likes tea.')).toBeGreaterThan(0);
    expect([...weights('Tea.').keys()]).toEqual(
      expect.arrayContaining([...queryTermsOf('in May 2026').terms]),
    );
  });
});

describe('a query', () => {
  test('asks once for each of its words', () => {
    expect(queryTermsOf('Is there tea, tea, or more teas?').terms).toEqual(['tea']);
  });

  test('that says nothing asks for nothing', () => {
    expect(queryTermsOf('What is it?').terms).toEqual([]);
  });

  test('prefers what is about somebody to what only mentions them', () => {
    const about = weights('They moved to Rome.', { subject: 'sister' });
    const mentions = weights('The user told a sister about Rome.');
    const [cue = ''] = [...queryTermsOf('my sister').cues.keys()];
    expect(about.has(cue)).toBe(true);
    expect(mentions.has(cue)).toBe(false);
  });

  test('in the first person is about the user', () => {
    const own = weights('The user lives in Rome.');
    const shared = (query: string) => [...queryTermsOf(query).cues.keys()].filter((cue) => own.has(cue));
    expect(shared('Where do I live?')).toHaveLength(1);
    expect(shared('Where does Anna live?')).toHaveLength(0);
  });

  test.each([
    ['When did it happen?', 'They met last summer.'],
    ['How long was it?', 'It took until Monday.'],
    ['What year was that?', 'It was in 1999.'],
    ['Which day suits you?', 'I come tomorrow.'],
  ])('that asks for a time (%s) prefers what tells one: %s', (question, answer) => {
    const told = (text: string) => {
      const memory = weights(text);
      return [...queryTermsOf(question).cues.keys()].filter((cue) => memory.has(cue)).length;
    };
    expect(told(answer)).toBe(1);
    expect(told('They met at the station.')).toBe(0);
  });

  test('has no cue that a text could contain', () => {
    const cues = [...queryTermsOf('When did I see my sister?').cues.keys()];
    expect(
      weights(cues.join(' '), { subject: 'nobody' })
        .keys()
        .filter((term) => cues.includes(term))
        .toArray(),
    ).toEqual([]);
  });
});

describe('the rarity of a term', () => {
  test('is the greater, the fewer memories have it', () => {
    expect(rarityOf(1, 100)).toBeGreaterThan(rarityOf(50, 100));
    expect(rarityOf(50, 100)).toBeGreaterThan(rarityOf(100, 100));
    expect(rarityOf(100, 100)).toBeGreaterThan(0);
  });
});
