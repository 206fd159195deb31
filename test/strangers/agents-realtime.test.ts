import {
  OpenAIRealtimeWebSocket,
  RealtimeAgent,
  type RealtimeItem,
  RealtimeSession,
  tool,
} from '@openai/agents-realtime';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import { EventLog, loudness } from '../support/event-log.ts';
import { gatedSpeech } from '../support/gated-speech.ts';
import { lastDialogue, lastTurn, nextTurn } from '../support/model-requests.ts';
import { RunningApp } from '../support/running-app.ts';
import { speakTone } from '../support/speech-server.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

/** Less than the ten seconds after which the service gives a silent model up by itself. */
const AT_ONCE = { timeout: 8_000 };

let app: RunningApp;

beforeAll(async () => {
  app = await RunningApp.start();
  return () => app[Symbol.asyncDispose]();
}, START_TIMEOUT_MS);

beforeEach(() => {
  app.ollama.reply = 'Hello from the stand-in.';
  app.speech.answer = speakTone();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The SDK as its users make it: everything by default but the address. */
async function connect(
  agent = new RealtimeAgent({ name: 'Lighthouse', instructions: 'You are a lighthouse.' }),
) {
  const transport = new OpenAIRealtimeWebSocket({
    url: `${app.url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime`,
  });
  const session = new RealtimeSession(agent, { transport });
  onTestFinished(() => session.close());
  const log = new EventLog();
  transport.on('*', (event) => log.record(event));
  session.on('error', ({ error }) => {
    // What the service said is in the log already.
    if ((error as { type?: unknown }).type !== 'error') log.fail(error);
  });
  await session.connect({ apiKey: 'none-needed' });
  // One for the session, one for its tracing.
  await log.next('session.updated');
  await log.next('session.updated');
  return { session, log };
}

/** What the SDK shows of a conversation. */
function shown(history: readonly RealtimeItem[]) {
  return history.map((item) => {
    if (item.type !== 'message') return item;
    const [part] = item.content;
    const text = part && 'text' in part ? part.text : part && 'transcript' in part && part.transcript;
    return { role: item.role, status: 'status' in item && item.status, text };
  });
}

/** What the model read. */
function lastWords(): string[] {
  return lastDialogue(app.ollama).map(({ content }) => content);
}

describe('the agents SDK', () => {
  it('sets its session up with its own defaults', async () => {
    const { log } = await connect();
    const updated = log.all('session.updated').map(({ session }) => session);
    expect(updated).toHaveLength(2);
    expect(updated.at(-1)).toMatchObject({
      model: 'gpt-realtime',
      instructions: 'You are a lighthouse.',
      output_modalities: ['audio'],
      tracing: 'auto',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'gpt-4o-mini-transcribe' },
          turn_detection: { type: 'semantic_vad', interrupt_response: true },
        },
      },
    });
  });

  it('has two spoken turns, and its history says who said what', async () => {
    const { session, log } = await connect();
    const audio: ArrayBuffer[] = [];
    session.on('audio', ({ data }) => audio.push(data));
    const updates: number[] = [];
    session.on('history_updated', (history) => updates.push(history.length));
    const stopped = new Promise<void>((resolve) => session.once('audio_stopped', () => resolve()));

    session.sendMessage('Hello?');
    await log.next('response.done');
    await stopped;
    const bytes = Buffer.concat(audio.map((data) => Buffer.from(data)));
    expect(loudness(new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2))).toBeGreaterThan(0.05);

    app.ollama.reply = 'Every ten seconds.';
    session.sendMessage('How often do you blink?');
    await log.next('response.done');
    expect(shown(session.history)).toEqual([
      { role: 'user', status: 'completed', text: 'Hello?' },
      { role: 'assistant', status: 'completed', text: 'Hello from the stand-in.' },
      { role: 'user', status: 'completed', text: 'How often do you blink?' },
      { role: 'assistant', status: 'completed', text: 'Every ten seconds.' },
    ]);
    expect(updates).toContain(4);
    expect(session.usage.outputTokens).toBeGreaterThan(0);
    expect(lastWords()).toEqual(['Hello?', 'Hello from the stand-in.', 'How often do you blink?']);
  });

  it('interrupts a long answer: silence at once, and what was heard in its history', AT_ONCE, async () => {
    const { session, log } = await connect();
    const speech = gatedSpeech(3_000, 20_000);
    app.speech.answer = speech.answer;
    app.ollama.reply = {
      text: 'Far out at sea there is a rock on which nobody lives. And there is more.',
      fault: { kind: 'stall', afterTokens: 14 },
    };
    // The SDK tells by the clock on the wall how much was heard.
    vi.useFakeTimers({ toFake: ['Date'] });
    const { promise: interrupted, resolve: onInterrupted } = Promise.withResolvers<void>();
    session.on('audio_interrupted', () => onInterrupted());
    const responses: string[] = [];
    session.on('audio', ({ responseId }) => responses.push(responseId));
    const asked = nextTurn(app.ollama, 'Tell me a story.');
    session.sendMessage('Tell me a story.');
    const { response_id: id, item_id: itemId } = await log.next('response.output_audio.delta');
    // Until two seconds of it are there, so that one of them can have been heard.
    while (log.audio(id).length < 2_000 * 24) await log.next('response.output_audio.delta');
    vi.setSystemTime(Date.now() + 1_000);
    session.interrupt();
    await interrupted;

    expect((await log.next('response.done')).response).toMatchObject({ id, status: 'cancelled' });
    expect(await log.next('conversation.item.truncated')).toMatchObject({
      item_id: itemId,
      audio_end_ms: 1_000,
    });
    const { item } = await log.next('conversation.item.retrieved');
    const heard = item.type === 'message' && item.content[0];
    expect(heard).toMatchObject({ transcript: expect.stringMatching(/^Far out at sea/) });
    const text = heard && 'transcript' in heard ? (heard.transcript ?? '') : '';
    expect('Far out at sea there is a rock on which nobody lives.').toContain(text);
    expect(text.length).toBeLessThan(40);
    expect(shown(session.history)).toEqual([
      { role: 'user', status: 'completed', text: 'Tell me a story.' },
      { role: 'assistant', status: 'incomplete', text },
    ]);
    expect((await (await asked).closed).finished).toBe(false);

    // What the voice still makes of it goes nowhere, and the next turn is as any other.
    const frames = responses.length;
    speech.open();
    app.speech.answer = speakTone();
    app.ollama.reply = 'As you like.';
    session.sendMessage('A shorter one.');
    const { response } = await log.next('response.done');
    expect(response.status).toBe('completed');
    expect(responses.slice(frames)).not.toContain(id);
    expect(responses.slice(frames)).toContain(response.id);
    expect(lastWords()).toEqual(['Tell me a story.', text, 'A shorter one.']);
  });

  it('runs a tool and speaks about its result', async () => {
    app.ollama.reply = ({ messages }) =>
      messages.at(-1).role === 'tool'
        ? `They say it is ${messages.at(-1).content}.`
        : { text: 'One moment.', toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] };
    const cities: string[] = [];
    const agent = new RealtimeAgent({
      name: 'Forecaster',
      instructions: 'You know the weather.',
      tools: [
        tool({
          name: 'weather',
          description: 'The weather in a city.',
          parameters: z.object({ city: z.string() }),
          async execute({ city }) {
            cities.push(city);
            return 'snowing';
          },
        }),
      ],
    });
    const { session, log } = await connect(agent);
    const ended: string[] = [];
    session.on('agent_tool_end', (_context, _agent, { name }, result) => ended.push(`${name}: ${result}`));

    session.sendMessage('How is Oslo?');
    expect((await log.next('response.done')).response.output).toMatchObject([
      { type: 'message', content: [{ transcript: 'One moment.' }] },
      { type: 'function_call', name: 'weather' },
    ]);
    expect((await log.next('response.done')).response.output).toMatchObject([
      { type: 'message', content: [{ transcript: 'They say it is snowing.' }] },
    ]);
    expect(cities).toEqual(['Oslo']);
    expect(ended).toEqual(['weather: snowing']);

    session.sendMessage('And is it still?');
    await log.next('response.done');
    await log.next('response.done');
    expect(cities).toEqual(['Oslo', 'Oslo']);
    expect(session.history.filter(({ type }) => type === 'function_call')).toMatchObject([
      { name: 'weather', status: 'completed', output: 'snowing' },
      { name: 'weather', status: 'completed', output: 'snowing' },
    ]);
  });

  it('hands over to another agent, with other instructions', async () => {
    app.ollama.reply = ({ messages, tools }) => {
      const name = tools?.[0]?.function.name;
      return messages.at(-1).role === 'user' && name ? { toolCalls: [{ name, arguments: {} }] } : 'Ahoy.';
    };
    const captain = new RealtimeAgent({ name: 'Captain', instructions: 'You are the captain.', tools: [] });
    const { session, log } = await connect(
      new RealtimeAgent({ name: 'Sailor', instructions: 'You are a sailor.', handoffs: [captain] }),
    );
    const handedOver = new Promise((resolve) =>
      session.once('agent_handoff', (_context, _from, to) => resolve(to.name)),
    );
    session.sendMessage('Let me talk to the captain.');
    await log.next('response.done');
    expect(await handedOver).toBe('Captain');
    expect((await log.next('session.updated')).session).toMatchObject({
      instructions: 'You are the captain.',
      tools: [],
    });
    await log.next('response.done');
    expect(lastTurn(app.ollama).body.messages[0].content).toContain('You are the captain.');
    expect(shown(session.history).at(-1)).toMatchObject({ role: 'assistant', text: 'Ahoy.' });
  });

  it('says two things in a row, and each gets its answer', async () => {
    app.ollama.reply = ({ messages }) => `You said: ${messages.at(-1).content}`;
    const { session, log } = await connect();
    session.sendMessage('One.');
    session.sendMessage('Two.');
    await log.next('response.done');
    await log.next('response.done');
    const answers = shown(session.history).filter((item) => 'role' in item && item.role === 'assistant');
    expect(answers).toHaveLength(2);
  });

  it('rewrites its history, and the model reads the new one', async () => {
    const { session, log } = await connect();
    session.sendMessage('My name is Ada.');
    await log.next('response.done');
    session.updateHistory((history) =>
      history
        .filter((item) => item.type === 'message' && item.role === 'user')
        .map((item) =>
          item.type === 'message' && item.role === 'user'
            ? { ...item, content: [{ type: 'input_text' as const, text: 'My name is Grace.' }] }
            : item,
        ),
    );
    // The answer goes, and the message goes and comes back as it is now.
    await log.next('conversation.item.deleted');
    await log.next('conversation.item.deleted');
    await log.next('conversation.item.done');
    expect(shown(session.history)).toEqual([
      { role: 'user', status: 'completed', text: 'My name is Grace.' },
    ]);
    session.sendMessage('What is my name?');
    await log.next('response.done');
    expect(lastWords()).toEqual(['My name is Grace.', 'What is my name?']);
  });
});
