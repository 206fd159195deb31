import { describe, expect, test } from 'vitest';
import { isAbort, VivavoceError } from '../../src/errors.ts';
import { AutoChatModel } from '../../src/llm/auto-chat-model.ts';
import type { ChatModel, ChatPart, ChatRequest } from '../../src/llm/chat-model.ts';
import { OfflineChatModel } from '../../src/llm/offline.ts';
import { OllamaChatModel } from '../../src/llm/ollama.ts';
import { TurnsFirst } from '../../src/llm/turns-first.ts';
import { collect } from '../support/collect.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { type ModelStep, ScriptedModel } from '../support/scripted-model.ts';

const never = new AbortController().signal;
const request: ChatRequest = { messages: [{ role: 'user', text: 'What can be learned?' }] };
const hello: ChatRequest = { messages: [{ role: 'user', text: 'Hello' }] };
const failure = (promise: Promise<unknown>) => promise.then(() => null).catch((error: unknown) => error);

function setUp(...script: ModelStep[]) {
  const clock = new ManualClock();
  const first = new TurnsFirst({ clock, quietMs: 500 });
  const engine = new ScriptedModel(clock, script);
  return {
    clock,
    first,
    turns: first.forTurns(new ScriptedModel(clock, [100, 'Hi', 900, ' there.'])),
    engine,
    background: first.inBackground(engine),
  };
}

