import { describe, expect, it } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { apologyFor, NO_ANSWER } from '../../src/nodes/apology.ts';

const broke = new VivavoceError('engine_failed', 'the model broke');
const whole = (said: string) => said + apologyFor({ said, isComplete: false, apologises: false }, broke);

describe('an answer that breaks off is ended in words:', () => {
  it.each([
    ['in the middle of a word', 'It is in Nor', 'It is in Nor… I lost my train of thought.'],
    ['behind a word', 'It is in ', 'It is in … I lost my train of thought.'],
    ['behind a comma', 'Well,', 'Well, … I lost my train of thought.'],
    ['behind a sentence', 'It is Oslo.', 'It is Oslo. I lost my train of thought.'],
    ['behind a sentence and its space', 'It is Oslo. ', 'It is Oslo. I lost my train of thought.'],
    ['behind a quotation', 'He said “yes.”', 'He said “yes.” I lost my train of thought.'],
    ['behind a Chinese sentence', '你好。', '你好。 I lost my train of thought.'],
    ['in an item of a list', '- one\n- tw', '- one\n- tw… I lost my train of thought.'],
  ])('%s', (_where, said, all) => {
    expect(whole(said)).toBe(all);
  });

  it('outside of a block of code, because nobody hears what stands in one', () => {
    expect(whole('So:\n```js\nconst a =')).toBe('So:\n```js\nconst a =\n```\nI lost my train of thought.');
    expect(whole('So:\n```js\nrun()\n```\nThen')).toMatch(/Then… I lost my train of thought\.$/);
  });
});

describe('a turn without any answer', () => {
  const nothing = (apologises: boolean, error: unknown = broke, said = '') =>
    apologyFor({ said, isComplete: false, apologises }, error);

  it('says so to somebody who listens, and to nobody else', () => {
    expect(nothing(true)).toBe(NO_ANSWER);
    expect(nothing(true, broke, '\n')).toBe(NO_ANSWER);
    expect(nothing(false)).toBeNull();
  });

  it('says nothing when there is too much to do, or when it was given up', () => {
    expect(nothing(true, new VivavoceError('overloaded', 'come back later'))).toBeNull();
    expect(nothing(true, new VivavoceError('cancelled', 'the person went away'))).toBeNull();
  });
});

it('nothing is missing of an answer that was complete', () => {
  expect(apologyFor({ said: 'Let me look.', isComplete: true, apologises: true }, broke)).toBeNull();
});
