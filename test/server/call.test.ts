import { describe, expect, it } from 'vitest';
import { ScriptedCall } from '../support/scripted-call.ts';

const ANSWER = 'One two three four five. Six seven eight nine ten. Eleven and it is over.';
const STEPS = ['One two three four five.', 100, ' Six seven eight nine ten.', 100, ' Eleven and it is over.'];
const TEXT = { output_modalities: ['text'] };
const SLOW = ['One two.', 100_000, ' Never.'];

describe('a session that nobody comes back to', () => {
  it('is over after a minute, with what was heard until then: nothing of it is kept in memory', async () => {
    const call = new ScriptedCall(true, [[...STEPS, 100_000, ' Never.']]);
    const socket = call.begin();
    call.say('Count for me.');
    await call.clock.advance(250);
    socket.end(false);
    await call.clock.advance(59_000);
    expect(call.released).toEqual([]);
    await call.clock.advance(1_000);
    expect(call.released).toEqual(['lease', 'place']);
    expect(call.clock.pending).toBe(0);
    const [, reply] = await call.items();
    expect(reply).toMatchObject({ status: 'incomplete', reply: { heard: ANSWER } });
  });

  it('is not gone back to while it ends: it would answer nothing any more', async () => {
    const call = new ScriptedCall(true, [SLOW]);
    const socket = call.begin();
    call.say('Count for me.', TEXT);
    await call.clock.advance(50);
    socket.end(false);
    const { promise, resolve } = Promise.withResolvers<void>();
    call.delayWrites(promise);
    await call.clock.advance(60_000);
    expect(call.released).toEqual([]);
    expect(() => call.resume(-1)).toThrow('cannot be resumed');
    resolve();
    await call.clock.settle();
    expect(call.released).toEqual(['lease', 'place']);
  });
});

describe('the answer to a plain client that was cut off', () => {
  it('is made to its end, and then the session is over', async () => {
    const call = new ScriptedCall(false, [STEPS]);
    const socket = call.begin();
    call.say('Count for me.', TEXT);
    await call.clock.advance(50);
    socket.end(false);
    await call.clock.advance(200);
    expect(call.released).toEqual(['lease', 'place']);
    const [, reply] = await call.items();
    expect(reply).toMatchObject({ status: 'completed', content: [{ text: ANSWER }] });
    expect(call.clock.pending).toBe(0);
  });

  it('is kept as far as it came when it takes longer than a minute, and given back once', async () => {
    const call = new ScriptedCall(false, [SLOW]);
    const socket = call.begin();
    call.say('Count for me.', TEXT);
    await call.clock.advance(50);
    socket.end(false);
    await call.clock.advance(60_000);
    expect(call.released).toEqual(['lease', 'place']);
    const [, reply] = await call.items();
    expect(reply).toMatchObject({ status: 'incomplete', content: [{ text: 'One two.' }] });
  });

  it('has no hole where the connection was being cut: all of it is for whoever opens the conversation', async () => {
    const call = new ScriptedCall(false, [['One', 100, ' two', 100, ' three.', ...SLOW]]);
    const socket = call.begin();
    call.say('Count for me.', TEXT);
    await call.clock.advance(50);
    socket.isOpen = false;
    socket.isCut = true;
    await call.clock.advance(100);
    socket.end(false);
    await call.clock.advance(60_000);
    const [, reply] = await call.items();
    expect(reply).toMatchObject({ status: 'incomplete', content: [{ text: 'One two three.One two.' }] });
  });
});

it('a server that stops does not wait for who was just sent away because nobody read', async () => {
  const call = new ScriptedCall(true, [STEPS]);
  const socket = call.begin();
  // It is being closed already, and does not answer.
  socket.isOpen = false;
  socket.close = () => undefined;
  const closed = call.call.close(new AbortController().signal, 1012, 'the server is shutting down');
  await call.clock.settle();
  socket.end(false);
  await call.clock.settle();
  expect(call.released).toEqual(['lease', 'place']);
  await closed;
});
