import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { EngineStatus } from '../../src/engine-status.ts';
import { isAbort, VivavoceError } from '../../src/errors.ts';
import { AutoChatModel, type AutoOptions } from '../../src/llm/auto-chat-model.ts';
import type { Candidate } from '../../src/llm/candidate-watch.ts';
import type { ChatModel, ChatPart, ChatRequest } from '../../src/llm/chat-model.ts';
import { OllamaChatModel } from '../../src/llm/ollama.ts';
import { collect } from '../support/collect.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { OllamaServer } from '../support/ollama-server.ts';

const never = new AbortController().signal;
const hello: ChatRequest = { messages: [{ role: 'user', text: 'Hello' }] };
const usage: ChatPart = {
  type: 'usage',
  finishReason: 'stop',
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 },
};
const unavailable = new VivavoceError('engine_unavailable', 'nobody answers');

/** An engine that says its name, or fails after some parts; it can be up or down. */
class FakeEngine implements ChatModel {
  readonly name: string;
  readonly engine: string;
  readonly model = 'm1';
  readonly contextTokens = 100;
  readonly intervalMs: number;
  up = true;
  probes = 0;
  asked = 0;
  parts: (ChatPart | Error)[];
  onProbe: ((signal: AbortSignal) => Promise<EngineStatus>) | null = null;

  constructor(name: string, intervalMs = 0) {
    this.name = name;
    this.engine = name;
    this.intervalMs = intervalMs;
    this.parts = [{ type: 'text', text: name }, usage];
  }

  get candidate(): Candidate {
    return {
      name: this.name,
      model: this,
      probe: (signal) => this.probe(signal),
      intervalMs: this.intervalMs,
    };
  }

  async probe(signal: AbortSignal): Promise<EngineStatus> {
    this.probes++;
    if (this.onProbe) return this.onProbe(signal);
    if (!this.up) throw new VivavoceError('engine_unavailable', `${this.name} is down`);
    return {
      part: 'llm',
      engine: this.name,
      detail: this.model,
      state: 'ready',
      reason: `${this.name} is up`,
    };
  }

  async *stream(_: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    this.asked++;
    signal.throwIfAborted();
    for (const part of this.parts) {
      if (part instanceof Error) throw part;
      yield part;
    }
  }
}

function setUp(engines: FakeEngine[], options: Partial<AutoOptions> = {}) {
  const clock = new ManualClock();
  const auto = new AutoChatModel({
    candidates: engines.map((engine) => engine.candidate),
    clock,
    ...options,
  });
  return { clock, auto, [Symbol.asyncDispose]: () => auto[Symbol.asyncDispose]() };
}

const say = async (auto: AutoChatModel) => (await collect(auto.stream(hello, never))).text;

