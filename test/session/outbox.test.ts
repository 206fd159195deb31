import { setImmediate as macrotask } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Outbox } from '../../src/session/outbox.ts';

type Event = { readonly type: string };

function sent(deliver: (event: Event) => boolean = () => true) {
  const events: string[] = [];
  const outbox = new Outbox<Event>(
    (event) => deliver(event) && events.push(event.type) > 0,
    (error) => ({ type: `failed: ${(error as Error).message}` }),
  );
  return { events, outbox };
}

test('an event that waits for a write holds back those behind it, and what it acknowledges is true by then', async () => {
  const { events, outbox } = sent();
  const write = Promise.withResolvers<void>();
  outbox.send({ type: 'a' });
  outbox.send({ type: 'b' }, { after: write.promise });
  outbox.send({ type: 'c' });
  await macrotask();
  expect(events).toEqual(['a']);
  write.resolve();
  await outbox.idle();
  expect(events).toEqual(['a', 'b', 'c']);
});

test('a write that fails while another one is waited for is told in its turn', async () => {
  const { events, outbox } = sent();
  const slow = Promise.withResolvers<void>();
  outbox.send({ type: 'a' }, { after: slow.promise });
  outbox.send({ type: 'b' }, { after: Promise.reject(new Error('disk full')) });
  await macrotask();
  slow.resolve();
  await outbox.idle();
  expect(events).toEqual(['a', 'failed: disk full']);
});

test('a write that fails after its event was discarded troubles nobody', async () => {
  const { events, outbox } = sent();
  const [slow, lost] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  outbox.send({ type: 'a' }, { after: slow.promise });
  outbox.send({ type: 'audio' }, { after: lost.promise, stream: 'resp_1' });
  outbox.discard('resp_1');
  lost.reject(new Error('disk full'));
  await macrotask();
  slow.resolve();
  await outbox.idle();
  expect(events).toEqual(['a']);
});

test('only what could be delivered counts as sent', async () => {
  let isOpen = true;
  const { outbox } = sent(() => isOpen);
  const counted: string[] = [];
  const send = (type: string, after?: Promise<void>) =>
    outbox.send({ type }, { onSent: () => counted.push(type), ...(after && { after }) });
  send('one');
  send('two', Promise.resolve());
  await outbox.idle();
  isOpen = false;
  send('three');
  send('four', Promise.resolve());
  await outbox.idle();
  expect(counted).toEqual(['one', 'two']);
});
