import { createServer } from 'node:http';
import { Agent } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAbort } from '../../../src/errors.ts';
import { bytesOf } from '../../../src/speech/audio/pcm.ts';
import { wavHeader } from '../../../src/speech/audio/wav.ts';
import { OpenAiVoice } from '../../../src/speech/tts/openai-voice.ts';
import { chunksOf, forever, samplesOf, tone } from '../../support/speech.ts';
import {
  lie,
  neverAnswer,
  refuse,
  resetAfter,
  SpeechServer,
  sendBytes,
  stallAfter,
  toneFor,
} from '../../support/speech-server.ts';

let server: SpeechServer;
let voice: OpenAiVoice;
beforeEach(async () => {
  server = await SpeechServer.start();
  voice = new OpenAiVoice({
    baseUrl: server.baseUrl,
    apiKey: 'sk-secret',
    model: 'kokoro',
    voice: 'af_heart',
    otherVoices: ['am_adam'],
  });
});
afterEach(async () => {
  await voice[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const hello = { text: 'Hello there.', voice: null, speed: 1.25 };
const say = (signal = forever()) => voice.speak(hello, signal);

test('it asks for raw samples in the words of the API and returns them', async () => {
  expect(await samplesOf(say())).toEqual(toneFor('Hello there.'));
  expect(server.requests[0]?.body).toEqual({
    model: 'kokoro',
    input: 'Hello there.',
    voice: 'af_heart',
    response_format: 'pcm',
    speed: 1.25,
  });
  expect(server.requests[0]?.headers.authorization).toBe('Bearer sk-secret');
});

test("a known voice is asked for by name, and another vendor's becomes the default", async () => {
  await samplesOf(voice.speak({ ...hello, voice: 'am_adam' }, forever()));
  await samplesOf(voice.speak({ ...hello, voice: 'alloy' }, forever()));
  expect(server.requests.map(({ body }) => body.voice)).toEqual(['am_adam', 'af_heart']);
});

test('connections are kept and used again', async () => {
  for (let i = 0; i < 6; i++) await samplesOf(say());
  // The next request may come a moment before the last connection is free again; then there are two.
  expect(new Set(server.requests.map(({ port }) => port)).size).toBeLessThanOrEqual(2);
});

test('audio comes while the server still speaks, and odd cuts do no harm', async () => {
  const samples = tone(440, 24_000, 3_000);
  const bytes = bytesOf(samples);
  const { promise: heard, resolve: letGoOn } = Promise.withResolvers<void>();
  const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 1_001), bytes.subarray(1_001)];
  server.answer = sendBytes(pieces, { before: async (piece) => (piece === 2 ? heard : undefined) });
  const speech = say();
  const first = (await speech.next()).value?.samples ?? new Int16Array();
  expect(first.length).toBeGreaterThan(0);
  letGoOn();
  const rest = await samplesOf(speech);
  expect(Int16Array.of(...first, ...rest)).toEqual(samples);
});

test('a WAV is recognised whatever it is called, and brought to 24 kHz', async () => {
  const wav = Buffer.concat([wavHeader(16_000, null), bytesOf(tone(440, 16_000, 16_000))]);
  for (const type of ['audio/pcm', 'audio/wav', 'application/octet-stream', '']) {
    server.answer = sendBytes([wav.subarray(0, 7), wav.subarray(7, 50), wav.subarray(50)], { type });
    const samples = await samplesOf(say());
    expect(samples.length).toBe(24_000);
    const wanted = tone(440, 24_000, 24_000);
    expect(
      Math.max(...samples.subarray(200, -200).map((x, i) => Math.abs(x - (wanted[i + 200] ?? 0)))),
    ).toBeLessThan(60);
  }
});

test('what follows the data of a WAV is not heard', async () => {
  const samples = tone(440, 24_000, 960);
  server.answer = sendBytes([
    wavHeader(24_000, samples.byteLength),
    bytesOf(samples),
    Buffer.from('LIST\x04\0\0\0abcd'),
  ]);
  expect(await samplesOf(say())).toEqual(samples);
});

test('a rate in the content type is honoured', async () => {
  server.answer = sendBytes([bytesOf(tone(440, 16_000, 1_600))], {
    type: 'audio/L16; rate=16000; channels=1',
  });
  expect((await samplesOf(say())).length).toBe(2_400);
});

test.each([
  [400, 'engine_failed', 'answered 400: no such voice'],
  [401, 'engine_failed', 'answered 401: no such voice (check the API key)'],
  [429, 'engine_unavailable', 'answered 429: no such voice'],
  [503, 'engine_unavailable', 'answered 503: no such voice'],
])('status %i is %s with what the server said', async (status, code, message) => {
  server.answer = refuse(status, 'no such voice');
  await expect(samplesOf(say())).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test.each([
  ['application/json', '{"detail":"model is loading"}', 'application/json where raw audio'],
  ['application/json', '{"detail":"model is loading"}', 'model is loading'],
  ['text/html; charset=utf-8', '<html>proxy</html>', 'text/html'],
  ['audio/mpeg', 'ID3', 'audio/mpeg'],
  ['audio/pcm', '', 'without any audio'],
  [
    'audio/wav',
    Buffer.concat([wavHeader(24_000, null).subarray(0, 34), Buffer.from([32, 0]), Buffer.from('data1234')]),
    '32 bits',
  ],
])('an answer of %s that is no speech is refused (%#)', async (type, body, message) => {
  server.answer = lie(type, body);
  await expect(samplesOf(say())).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringContaining(message),
  });
});

test('an abort closes the connection at once, before and after the first audio', async () => {
  for (const answer of [neverAnswer(), stallAfter(bytesOf(tone(440, 24_000, 2_400)))]) {
    server.answer = answer;
    const controller = new AbortController();
    const arrived = server.nextRequest();
    const speech = chunksOf(say(controller.signal));
    const request = await arrived;
    controller.abort();
    await expect(speech).rejects.toSatisfy(isAbort);
    expect(await request.closed).toBe('cut');
  }
  await expect(say(AbortSignal.abort()).next()).rejects.toSatisfy(isAbort);
  expect(server.requests).toHaveLength(2);
});

test('an abort for a reason of its own still ends as an abort', async () => {
  server.answer = stallAfter(bytesOf(tone(440, 24_000, 2_400)));
  const controller = new AbortController();
  const speech = say(controller.signal);
  await speech.next();
  controller.abort('barge-in');
  await expect(speech.next()).rejects.toSatisfy(isAbort);
});

test('who stops listening closes the connection', async () => {
  server.answer = stallAfter(bytesOf(tone(440, 24_000, 2_400)));
  for await (const _ of say()) break;
  expect(await server.requests[0]?.closed).toBe('cut');
});

test('a reset before the answer means unavailable, one within it a failure', async () => {
  server.answer = resetAfter(null);
  await expect(samplesOf(say())).rejects.toMatchObject({ code: 'engine_unavailable' });
  server.answer = resetAfter(bytesOf(tone(440, 24_000, 2_400)));
  const speech = say();
  await speech.next();
  await expect(samplesOf(speech)).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringContaining('broke off in the middle'),
  });
});