describe('looking in the background', () => {
  test('the best engine that answers at the start is used', async () => {
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    best.up = false;
    await using at = setUp([best, second]);
    expect(await at.auto.start()).toMatchObject({
      engine: 'second',
      state: 'degraded',
      reason: 'second answers meanwhile: best is down',
    });
    expect(await say(at.auto)).toBe('second');
    expect(best.asked).toBe(0);
  });

  test('an engine that appears later answers the next turn, and one that goes away no longer does', async () => {
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    best.up = false;
    await using at = setUp([best, second]);
    await at.auto.start();
    best.up = true;
    await at.clock.advance(3_000);
    expect(await say(at.auto)).toBe('best');
    expect(at.auto.status()).toMatchObject({ engine: 'best', state: 'ready', reason: 'best is up' });
    best.up = false;
    await at.clock.advance(15_000);
    expect(await say(at.auto)).toBe('second');
  });

  test('it looks often while something better is missing, and seldom when nothing is', async () => {
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    await using at = setUp([best, second]);
    await at.auto.start();
    await at.clock.advance(60_000);
    expect([best.probes, second.probes]).toEqual([5, 0]);
    best.up = false;
    await at.clock.advance(15_000);
    best.probes = 0;
    await at.clock.advance(30_000);
    expect(best.probes).toBe(10);
  });

  test('an engine with an interval of its own is not asked more often', async () => {
    const metered = new FakeEngine('metered', 60_000);
    metered.up = false;
    await using at = setUp([metered, new FakeEngine('second')]);
    await at.auto.start();
    await at.clock.advance(59_000);
    expect(metered.probes).toBe(1);
    await at.clock.advance(2_000);
    expect(metered.probes).toBe(2);
  });

  test('a turn never waits for a probe', async () => {
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    best.up = false;
    await using at = setUp([best, second]);
    await at.auto.start();
    best.onProbe = () => new Promise(() => {});
    await at.clock.advance(3_000);
    expect(await say(at.auto)).toBe('second');
  });

  test('a probe that hangs has failed at its deadline, though it ignores the signal', async () => {
    const best = new FakeEngine('best');
    best.onProbe = () => new Promise(() => {});
    await using at = setUp([best, new FakeEngine('second')]);
    const started = at.auto.start();
    await at.clock.advance(2_000);
    expect((await started).reason).toBe(
      'second answers meanwhile: a probe of best did not answer within 2000 ms',
    );
  });

  test('every change is reported once, also the progress of a pull', async () => {
    const best = new FakeEngine('best');
    let percent = 0;
    best.onProbe = async () => {
      const reason = `pulling llama3.2: ${percent} %`;
      return { part: 'llm', engine: 'best', detail: 'llama3.2', state: 'starting', reason };
    };
    const seen: string[] = [];
    await using at = setUp([best, new FakeEngine('second')], { onChange: ({ reason }) => seen.push(reason) });
    await at.auto.start();
    await at.clock.advance(3_000);
    percent = 43;
    await at.clock.advance(3_000);
    best.onProbe = null;
    await at.clock.advance(3_000);
    expect(seen).toEqual([
      'second answers meanwhile: pulling llama3.2: 0 %',
      'second answers meanwhile: pulling llama3.2: 43 %',
      'best is up',
    ]);
  });

  test('a probe that has ended leaves nothing on a signal that lives as long as the watch', async () => {
    const add = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    const remove = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
    const any = vi.spyOn(AbortSignal, 'any');
    try {
      const best = new FakeEngine('best');
      await using at = setUp([best]);
      await at.auto.start();
      await at.clock.advance(150_000);
      expect(best.probes).toBe(11);
      const calls = (contexts: readonly unknown[], signal: unknown) =>
        contexts.filter((each) => each === signal).length;
      for (const signal of add.mock.contexts) {
        expect(calls(remove.mock.contexts, signal)).toBe(calls(add.mock.contexts, signal));
      }
      // What `any` makes is held by its sources for as long as it has a listener.
      expect(any).not.toHaveBeenCalled();
    } finally {
      for (const spy of [add, remove, any]) spy.mockRestore();
    }
  });

  test('nothing is left running when it is disposed in the middle of a probe', async () => {
    const best = new FakeEngine('best');
    best.onProbe = () => new Promise(() => {});
    const at = setUp([best]);
    const started = at.auto.start();
    await at.auto[Symbol.asyncDispose]();
    await started;
    expect(at.clock.pending).toBe(0);
  });
});

