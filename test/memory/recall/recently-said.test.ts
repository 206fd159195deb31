import { describe, expect, it } from 'vitest';
import type { OutboxItem } from '../../../src/conversation/memory-outbox.ts';
import type { Owner } from '../../../src/conversation/store.ts';
import { RecentlySaid } from '../../../src/memory/recall/recently-said.ts';
import { START_MS, userSays } from '../../conversation/sample-items.ts';
import { ALICE, BOB } from '../sample-memories.ts';

function waiting(id: string, text: string, atMs = START_MS): OutboxItem {
  return { conversationId: `conv_${id}`, item: userSays(id, text, atMs), stage: 'noted' };
}

/** An outbox of what Alice has said, newest first; nobody else has said anything. */
function setup(...items: OutboxItem[]) {
  const reads: { readonly limit: number; readonly failure: Error | null }[] = [];
  const outbox = {
    items,
    failure: null as Error | null,
    newestOf: async (owner: Owner, limit: number) => {
      reads.push({ limit, failure: outbox.failure });
      if (outbox.failure) throw outbox.failure;
      return owner.user === 'alice' ? outbox.items.slice(0, limit) : [];
    },
  };
  const said = new RecentlySaid(outbox);
  const texts = async (question: string, owner = ALICE) =>
    (await said.search(owner, question)).map(({ text }) => text);
  return { outbox, said, texts, reads };
}

const OSLO = waiting('1', 'I moved to Oslo.');
const DOG = waiting('2', 'My dog Bruno is three years old.');

describe('what was said and not learned from yet', () => {
  it('is found by its words, with when and where it was said', async () => {
    const { said } = setup(OSLO, DOG);
    expect(await said.search(ALICE, 'How old is my dog?')).toMatchObject([
      { id: null, kind: 'said', text: 'My dog Bruno is three years old.', validAtMs: START_MS },
    ]);
    expect(await said.search(ALICE, 'How old is my dog?')).toMatchObject([
      { conversationId: 'conv_2', itemId: '2' },
    ]);
  });

  it('comes with the most telling words first, and the newest of those that fit as well', async () => {
    const { texts } = setup(
      waiting('3', 'The dog barks.', START_MS + 2),
      waiting('2', 'The dog sleeps.', START_MS + 1),
      waiting('1', 'The dog Bruno eats.', START_MS),
    );
    expect(await texts('Bruno the dog')).toEqual([
      'The dog Bruno eats.',
      'The dog barks.',
      'The dog sleeps.',
    ]);
  });

  it('scores one when it has all the words, and less with fewer', async () => {
    const { said } = setup(waiting('2', 'Bruno eats.'), waiting('1', 'Bruno barks.'));
    const [first, second] = await said.search(ALICE, 'Bruno barks');
    expect(first?.score).toBeCloseTo(1);
    expect(second?.score).toBeLessThan(0.5);
    expect(second?.score).toBeGreaterThan(0);
  });

  it('is nothing for a question without telling words', async () => {
    const { texts, reads } = setup(OSLO);
    expect(await texts('And what is that?')).toEqual([]);
    expect(await texts('')).toEqual([]);
    expect(reads).toEqual([]);
  });

  it('is read once, and kept up to date', async () => {
    const { said, texts, reads } = setup(OSLO);
    await texts('Oslo');
    await said.said(ALICE, 'conv', userSays('9', 'Oslo is cold.', START_MS + 9), 'Oslo is cold.');
    expect(await texts('Oslo')).toEqual(['Oslo is cold.', 'I moved to Oslo.']);
    await said.settled(ALICE, ['1', 'unknown']);
    expect(await texts('Oslo')).toEqual(['Oslo is cold.']);
    expect(reads).toHaveLength(1);
  });

  it('has what was said while it was being read', async () => {
    const { said, texts } = setup(OSLO);
    const reading = texts('Oslo');
    await said.said(ALICE, 'conv', userSays('9', 'Oslo is cold.'), 'Oslo is cold.');
    await reading;
    expect(await texts('cold Oslo')).toEqual(['Oslo is cold.', 'I moved to Oslo.']);
  });

  it('has a message that was said again with other words once', async () => {
    const { said, texts } = setup(OSLO);
    await texts('Oslo');
    await said.said(ALICE, 'conv_1', userSays('1', 'I moved to Bergen.'), 'I moved to Bergen.');
    expect(await texts('Oslo')).toEqual([]);
    expect(await texts('Bergen')).toEqual(['I moved to Bergen.']);
  });

  it('is no question and no greeting: who asks the same again would find those before the answer', async () => {
    const asked = 'And where in Oslo is my dog?';
    const { said, texts } = setup(waiting('3', asked), waiting('2', 'Hello there!'), OSLO);
    expect(await texts('Where in Oslo?')).toEqual(['I moved to Oslo.']);
    await said.said(ALICE, 'conv', userSays('9', asked), asked);
    expect(await texts('Where in Oslo?')).toEqual(['I moved to Oslo.']);
    await said.said(ALICE, 'conv_1', userSays('1', asked), asked);
    expect(await texts('Where in Oslo?')).toEqual([]);
  });

  it('is bounded to the newest 200', async () => {
    const { said, texts, reads } = setup(OSLO);
    await texts('Oslo');
    for (let i = 0; i < 200; i++)
      await said.said(ALICE, 'conv', userSays(`n${i}`, `Number ${i}`), `Number ${i}`);
    expect(await texts('Oslo')).toEqual([]);
    expect(await texts('Number 0')).toContain('Number 0');
    expect(reads).toEqual([{ limit: 200, failure: null }]);
  });

  it('is of nobody else', async () => {
    const { said, texts } = setup(OSLO);
    expect(await texts('Oslo', BOB)).toEqual([]);
    await said.said(BOB, 'conv', userSays('b', 'Bergen is wet.'), 'Bergen is wet.');
    await said.settled(BOB, ['1']);
    expect(await texts('Bergen')).toEqual([]);
    expect(await texts('Oslo')).toEqual(['I moved to Oslo.']);
  });

  it('is read anew after it was forgotten', async () => {
    const { outbox, said, texts } = setup(OSLO);
    await texts('Oslo');
    outbox.items = [];
    said.forget(ALICE);
    expect(await texts('Oslo')).toEqual([]);
  });
});

describe('while the outbox cannot be read', () => {
  it('a search fails, the next one asks again, and what is said meanwhile is not lost', async () => {
    const { outbox, said, texts } = setup(OSLO);
    outbox.failure = new Error('locked');
    const failing = texts('Oslo');
    // Nobody waits for these, so they must not reject.
    const noted = [
      said.said(ALICE, 'conv', DOG.item, 'My dog Bruno is three years old.'),
      said.settled(ALICE, ['1']),
    ];
    await expect(failing).rejects.toThrow('locked');
    await Promise.all(noted);
    outbox.failure = null;
    outbox.items = [DOG, OSLO];
    expect(await texts('dog')).toHaveLength(1);
  });
});
