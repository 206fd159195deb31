import { describe, expect, it } from 'vitest';
import { Outbox } from '../../src/session/outbox.ts';

interface Note {
  readonly text: string;
}

function outbox() {
  const sent: string[] = [];
  const box = new Outbox<Note>(
    ({ text }) => sent.push(text) > 0,
    (error) => ({ text: `failed: ${(error as Error).message}` }),
  );
  return { box, sent };
}

describe('the outbox', () => {
  it('sends at once what waits for nothing', () => {
    const { box, sent } = outbox();
    box.send({ text: 'a' });
    expect(sent).toEqual(['a']);
  });

  it('holds an event back until its write is durable, and everything behind it', async () => {
    const { box, sent } = outbox();
    const write = Promise.withResolvers<void>();
    box.send({ text: 'a' }, { after: write.promise });
    box.send({ text: 'b' });
    expect(sent).toEqual([]);
    write.resolve();
    await box.idle();
    expect(sent).toEqual(['a', 'b']);
  });

  it('keeps the order when a later write is done first', async () => {
    const { box, sent } = outbox();
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    box.send({ text: 'a' }, { after: first.promise });
    box.send({ text: 'b' }, { after: second.promise });
    second.resolve();
    await second.promise;
    expect(sent).toEqual([]);
    first.resolve();
    await box.idle();
    expect(sent).toEqual(['a', 'b']);
  });

  it('tells of a failed write in the place of what it would have acknowledged', async () => {
    const { box, sent } = outbox();
    box.send({ text: 'a' }, { after: Promise.reject(new Error('disk full')) });
    box.send({ text: 'b' });
    await box.idle();
    expect(sent).toEqual(['failed: disk full', 'b']);
  });

  it('keeps the place of an event that has to be looked up', async () => {
    const { box, sent } = outbox();
    const found = Promise.withResolvers<Note>();
    box.send(found.promise);
    box.send({ text: 'b' });
    found.resolve({ text: 'found' });
    await box.idle();
    expect(sent).toEqual(['found', 'b']);
  });

  it('asks an event that tells of those before it in its turn, also when its write was done long before', async () => {
    const { box, sent } = outbox();
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    box.send({ text: 'a' }, { after: first.promise });
    box.send(() => ({ text: `behind ${sent.length}` }), { after: second.promise });
    second.resolve();
    await second.promise;
    first.resolve();
    await box.idle();
    expect(sent).toEqual(['a', 'behind 1']);
  });

  it('drops what has not left of a stream, and not a word of the others', async () => {
    const { box, sent } = outbox();
    const write = Promise.withResolvers<void>();
    const told: string[] = [];
    box.send({ text: 'a' }, { after: write.promise, stream: 's', onSent: () => told.push('a') });
    box.send({ text: 'b' }, { stream: 's', onSent: () => told.push('b') });
    box.send({ text: 'c' }, { stream: 'other', onSent: () => told.push('c') });
    box.discard('s');
    write.resolve();
    await box.idle();
    expect(sent).toEqual(['c']);
    expect(told).toEqual(['c']);
  });
});