describe('within a turn', () => {
  test('the next engine answers when the first fails before its first word', async () => {
    const fallbacks: unknown[] = [];
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    await using at = setUp([best, second], { onFallback: (...args) => fallbacks.push(args) });
    await at.auto.start();
    best.parts = [{ type: 'reasoning', text: 'Hm' }, { type: 'text', text: '\n' }, unavailable];
    expect(await say(at.auto)).toBe('\nsecond');
    expect(fallbacks).toEqual([['best', 'second', unavailable]]);
    // Out until its next probe, and that comes soon.
    await say(at.auto);
    expect(best.asked).toBe(1);
    expect(at.auto.status().reason).toBe('second answers meanwhile: nobody answers');
    best.parts = [{ type: 'text', text: 'best' }, usage];
    await at.clock.advance(3_000);
    expect(await say(at.auto)).toBe('best');
  });

  test('an error that may be the fault of the request takes the engine out for this turn only', async () => {
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    await using at = setUp([best, second]);
    await at.auto.start();
    best.parts = [new VivavoceError('engine_failed', 'context too long')];
    expect(await say(at.auto)).toBe('second');
    expect(at.auto.engine).toBe('best');
    await at.clock.advance(3_000);
    expect(best.probes).toBe(2);
  });

  test('a failure after the first word is the failure of the turn', async () => {
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    await using at = setUp([best, second]);
    await at.auto.start();
    best.parts = [{ type: 'text', text: 'Half a' }, unavailable];
    await expect(say(at.auto)).rejects.toBe(unavailable);
    expect(second.asked).toBe(0);
  });

  test('an engine that kept a turn waiting answers in the background before anybody waits for it again', async () => {
    const clock = new ManualClock();
    const ollama = new FakeEngine('ollama');
    const offline = new FakeEngine('offline');
    const background = new FakeEngine('ollama');
    const candidate = { ...ollama.candidate, background };
    await using auto = new AutoChatModel({ candidates: [candidate, offline.candidate], clock });
    await auto.start();
    const timeout = new VivavoceError('engine_timeout', 'ollama did not begin to answer within 10000 ms');
    ollama.parts = [timeout];
    background.parts = [timeout];
    await collect(auto.stream(hello, never));

    // It lists its models as ever, and answers nothing.
    for (let probes = 0; probes < 5; probes++) await clock.advance(3_000);
    expect([ollama.asked, background.asked]).toEqual([1, 5]);
    expect(auto.status()).toMatchObject({
      engine: 'offline',
      state: 'degraded',
      reason: expect.stringContaining('kept a turn waiting; it is tried out in the background'),
    });
    expect((await collect(auto.stream(hello, never))).text).toBe('offline');

    background.parts = [{ type: 'text', text: 'Hi' }, usage];
    ollama.parts = [{ type: 'text', text: 'ollama' }, usage];
    await clock.advance(3_000);
    expect(auto.status()).toMatchObject({ engine: 'ollama', state: 'ready' });
  });

  test('an abort is an abort and asks nobody else', async () => {
    const [best, second] = [new FakeEngine('best'), new FakeEngine('second')];
    await using at = setUp([best, second]);
    await at.auto.start();
    await expect(collect(at.auto.stream(hello, AbortSignal.abort()))).rejects.toSatisfy(isAbort);
    expect(second.asked).toBe(0);
    expect(at.auto.engine).toBe('best');
  });

  test('a single engine is asked even when its probe has failed, and its status stays live', async () => {
    const only = new FakeEngine('only');
    only.up = false;
    await using at = setUp([only]);
    expect(await at.auto.start()).toMatchObject({ engine: 'only', state: 'failed', reason: 'only is down' });
    expect(await say(at.auto)).toBe('only');
    only.up = true;
    await at.clock.advance(3_000);
    expect(at.auto.status()).toMatchObject({ state: 'ready', reason: 'only is up' });
  });

  test('shows engine, model and context of what answers next', async () => {
    const best = new FakeEngine('best');
    best.up = false;
    await using at = setUp([best, new FakeEngine('second')]);
    expect(at.auto.engine).toBe('best');
    await at.auto.start();
    expect(at.auto).toMatchObject({ engine: 'second', model: 'm1', contextTokens: 100 });
  });
});

test('a real server that starts later answers the next turn, and its end is noticed within one', async () => {
  const early = await new OllamaServer().start();
  const { port, url } = early;
  await early[Symbol.asyncDispose]();
  await using ollama = new OllamaChatModel({ baseUrl: url, model: null });
  const ready = Promise.withResolvers<void>();
  const candidates = [
    { name: 'ollama', model: ollama, probe: (signal: AbortSignal) => ollama.probe(signal) },
    new FakeEngine('second').candidate,
  ];
  await using auto = new AutoChatModel({
    candidates,
    clock: systemClock,
    lookingMs: 20,
    onChange: ({ state }) => state === 'ready' && ready.resolve(),
  });
  await auto.start();
  expect(await say(auto)).toBe('second');
  const server = await new OllamaServer({ reply: 'I am here.' }).start(port);
  await ready.promise;
  expect(await say(auto)).toBe('I am here.');
  await server[Symbol.asyncDispose]();
  expect(await say(auto)).toBe('second');
});
