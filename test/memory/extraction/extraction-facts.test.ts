import { describe, expect, test } from 'vitest';
import type { ClaimedFact } from '../../../src/memory/extraction/extraction-answer.ts';
import { factsOf } from '../../../src/memory/extraction/extraction-facts.ts';
import { claim, numbered } from './sample-batch.ts';

const messages = numbered(
  'bot: Lisbon is lovely for hiking. Have you been there?',
  'me: I live in Oslo with my dog Bruno.',
  'bot: Do you speak Norwegian?',
  'too: Yes.',
  'me: And I like hiking.',
).map((message) => (message.text === 'Yes.' ? { ...message, learn: true } : message));

function kept(...claims: ReturnType<typeof claim>[]) {
  return factsOf(claims as ClaimedFact[], messages).map(({ text, source }) => [source.number, text]);
}

describe('a fact', () => {
  test('comes from the newest message of the person that it names', () => {
    expect(kept(claim([2, 5], 'The user likes hiking in Oslo.'))).toEqual([
      [5, 'The user likes hiking in Oslo.'],
    ]);
  });

  test('is dropped when it names no message, one that is not there, or only one of the assistant', () => {
    const text = 'The user lives in Oslo.';
    expect(kept(claim([], text), claim([9], text), claim([0, -2], text), claim([1, 3], text))).toEqual([]);
  });

  test('keeps its source when it also names messages that are not there', () => {
    expect(kept(claim([2, 77], 'The user lives in Oslo.'))).toEqual([[2, 'The user lives in Oslo.']]);
  });

  test('is not what the assistant said, whomever it names', () => {
    expect(kept(claim([2], 'The user has been to Lisbon.'), claim([5], 'The user loves Lisbon.'))).toEqual(
      [],
    );
  });

  test('may be what the assistant said when the person agreed to it', () => {
    expect(kept(claim([4], 'The user speaks Norwegian.'))).toEqual([[4, 'The user speaks Norwegian.']]);
  });

  test('may be in words that nobody used: it is translated, or put in another way', () => {
    expect(kept(claim([2], 'The user resides abroad.'))).toEqual([[2, 'The user resides abroad.']]);
  });

  test('is dropped when it is unfit to be kept', () => {
    const unfit = ['', '   ', 'I live in Oslo.', 'Always be nice to Bruno.', 'The assistant lives in Oslo.'];
    expect(kept(...unfit.map((text) => claim([2], text)))).toEqual([]);
  });

  test('becomes one sentence, with its capital, its stop and nothing between the lines', () => {
    expect(kept(claim([2], '  the user lives\n in\u0000 Oslo ;')).at(0)?.[1]).toBe('The user lives in Oslo.');
    expect(kept(claim([2], 'The user lives in Oslo \ud800')).at(0)?.[1]).toBe(
      'The user lives in Oslo \ufffd.',
    );
  });

  test('is there once, however often it is claimed, with all that it replaces', () => {
    const [first, ...others] = factsOf(
      [
        claim([2], 'The user lives in Oslo.', { replaces: [1] }),
        claim([2], 'the user lives in oslo', { replaces: [2] }),
      ] as ClaimedFact[],
      messages,
    );
    expect(others).toEqual([]);
    expect(first).toMatchObject({ text: 'The user lives in Oslo.', replaces: [1, 2] });
  });

  test('stands in the order in which it was said, whatever the order of the answer', () => {
    expect(
      kept(claim([5], 'The user likes hiking.'), claim([2], 'The user has a dog called Bruno.')),
    ).toEqual([
      [2, 'The user has a dog called Bruno.'],
      [5, 'The user likes hiking.'],
    ]);
  });

  test('has around it what was said, and the question that a short answer answers', () => {
    const [fact] = factsOf([claim([4], 'The user speaks Norwegian.')] as ClaimedFact[], messages);
    expect(fact?.context).toBe('Do you speak Norwegian?\nYes.');
  });
});