test('nobody at the address means unavailable, and says where', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  await using nobody = new OpenAiVoice({
    baseUrl: `http://127.0.0.1:${port}`,
    model: 'tts-1',
    voice: 'alloy',
  });
  await expect(samplesOf(nobody.speak(hello, forever()))).rejects.toMatchObject({
    code: 'engine_unavailable',
    message: expect.stringContaining(`http://127.0.0.1:${port} cannot be reached`),
  });
});

test('shared connections are left open for their owner', async () => {
  await using dispatcher = new DisposableAgent();
  const shared = new OpenAiVoice({ baseUrl: server.baseUrl, model: 'm', voice: 'v', dispatcher });
  await shared[Symbol.asyncDispose]();
  expect(dispatcher.destroyed).toBe(false);
  expect((await samplesOf(shared.speak(hello, forever()))).length).toBeGreaterThan(0);
});

test('an address that is none is a fault of the configuration', () => {
  for (const baseUrl of ['', 'localhost', 'ftp://host']) {
    expect(() => new OpenAiVoice({ baseUrl, model: 'm', voice: 'v' })).toThrow(
      'no address of a speech server',
    );
  }
});

test('text without letters or digits has nothing to pronounce', () => {
  expect(voice.cannotSpeak('🎉 …')).toBe('there is nothing to pronounce in it');
  expect(voice.cannotSpeak('Привет')).toBeNull();
});

class DisposableAgent extends Agent implements AsyncDisposable {
  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }
}