describe('background work', () => {
  test('begins at once where nobody has spoken yet, and delivers the whole answer', async () => {
    const { background, clock } = setUp('{"facts":', '[]}');
    expect(await background.complete(request, never)).toBe('{"facts":[]}');
    expect(clock.pending).toBe(0);
  });

  test('waits until no turn has been running for a while', async () => {
    const { background, turns, clock, engine } = setUp('done');
    const turn = collect(turns.stream(hello, never));
    await clock.settle();
    const work = background.complete(request, never);
    await clock.advance(1000);
    expect((await turn).text).toBe('Hi there.');
    await clock.advance(499);
    expect(engine.requests).toEqual([]);
    await clock.advance(1);
    expect(await work).toBe('done');
  });

  test('waits for the last of several turns', async () => {
    const { background, first, clock, engine } = setUp('done');
    const holds = [first.hold(), first.hold()];
    const work = background.complete(request, never);
    holds[0]?.[Symbol.dispose]();
    holds[0]?.[Symbol.dispose]();
    await clock.advance(2000);
    expect(engine.requests).toEqual([]);
    holds[1]?.[Symbol.dispose]();
    await clock.advance(300);
    // A pause in a conversation is not its end.
    first.hold()[Symbol.dispose]();
    await clock.advance(300);
    expect(engine.requests).toEqual([]);
    await clock.advance(200);
    expect(await work).toBe('done');
  });

  test('runs one piece at a time, in order', async () => {
    const { background, clock, engine } = setUp(1000, 'done');
    const works = [background.complete(request, never), background.complete(hello, never)];
    await clock.advance(999);
    expect(engine.requests).toEqual([request]);
    await clock.advance(1001);
    expect(await Promise.all(works)).toEqual(['done', 'done']);
    expect(engine.requests).toEqual([request, hello]);
  });

  test('gives way when a turn begins, and begins anew in the next quiet', async () => {
    const { background, turns, clock, engine } = setUp(1000, 'done');
    const work = background.complete(request, never);
    await clock.advance(500);
    const turn = collect(turns.stream(hello, never));
    await clock.settle();
    expect(engine.signals[0]?.aborted).toBe(true);
    await clock.advance(1000);
    await turn;
    expect(engine.requests).toEqual([request]);
    await clock.advance(500 + 1000);
    expect(await work).toBe('done');
    expect(engine.requests).toEqual([request, request]);
  });

  test('gives way to a turn that begins in the very moment in which it would have begun', async () => {
    const { background, first, clock, engine } = setUp('done');
    const work = background.complete(request, never);
    const hold = first.hold();
    await clock.settle();
    expect(engine.requests).toEqual([]);
    hold[Symbol.dispose]();
    await clock.advance(500);
    expect(await work).toBe('done');
  });

  test('leaves what waits where it is when another turn begins', async () => {
    const { background, first, clock } = setUp('done');
    const hold = first.hold();
    const work = background.complete(request, never);
    first.hold()[Symbol.dispose]();
    hold[Symbol.dispose]();
    await clock.advance(500);
    expect(await work).toBe('done');
  });

  test('is over as soon as its caller gives up, waiting or running, and lets the next one in', async () => {
    const { background, first, clock, engine } = setUp(1000, 'done');
    const abort = new AbortController();
    const hold = first.hold();
    const waiting = failure(background.complete(request, abort.signal));
    hold[Symbol.dispose]();
    abort.abort();
    expect(isAbort(await waiting)).toBe(true);
    expect(clock.pending).toBe(0);

    const other = new AbortController();
    await clock.advance(500);
    const running = failure(background.complete(request, other.signal));
    const next = background.complete(hello, never);
    await clock.advance(10);
    other.abort();
    expect(isAbort(await running)).toBe(true);
    await clock.advance(1000);
    expect(await next).toBe('done');
    expect(engine.requests).toEqual([request, hello]);
    expect(isAbort(await failure(background.complete(request, AbortSignal.abort())))).toBe(true);
  });

  test('passes on what the engine says when it fails, and goes on with the next', async () => {
    const { background } = setUp(new VivavoceError('engine_failed', 'out of memory'));
    expect(await failure(background.complete(request, never))).toMatchObject({ message: 'out of memory' });
    expect(await failure(background.complete(request, never))).toMatchObject({ message: 'out of memory' });
  });

  test('ends with the service, whether it waits or runs, and leaves no timer', async () => {
    const { background, first, clock } = setUp(1000, 'done');
    const running = failure(background.complete(request, never));
    const waiting = failure(background.complete(request, never));
    await clock.settle();
    first[Symbol.dispose]();
    expect(isAbort(await running)).toBe(true);
    expect(isAbort(await waiting)).toBe(true);
    expect(isAbort(await failure(background.complete(request, never)))).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('where several turns at once leave no quiet, background work', () => {
  test('begins after half a minute, and no turn stops it', async () => {
    const { background, first, clock, engine } = setUp(1000, 'done');
    first.hold();
    first.hold();
    const work = background.complete(request, never);
    await clock.advance(29_999);
    expect(engine.requests).toEqual([]);
    await clock.advance(1);
    first.hold();
    await clock.advance(1000);
    expect(await work).toBe('done');
    expect(engine.requests).toEqual([request]);
  });

  test('has a fifth of the time from then on', async () => {
    const { background, first, clock, engine } = setUp(1000, 'done');
    first.hold();
    first.hold();
    await Promise.all([background.complete(request, never), clock.advance(31_000)]);
    const next = background.complete(hello, never);
    await clock.advance(3_999);
    expect(engine.requests).toEqual([request]);
    await clock.advance(1001);
    expect(await next).toBe('done');
    expect(engine.requests).toEqual([request, hello]);
  });

  test('has waited as well when it was stopped in between, and is patient again after quiet', async () => {
    const { background, first, clock, engine } = setUp(1000, 'done');
    const work = background.complete(request, never);
    await clock.advance(500);
    const holds = [first.hold(), first.hold()];
    await clock.advance(29_499);
    expect(engine.requests).toHaveLength(1);
    await clock.advance(1001);
    expect(await work).toBe('done');

    for (const hold of holds) hold[Symbol.dispose]();
    await Promise.all([background.complete(request, never), clock.advance(1500)]);
    first.hold();
    first.hold();
    void failure(background.complete(hello, never));
    await clock.advance(29_999);
    expect(engine.requests).toHaveLength(3);
    await clock.advance(1);
    expect(engine.requests).toHaveLength(4);
  });

  test('rests after each piece, however long the next one has waited', async () => {
    const { background, first, clock, engine } = setUp(1000, 'done');
    first.hold();
    first.hold();
    const works = [background.complete(request, never), background.complete(hello, never)];
    await clock.advance(31_000);
    expect(await works[0]).toBe('done');
    await clock.advance(3_999);
    expect(engine.requests).toEqual([request]);
    await clock.advance(1001);
    expect(await works[1]).toBe('done');
  });

  test('rests four times as long as a long piece took too, also when that was given up', async () => {
    const { background, first, clock, engine } = setUp(60_000, 'done');
    first.hold();
    first.hold();
    const abort = new AbortController();
    const given = failure(background.complete(request, abort.signal));
    await clock.advance(50_000);
    abort.abort();
    expect(isAbort(await given)).toBe(true);
    void failure(background.complete(hello, never));
    await clock.advance(79_999);
    expect(engine.requests).toEqual([request]);
    await clock.advance(1);
    expect(engine.requests).toEqual([request, hello]);
  });

  test('is patient again when the crowd has gone, also where there was nothing to do meanwhile', async () => {
    const { background, first, clock, engine } = setUp(10, 'done');
    const holds = [first.hold(), first.hold()];
    await Promise.all([background.complete(request, never), clock.advance(30_010)]);
    for (const hold of holds) hold[Symbol.dispose]();
    await clock.advance(3_600_000);
    first.hold();
    first.hold();
    void failure(background.complete(hello, never));
    await clock.advance(29_999);
    expect(engine.requests).toEqual([request]);
    await clock.advance(1);
    expect(engine.requests).toEqual([request, hello]);
  });

  test('gives way to a single person who begins when the crowd has gone', async () => {
    const { background, first, clock, engine } = setUp(60_000, 'done');
    const holds = [first.hold(), first.hold()];
    void failure(background.complete(request, never));
    await clock.advance(30_000);
    expect(engine.requests).toHaveLength(1);
    for (const hold of holds) hold[Symbol.dispose]();
    // Pauses of a crowd do not stop it: in them alone a long piece would never come to its end.
    await clock.advance(29_999);
    first.hold()[Symbol.dispose]();
    expect(engine.signals[0]?.aborted).toBe(false);
    await clock.advance(30_000);
    first.hold();
    expect(engine.signals[0]?.aborted).toBe(true);
  });

  test('still waits for the turn of one person alone', async () => {
    const { background, first, clock, engine } = setUp('done');
    const hold = first.hold();
    const work = background.complete(request, never);
    await clock.advance(60_000);
    expect(engine.requests).toEqual([]);
    hold[Symbol.dispose]();
    await clock.advance(500);
    expect(await work).toBe('done');
  });
});

describe('a turn', () => {
  test('counts from its first word to its end, also when its reader leaves', async () => {
    const { background, turns, clock, engine } = setUp('done');
    // Made and never read.
    turns.stream(hello, never);
    const read = turns.stream(hello, never)[Symbol.asyncIterator]();
    const part = read.next();
    await clock.advance(100);
    expect((await part).value).toEqual({ type: 'text', text: 'Hi' });
    await read.return?.();
    const work = background.complete(request, never);
    await clock.advance(499);
    expect(engine.requests).toEqual([]);
    await clock.advance(1);
    expect(await work).toBe('done');
  });

  test('closes the connection of what runs in the background, also of another engine, and is answered', async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(
      await new OllamaServer({
        models: [
          { name: 'chat:latest', capabilities: ['completion'] },
          { name: 'small:latest', capabilities: ['completion'] },
        ],
        reply: (body) =>
          body.model === 'small'
            ? { text: 'one two three', fault: { kind: 'stall', afterTokens: 2 } }
            : 'Good evening.',
      }).start(),
    );
    const first = new TurnsFirst({ clock: new ManualClock() });
    const small = stack.use(new OllamaChatModel({ baseUrl: server.url, model: 'small' }));
    const turns = first.forTurns(stack.use(new OllamaChatModel({ baseUrl: server.url, model: 'chat' })));

    const asked = server.nextRequest('/api/chat');
    const work = failure(first.inBackground(small).complete(request, never));
    const inBackground = await asked;
    const { text } = await collect(turns.stream(hello, never));
    expect(text).toBe('Good evening.');
    expect((await inBackground.closed).finished).toBe(false);
    first[Symbol.dispose]();
    expect(isAbort(await work)).toBe(true);
  });
});

describe('the responder by rules', () => {
  const offline = () => new OfflineChatModel({ clock: new ManualClock(), timezone: 'UTC', ollamaUrl: null });

  test('is no model for background work', async () => {
    const background = new TurnsFirst({ clock: new ManualClock() }).inBackground(offline());
    expect(background.isAvailable).toBe(false);
    expect(await failure(background.complete(request, never))).toMatchObject({ code: 'engine_unavailable' });
  });

  test('is not heard either when a language model fails in the middle and a turn would go on with it', async () => {
    const clock = new ManualClock();
    const broken: ChatModel = {
      engine: 'ollama',
      model: 'm',
      contextTokens: 100,
      // biome-ignore lint/correctness/useYield: it fails before its first word.
      async *stream(): AsyncGenerator<ChatPart> {
        throw new VivavoceError('engine_unavailable', 'Ollama is gone');
      },
    };
    const ready = async () =>
      ({ part: 'llm', engine: 'ollama', detail: 'm', state: 'ready', reason: '' }) as const;
    const rules = offline();
    await using auto = new AutoChatModel({
      clock,
      onChange: () => {},
      candidates: [
        { name: 'ollama', model: broken, probe: ready },
        { name: 'offline', model: rules, probe: () => rules.probe() },
      ],
    });
    await auto.start();
    const background = new TurnsFirst({ clock }).inBackground(auto);
    expect(background.isAvailable).toBe(true);
    expect(await failure(background.complete(request, never))).toMatchObject({ code: 'engine_unavailable' });
  });
});
