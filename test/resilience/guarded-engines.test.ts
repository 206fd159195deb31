import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ChatModel, ChatPart } from '../../src/llm/chat-model.ts';
import { Guard } from '../../src/resilience/guard.ts';
import { guardChatModel } from '../../src/resilience/guarded-chat-model.ts';
import { guardVoice } from '../../src/resilience/guarded-voice.ts';
import type { SpeechChunk, Voice } from '../../src/speech/tts/voice.ts';
import { ManualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;
const request = { messages: [{ role: 'user', text: 'hi' }] } as const;
let clock: ManualClock;
let guard: Guard;
let background: Guard;

beforeEach(() => {
  clock = new ManualClock();
  guard = new Guard({ name: 'engine', clock, maxConcurrent: 1 });
  background = new Guard({ name: 'engine:background', clock, maxConcurrent: 1 });
});
afterEach(() => {
  guard[Symbol.dispose]();
  background[Symbol.dispose]();
});

const guards = () => ({ turns: guard, background });

const usage: ChatPart = {
  type: 'usage',
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 },
  finishReason: 'stop',
};

function chatModel(stream: ChatModel['stream']) {
  return { engine: 'offline', model: 'rules', contextTokens: 1_000, stream };
}

async function readAll<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

it('streams a chat model through its guard and shows the engine that it is at the moment', async () => {
  const model = chatModel(async function* () {
    yield { type: 'text', text: 'hello' } as const;
    yield usage;
  });
  const { model: behind } = guardChatModel(model, guards());
  expect(await readAll(behind.stream(request, never))).toEqual([{ type: 'text', text: 'hello' }, usage]);
  expect(guard.counters.successes).toBe(1);
  model.engine = 'ollama';
  model.model = 'llama';
  model.contextTokens = 8_000;
  expect(behind).toMatchObject({ engine: 'ollama', model: 'llama', contextTokens: 8_000 });
});

it('keeps what fails in the background apart from the turns', async () => {
  const model = chatModel(async function* ({ format }) {
    if (format) throw new Error('the runner has crashed');
    yield usage;
  });
  const behind = guardChatModel(model, guards());
  for (let i = 0; i < 6; i++) {
    await expect(
      readAll(behind.background.stream({ ...request, format: { name: 'facts', schema: {} } }, never)),
    ).rejects.toThrow();
  }
  expect([background.state, guard.state]).toEqual(['open', 'closed']);
  expect(await readAll(behind.model.stream(request, never))).toEqual([usage]);
});

it('takes reasoning for content, so that a model that thinks for long is not cut off', async () => {
  const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const model = chatModel(async function* () {
    for (let i = 0; i < 5; i++) {
      await wait(900);
      yield { type: 'reasoning', text: 'hm' } as const;
    }
    yield usage;
  });
  const reading = readAll(
    guardChatModel(model, guards(), { firstMs: 1_000, stallMs: 1_000 }).model.stream(request, never),
  );
  await clock.advance(4_500);
  expect(await reading).toHaveLength(6);
});

it('gives up on a voice that only sends empty pieces', async () => {
  const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const voice: Voice = {
    engine: 'flite',
    voices: ['slt'],
    cannotSpeak: (text) => (text === '你好' ? 'English only' : null),
    speak: async function* () {
      for (;;) {
        await wait(400);
        yield { samples: new Int16Array(0) } satisfies SpeechChunk;
      }
    },
  };
  const behind = guardVoice(voice, guard, { firstMs: 1_000 });
  expect([behind.engine, behind.voices, behind.cannotSpeak('你好')]).toEqual([
    'flite',
    ['slt'],
    'English only',
  ]);
  const reading = readAll(behind.speak({ text: 'hi', voice: null, speed: 1 }, never)).catch(
    (error: unknown) => error,
  );
  await clock.advance(1_000);
  expect(await reading).toMatchObject({ code: 'engine_timeout', kind: 'first-content' });
});

it('has less patience with a model that has answered a turn lately, and all of it in the background', async () => {
  let ms = 500;
  const model = chatModel(async function* (_, signal) {
    await new Promise<void>((resolve, reject) => {
      clock.after(ms, resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    yield usage;
    yield { type: 'text', text: 'hello' } as const;
  });
  const clocks = { firstMs: 60_000, warmFirstMs: 10_000, stallMs: 20_000, totalMs: 300_000 };
  const behind = guardChatModel(model, guards(), clocks);
  const ask = async (asked: ChatModel) => {
    const answer = readAll(asked.stream(request, never)).then(
      () => 'fine',
      ({ limitMs }) => limitMs,
    );
    await clock.advance(60_000);
    return await answer;
  };
  expect([await ask(behind.model), await ask(behind.background)]).toEqual(['fine', 'fine']);
  ms = 59_000;
  expect([await ask(behind.model), await ask(behind.background)]).toEqual([10_000, 'fine']);
  model.model = 'another';
  expect(await ask(behind.model)).toBe('fine');
});
