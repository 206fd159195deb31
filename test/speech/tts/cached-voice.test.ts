import { expect, test } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { isAbort } from '../../../src/errors.ts';
import { CachedVoice } from '../../../src/speech/tts/cached-voice.ts';
import type { SpeechChunk, SpeechRequest, Voice } from '../../../src/speech/tts/voice.ts';
import { chunksOf, forever } from '../../support/speech.ts';

/** Speaks two chunks per text, the second when it is let go on. Says how often and whether it was aborted. */
class FakeVoice implements Voice {
  readonly engine = 'fake';
  readonly voices = ['one', 'two'];
  readonly spoken: string[] = [];
  aborted = 0;
  /** Awaited before the second chunk. */
  gate: (request: SpeechRequest) => Promise<void> = async () => {};

  cannotSpeak(text: string): string | null {
    return text === '🎉' ? 'no' : null;
  }

  async *speak(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    this.spoken.push(request.text);
    const onAbort = () => this.aborted++;
    signal.addEventListener('abort', onAbort);
    yield chunk(1);
    await this.gate(request);
    signal.throwIfAborted();
    yield chunk(2);
  }
}

const chunk = (value: number): SpeechChunk => ({ samples: new Int16Array(500).fill(value) });
const BOTH = [chunk(1), chunk(2)];

function setUp({ maxBytes = 1_000_000 } = {}) {
  let nowMs = 1;
  const clock: Pick<Clock, 'monotonicMs'> & { pass(ms: number): void } = {
    monotonicMs: () => nowMs,
    pass: (ms) => {
      nowMs += ms;
    },
  };
  const voice = new FakeVoice();
  const cached = new CachedVoice(voice, { maxBytes, ttlMs: 60_000, clock });
  const say = (text: string, { voice = null as string | null, speed = 1, signal = forever() } = {}) =>
    cached.speak({ text, voice, speed }, signal);
  return { voice, cached, say, clock };
}

test('the same sentence again never reaches the engine', async () => {
  const { voice, cached, say } = setUp();
  expect(await chunksOf(say('Hello.'))).toEqual(BOTH);
  expect(await chunksOf(say('Hello.'))).toEqual(BOTH);
  expect(voice.spoken).toEqual(['Hello.']);
  expect(cached.statistics).toEqual({ hits: 1, misses: 1, joined: 0, entries: 1, bytes: 2_001 });
});

test('another text, voice or speed is another sentence, and an unknown voice is the default one', async () => {
  const { voice, say } = setUp();
  for (const options of [{}, { voice: 'one' }, { voice: 'alloy' }, { voice: 'two' }, { speed: 1.2 }]) {
    await chunksOf(say('Hello.', options));
  }
  await chunksOf(say('Hello'));
  expect(voice.spoken).toEqual(['Hello.', 'Hello.', 'Hello.', 'Hello']);
});

test('a sentence that is still being made is followed live', async () => {
  const { voice, cached, say } = setUp();
  const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
  voice.gate = () => gate;
  const [first, second] = [say('Hello.'), say('Hello.')];
  expect((await first.next()).value).toEqual(chunk(1));
  expect((await second.next()).value).toEqual(chunk(1));
  const rest = [first.next(), second.next()];
  goOn();
  expect((await Promise.all(rest)).map(({ value }) => value)).toEqual([chunk(2), chunk(2)]);
  expect((await Promise.all([first.next(), second.next()])).every(({ done }) => done)).toBe(true);
  expect(voice.spoken).toHaveLength(1);
  expect(cached.statistics).toMatchObject({ hits: 0, misses: 1, joined: 1, entries: 1 });
});

test('the engine goes on while one listener is left, and stops with the last', async () => {
  const { voice, cached, say } = setUp();
  const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
  voice.gate = () => gate;
  const controllers = [new AbortController(), new AbortController()];
  const [first, second] = controllers.map(({ signal }) => say('Hello.', { signal }));
  if (!first || !second) throw new Error('unreachable');
  await Promise.all([first.next(), second.next()]);
  const waiting = [first.next(), second.next()];
  controllers[0]?.abort();
  await expect(waiting[0]).rejects.toSatisfy(isAbort);
  expect(voice.aborted).toBe(0);
  controllers[1]?.abort();
  await expect(waiting[1]).rejects.toSatisfy(isAbort);
  expect(voice.aborted).toBe(1);
  goOn();
  expect(cached.statistics.entries).toBe(0);
  expect(await chunksOf(say('Hello.'))).toEqual(BOTH);
});

