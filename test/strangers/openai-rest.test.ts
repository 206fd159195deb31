import { OpenAI } from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import { loudness } from '../support/event-log.ts';
import { RunningApp } from '../support/running-app.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

let app: RunningApp;
let client: OpenAI;

beforeAll(async () => {
  app = await RunningApp.start();
  client = new OpenAI({ apiKey: 'none-needed', baseURL: `${app.url}/v1` });
  return () => app[Symbol.asyncDispose]();
}, START_TIMEOUT_MS);

const samplesOf = (bytes: Buffer) => new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

describe('audio.speech.create', () => {
  const input = 'Good evening.';

  it('speaks as WAV', async () => {
    const response = await client.audio.speech.create({
      model: 'tts-1',
      voice: 'alloy',
      input,
      response_format: 'wav',
    });
    expect(response.headers.get('content-type')).toBe('audio/wav');
    const wav = Buffer.from(await response.arrayBuffer());
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    expect(wav.readUInt32LE(24)).toBe(24_000);
    const data = wav.indexOf('data') + 8;
    expect(loudness(samplesOf(Buffer.from(wav.subarray(data))))).toBeGreaterThan(0.05);
  });

  it('speaks as PCM: 24 kHz, 16 bit', async () => {
    const response = await client.audio.speech.create({
      model: 'tts-1',
      voice: 'alloy',
      input,
      response_format: 'pcm',
    });
    const samples = samplesOf(Buffer.from(await response.arrayBuffer()));
    // The stand-in speaks 60 ms for each character.
    expect(samples.length / 24).toBeGreaterThan(input.length * 50);
    expect(loudness(samples)).toBeGreaterThan(0.05);
  });

  it('says which formats there are when it is asked for MP3', async () => {
    const error = await client.audio.speech
      .create({ model: 'tts-1', voice: 'alloy', input, response_format: 'mp3' })
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, param: 'response_format' });
    expect(error.message).toContain('wav or pcm');
  });
});

describe('conversations', () => {
  it('creates, reads, changes and deletes one', async () => {
    const created = await client.conversations.create({
      metadata: { topic: 'birds' },
      items: [{ type: 'message', role: 'user', content: 'I saw a heron.' }],
    });
    expect(created).toMatchObject({ object: 'conversation', metadata: { topic: 'birds' } });
    expect(await client.conversations.retrieve(created.id)).toEqual(created);
    const updated = await client.conversations.update(created.id, { metadata: { topic: 'herons' } });
    expect(updated).toEqual({ ...created, metadata: { topic: 'herons' } });
    expect(await client.conversations.retrieve(created.id)).toEqual(updated);

    expect(await client.conversations.delete(created.id)).toEqual({
      id: created.id,
      object: 'conversation.deleted',
      deleted: true,
    });
    await expect(client.conversations.retrieve(created.id)).rejects.toThrow(OpenAI.NotFoundError);
    await expect(client.conversations.items.list(created.id)).rejects.toThrow(OpenAI.NotFoundError);
  });

  it('pages through all items in both directions', async () => {
    const { id } = await client.conversations.create();
    const texts = Array.from({ length: 23 }, (_, index) => `Sentence ${index + 1}.`);
    const messages = texts.map((content) => ({ type: 'message' as const, role: 'user' as const, content }));
    await client.conversations.items.create(id, { items: messages.slice(0, 20) });
    await client.conversations.items.create(id, { items: messages.slice(20) });

    const listed = async (order: 'asc' | 'desc') => {
      const said: unknown[] = [];
      for await (const item of client.conversations.items.list(id, { limit: 5, order })) {
        said.push(item.type === 'message' && item.content[0]);
      }
      return said;
    };
    const expected = texts.map((text) => ({ type: 'input_text', text }));
    expect(await listed('asc')).toEqual(expected);
    expect(await listed('desc')).toEqual(expected.toReversed());
    const newest = await client.conversations.items.list(id);
    expect(newest.data).toHaveLength(20);
    expect(newest.has_more).toBe(true);
  });

  it('creates, retrieves and deletes items of every kind', async () => {
    const { id } = await client.conversations.create();
    const { data } = await client.conversations.items.create(id, {
      items: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'How is Oslo?' }] },
        { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'snowing' },
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'It snows.', annotations: [] }],
        } as never,
      ],
    });
    expect(data).toMatchObject([
      { type: 'message', role: 'user', content: [{ text: 'How is Oslo?' }] },
      { type: 'function_call', call_id: 'call_1', name: 'weather' },
      { type: 'function_call_output', call_id: 'call_1', output: 'snowing' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'It snows.' }] },
    ]);
    for (const item of data) {
      const itemId = item.id ?? '';
      expect(await client.conversations.items.retrieve(itemId, { conversation_id: id })).toEqual(item);
    }
    const first = data[0]?.id ?? '';
    expect(await client.conversations.items.delete(first, { conversation_id: id })).toMatchObject({ id });
    await expect(client.conversations.items.retrieve(first, { conversation_id: id })).rejects.toThrow(
      OpenAI.NotFoundError,
    );
    expect(await Array.fromAsync(client.conversations.items.list(id, { order: 'asc' }))).toEqual(
      data.slice(1),
    );
  });
});

describe('models', () => {
  it('lists the agent as a model, and retrieves it', async () => {
    const models = await Array.fromAsync(client.models.list());
    expect(models).toMatchObject([{ id: 'vivavoce', object: 'model' }]);
    expect(await client.models.retrieve('vivavoce')).toEqual(models[0]);
    await expect(client.models.retrieve('gpt-5')).rejects.toThrow(OpenAI.NotFoundError);
  });
});
