import { describe, expect, test } from 'vitest';
import type { ClaimedFact } from '../../../src/memory/extraction/extraction-answer.ts';
import { factsOf } from '../../../src/memory/extraction/extraction-facts.ts';
import { reconcile } from '../../../src/memory/extraction/reconcile.ts';
import type { Memory } from '../../../src/memory/memory.ts';
import { ALICE, claim, home, knownMemory, numbered, SAID_AT_MS } from './sample-batch.ts';

const NOW_MS = SAID_AT_MS + 60_000;

/** What becomes of claims that all come from one message. */
function outcomeOf(known: readonly Memory[], ...claims: (string | [string, object])[]) {
  const messages = numbered('me: I told you about all of it.');
  const claimed = claims.map((one) => (typeof one === 'string' ? claim([1], one) : claim([1], ...one)));
  const facts = factsOf(claimed as ClaimedFact[], messages);
  expect(facts).toHaveLength(claims.length);
  return reconcile({ owner: ALICE, conversationId: 'conv_1', facts, known, nowMs: NOW_MS });
}

function short(known: readonly Memory[], ...claims: Parameters<typeof outcomeOf>[1][]) {
  return outcomeOf(known, ...claims).changes.map((change) => {
    if (change.type === 'end') return `end ${change.id}`;
    if (change.type === 'edit') return 'edit';
    const over = change.supersedes.length > 0 ? ` over ${change.supersedes.join(', ')}` : '';
    return `add ${change.memory.text}${over}`;
  });
}

describe('a new fact', () => {
  test('is added, with where it comes from and since when it holds', () => {
    const { changes } = outcomeOf([], ["The user's knee hurts since an accident.", { importance: 0.8 }]);
    expect(changes).toEqual([
      {
        type: 'add',
        supersedes: [],
        memory: {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          kind: 'fact',
          text: "The user's knee hurts since an accident.",
          subject: 'user',
          attribute: null,
          value: null,
          importance: 0.8,
          validAtMs: SAID_AT_MS,
          createdAtMs: NOW_MS,
          source: { conversationId: 'conv_1', itemId: 'item_1' },
          context: 'I told you about all of it.',
        },
      },
    ]);
  });

  test('has the same id whenever the same is read again', () => {
    const text = "The user's knee hurts.";
    expect(outcomeOf([], text)).toEqual(outcomeOf([], text));
  });

  test.each([
    ['The user lives in Oslo.', { kind: 'profile', subject: 'user', attribute: 'home', value: 'Oslo' }],
    ["The user's mum lives in Rome.", { kind: 'fact', subject: 'mother', attribute: 'home', value: 'Rome' }],
    ['The user does not like jazz.', { kind: 'preference', attribute: 'opinion of jazz', value: 'dislikes' }],
    ["The user's favorite color is blue.", { kind: 'preference', value: 'blue' }],
    ['The user is vegan.', { kind: 'profile', attribute: 'diet', value: 'vegan' }],
    ["The user's sister has a boat.", { kind: 'fact', subject: 'sister', attribute: null, value: null }],
    ['The spare key is under the blue pot.', { subject: 'spare key', attribute: null, value: null }],
  ])('has subject, attribute and value in the words of the rules: %s', (text, expected) => {
    const [change] = outcomeOf([], [text, { subject: /key/.test(text) ? 'Spare key' : 'USER' }]).changes;
    expect(change).toMatchObject({ type: 'add', memory: { text, ...expected } });
  });

  test('that says two things is two memories', () => {
    expect(short([], 'The user works as a nurse at Saint Mary Hospital.')).toEqual([
      'add The user works as a nurse.',
      'add The user works at Saint Mary Hospital.',
    ]);
  });
});

describe('a fact that is known', () => {
  test.each([
    ['The user lives in Berlin.', home('Berlin')],
    ['the user  lives in berlin', home('Berlin')],
    ['The user resides in Berlin.', home('Berlin')],
    ['The user loves jazz.', knownMemory('The user likes jazz.')],
    ['The user has a dog called Bruno.', knownMemory('The user has a dog named Bruno.', { subject: 'dog' })],
    ['The user has a boat.', knownMemory('The user has a small red boat.')],
    ['The user owned boats in the past.', knownMemory('In the past the user owned several boats.')],
  ])('is nothing new: %s', (text, known) => {
    expect(outcomeOf([known], text)).toEqual({ changes: [], repeated: 1 });
  });

  test.each([
    ['The user lives in Rome.', knownMemory('The user used to live in Rome.')],
    ['The user eats meat.', knownMemory('The user does not eat meat.')],
    ['The user does not eat meat.', knownMemory('The user eats meat.')],
    ["The user's sister has a boat.", knownMemory('The user has a boat and a sister.')],
    ['The user has a red boat.', knownMemory('The user has a boat.')],
    ['The user wants a boat.', knownMemory('The user has a boat.')],
    [
      'The user is flying to Rome on 12 May.',
      knownMemory('The user is flying to Rome on 12 May and 3 June.', { kind: 'event' }),
    ],
  ])('is something else: %s', (text, known) => {
    const details = known.kind === 'event' ? { kind: 'event' } : {};
    expect(short([known], [text, details])).toEqual([`add ${text}`]);
  });

  test('is known also when it came earlier in the same answer', () => {
    expect(short([], 'The user has a red boat.', 'The user has a boat.')).toEqual([
      'add The user has a red boat.',
    ]);
  });

  test('ends what it was said to replace', () => {
    const known = [home('Oslo'), knownMemory('The user lives in a flat in Berlin.')];
    expect(short(known, ['The user lives in Oslo.', { replaces: [2] }])).toEqual([
      'end known: The user lives in a flat in Berlin.',
    ]);
  });

  test('is added again when it holds no longer', () => {
    const past = { ...home('Berlin'), invalidAtMs: SAID_AT_MS - 1 };
    expect(short([past], 'The user lives in Berlin.')).toEqual(['add The user lives in Berlin.']);
  });
});

describe('a fact that replaces something', () => {
  const boat = knownMemory('The user has a boat called Daisy.');

  test('takes its place', () => {
    expect(short([home('Berlin'), boat], ['The user sold the boat Daisy.', { replaces: [2] }])).toEqual([
      `add The user sold the boat Daisy. over ${boat.id}`,
    ]);
    expect(short([home('Berlin')], ['The user lives in Oslo.', { replaces: [1] }])).toEqual([
      `add The user lives in Oslo. over ${home('Berlin').id}`,
    ]);
  });

  test('leaves alone what has nothing to do with it, and numbers that stand for nothing', () => {
    const known = [home('Berlin'), boat, knownMemory('The sister has a boat.', { subject: 'sister' })];
    expect(short(known, ['The user sold the boat.', { replaces: [0, 1, 2, 3, 4, 99] }])).toEqual([
      `add The user sold the boat. over ${boat.id}`,
    ]);
  });

  test('with nothing in its place ends it', () => {
    expect(short([home('Berlin')], 'The user no longer lives in Berlin.')).toEqual([
      `end ${home('Berlin').id}`,
    ]);
    expect(short([home('Oslo')], 'The user no longer lives in Berlin.')).toEqual([]);
  });
});