test('the one that began may leave, the one that joined hears all', async () => {
  const { voice, cached, say } = setUp();
  const first = say('Hello.');
  await first.next();
  const second = say('Hello.');
  await second.next();
  await first.return();
  expect(await chunksOf(second)).toEqual([chunk(2)]);
  expect(voice.aborted).toBe(0);
  expect(cached.statistics.entries).toBe(1);
});

test('who leaves between two chunks aborts, and the next request begins anew', async () => {
  const { voice, say } = setUp();
  for await (const _ of say('Hello.')) break;
  expect(voice.aborted).toBe(1);
  expect(await chunksOf(say('Hello.'))).toEqual(BOTH);
  expect(voice.spoken).toHaveLength(2);
});

test('a failure reaches everyone who listens and is not kept', async () => {
  const { voice, say } = setUp();
  voice.gate = async () => {
    throw new Error('broken');
  };
  const both = await Promise.allSettled([chunksOf(say('Hello.')), chunksOf(say('Hello.'))]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  voice.gate = async () => {};
  expect(await chunksOf(say('Hello.'))).toEqual(BOTH);
});

test('an abort ends a hit too', async () => {
  const { say } = setUp();
  await chunksOf(say('Hello.'));
  const controller = new AbortController();
  const speech = say('Hello.', { signal: controller.signal });
  await speech.next();
  controller.abort();
  await expect(speech.next()).rejects.toSatisfy(isAbort);
  await expect(say('Hello.', { signal: AbortSignal.abort() }).next()).rejects.toSatisfy(isAbort);
});

test('the oldest sentences make room', async () => {
  const { voice, cached, say } = setUp({ maxBytes: 5_000 });
  for (const text of ['a', 'b', 'c']) await chunksOf(say(text));
  expect(cached.statistics).toMatchObject({ entries: 2, bytes: 4_002 });
  await chunksOf(say('c'));
  await chunksOf(say('a'));
  expect(voice.spoken).toEqual(['a', 'b', 'c', 'a']);
});

test('a sentence is forgotten after its time', async () => {
  const { voice, say, clock } = setUp();
  await chunksOf(say('Hello.'));
  clock.pass(59_999);
  await chunksOf(say('Hello.'));
  expect(voice.spoken).toHaveLength(1);
  clock.pass(2);
  await chunksOf(say('Hello.'));
  expect(voice.spoken).toHaveLength(2);
});

test('a very long text passes without being kept', async () => {
  const { cached, say } = setUp();
  await chunksOf(say('long '.repeat(500)));
  expect(cached.statistics.entries).toBe(0);
});

test('warming makes what is missing, one after the other', async () => {
  const { voice, cached, say } = setUp();
  await chunksOf(say('b'));
  let running = 0;
  voice.gate = async () => {
    expect(++running).toBe(1);
    await new Promise(setImmediate);
    running--;
  };
  await cached.warm(
    ['a', 'b', '🎉', 'c'].map((text) => ({ text, voice: null, speed: 1 })),
    forever(),
  );
  expect(voice.spoken).toEqual(['b', 'a', 'c']);
  await chunksOf(say('c'));
  expect(voice.spoken).toHaveLength(3);
});

test('warming waits while somebody is listening to the engine', async () => {
  const { voice, cached, say } = setUp();
  const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
  voice.gate = ({ text }) => (text === 'now' ? gate : Promise.resolve());
  const speech = say('now');
  await speech.next();
  const warming = cached.warm([{ text: 'later', voice: null, speed: 1 }], forever());
  await new Promise(setImmediate);
  expect(voice.spoken).toEqual(['now']);
  goOn();
  await chunksOf(speech);
  await warming;
  expect(voice.spoken).toEqual(['now', 'later']);
});

test('warming ends with its signal and tells of a failure', async () => {
  const { voice, cached } = setUp();
  const requests = [{ text: 'a', voice: null, speed: 1 }];
  await expect(cached.warm(requests, AbortSignal.abort())).rejects.toSatisfy(isAbort);
  voice.gate = async () => {
    throw new Error('broken');
  };
  await expect(cached.warm(requests, forever())).rejects.toThrow('broken');
});

test('what the engine cannot speak, it says itself', () => {
  const { cached } = setUp();
  expect(cached.cannotSpeak('🎉')).toBe('no');
  expect(cached.cannotSpeak('Hello.')).toBeNull();
  expect([cached.engine, cached.voices]).toEqual(['fake', ['one', 'two']]);
});
