import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loudness } from '../support/event-log.ts';
import { lastDialogue, lastTurn } from '../support/model-requests.ts';
import { OfficialClient, userSays } from '../support/official-client.ts';
import { SecureApp } from '../support/secure-app.ts';
import { speakTone } from '../support/speech-server.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

const WEATHER = {
  type: 'function' as const,
  name: 'weather',
  description: 'The weather in a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

let secure: SecureApp;

beforeAll(async () => {
  secure = await SecureApp.start();
  return () => secure[Symbol.asyncDispose]();
}, START_TIMEOUT_MS);

beforeEach(() => {
  secure.app.ollama.reply = 'Hello from the stand-in.';
  secure.app.ollama.fault = null;
  secure.app.speech.answer = speakTone();
});

describe('the official client over TLS', () => {
  it('has a written turn under the instructions of its session.update', async () => {
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    const words: string[] = [];
    rt.on('response.output_text.delta', ({ delta }) => words.push(delta));
    rt.send({
      type: 'session.update',
      session: { type: 'realtime', output_modalities: ['text'], instructions: 'You are a lighthouse.' },
    });
    expect((await log.next('session.updated')).session).toMatchObject({
      model: 'gpt-realtime',
      instructions: 'You are a lighthouse.',
      output_modalities: ['text'],
      audio: { output: { format: { type: 'audio/pcm', rate: 24_000 } } },
    });
    const response = await client.turn('Hello?');
    expect(words.join('')).toBe('Hello from the stand-in.');
    expect(response).toMatchObject({
      status: 'completed',
      output_modalities: ['text'],
      output: [{ role: 'assistant', content: [{ type: 'output_text', text: 'Hello from the stand-in.' }] }],
    });
    expect(response.usage?.output_tokens).toBeGreaterThan(0);
    const prompt = lastTurn(secure.app.ollama).body.messages;
    expect(prompt[0]).toMatchObject({ role: 'system' });
    expect(prompt[0].content).toContain('You are a lighthouse.');
    expect(lastDialogue(secure.app.ollama)).toEqual([{ role: 'user', content: 'Hello?' }]);
  });

  it('hears the answer of a spoken turn and reads its transcript', async () => {
    const client = await OfficialClient.connect(secure);
    const { rt } = client;
    const pcm: Buffer[] = [];
    rt.on('response.output_audio.delta', ({ delta }) => pcm.push(Buffer.from(delta, 'base64')));
    const response = await client.turn('Say something.');
    expect(response.output).toMatchObject([
      { content: [{ type: 'output_audio', transcript: 'Hello from the stand-in.' }] },
    ]);
    const bytes = Buffer.concat(pcm);
    const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    // The stand-in speaks 60 ms for each character.
    expect(samples.length / 24).toBeGreaterThan('Hello from the stand-in.'.length * 55);
    expect(loudness(samples)).toBeGreaterThan(0.05);
  });

  it('runs a function for the model and gets an answer made of its result', async () => {
    secure.app.ollama.reply = ({ messages }) =>
      messages.at(-1).role === 'tool'
        ? `They say it is ${messages.at(-1).content}.`
        : { toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] };
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    rt.send({
      type: 'session.update',
      session: { type: 'realtime', output_modalities: ['text'], tools: [WEATHER], tool_choice: 'auto' },
    });
    client.ask('How is Oslo?');
    const call = await log.next('response.function_call_arguments.done');
    expect(call).toMatchObject({ name: 'weather', arguments: '{"city":"Oslo"}' });
    expect((await log.next('response.done')).response.output).toMatchObject([
      { type: 'function_call', status: 'completed', call_id: call.call_id },
    ]);
    rt.send({
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id: call.call_id, output: 'snowing' },
    });
    rt.send({ type: 'response.create' });
    expect((await log.next('response.done')).response.output).toMatchObject([
      { content: [{ type: 'output_text', text: 'They say it is snowing.' }] },
    ]);
    expect(lastTurn(secure.app.ollama).body.tools).toMatchObject([
      { type: 'function', function: { name: 'weather', description: 'The weather in a city.' } },
    ]);
  });

  it('places, retrieves and deletes items, and the model reads what is left', async () => {
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    rt.send(userSays('My name is Ada.'));
    const first = await log.next('conversation.item.added');
    expect(first.previous_item_id).toBeNull();
    rt.send(userSays('Forget the next sentence.', 'root'));
    const front = await log.next('conversation.item.added');
    expect(front.previous_item_id).toBeNull();
    rt.send(userSays('I live in Paris.', front.item.id));
    const middle = await log.next('conversation.item.added');
    expect(middle.previous_item_id).toBe(front.item.id);

    rt.send({ type: 'conversation.item.retrieve', item_id: middle.item.id });
    expect(await log.next('conversation.item.retrieved')).toMatchObject({
      item: { ...middle.item, content: [{ type: 'input_text', text: 'I live in Paris.' }] },
    });
    rt.send({ type: 'conversation.item.delete', item_id: middle.item.id });
    expect((await log.next('conversation.item.deleted')).item_id).toBe(middle.item.id);
    rt.send({ type: 'conversation.item.retrieve', item_id: middle.item.id });
    expect((await log.next('error')).error.code).toBe('item_retrieve_invalid_item_id');

    rt.send({ type: 'response.create', response: { output_modalities: ['text'] } });
    await log.next('response.done');
    expect(lastDialogue(secure.app.ollama)).toEqual([
      { role: 'user', content: 'Forget the next sentence.' },
      { role: 'user', content: 'My name is Ada.' },
    ]);
  });

  it('asks something on the side while the agent speaks, and knows the answer by its metadata', async () => {
    secure.app.ollama.reply = ({ messages }) =>
      messages.at(-1).content === 'Is this a greeting?' ? 'greeting' : 'Hello to you too.';
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    client.ask('Hello there.');
    rt.send({
      type: 'response.create',
      response: {
        conversation: 'none',
        output_modalities: ['text'],
        metadata: { topic: 'classification' },
        input: [
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Is this a greeting?' }] },
        ],
      },
    });
    const done = [await log.next('response.done'), await log.next('response.done')];
    const [aside, spoken] = done
      .map(({ response }) => response)
      .sort((a, b) => Number(b.metadata !== null) - Number(a.metadata !== null));
    expect(aside).toMatchObject({
      conversation_id: null,
      metadata: { topic: 'classification' },
      output: [{ content: [{ type: 'output_text', text: 'greeting' }] }],
    });
    expect(spoken).toMatchObject({
      metadata: null,
      output: [{ content: [{ type: 'output_audio', transcript: 'Hello to you too.' }] }],
    });
    await client.turn('What did we say?');
    expect(lastDialogue(secure.app.ollama).map(({ content }) => content)).toEqual([
      'Hello there.',
      'Hello to you too.',
      'What did we say?',
    ]);
  });

  it('gets an error for what is not an event, and goes on', async () => {
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    const errors: string[] = [];
    rt.on('error', (error) => errors.push(error.message));
    rt.send({ type: 'response.mumble', event_id: 'mine' } as never);
    expect((await log.next('error')).error).toMatchObject({ code: 'unknown_event', event_id: 'mine' });
    rt.send({ type: 'conversation.item.retrieve' } as never);
    expect((await log.next('error')).error).toMatchObject({
      code: 'missing_required_parameter',
      param: 'item_id',
    });
    expect(errors[0]).toContain('There is no event "response.mumble"');
    expect(await client.turn('Still there?')).toMatchObject({ status: 'completed' });
  });

  it('is refused with another key', async () => {
    const rt = new OpenAIRealtimeWS(
      { model: 'gpt-realtime', options: { ca: secure.ca } },
      secure.client('sk-of-nobody'),
    );
    const message = await new Promise((resolve) => rt.on('error', (error) => resolve(error.message)));
    expect(message).toContain('401');
  });
});
