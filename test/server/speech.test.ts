import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseWavHeader, readWav } from '../../src/speech/audio/wav.ts';
import { gatedSpeech } from '../support/gated-speech.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { neverAnswer, refuse, resetAfter, speakTone, toneFor } from '../support/speech-server.ts';
import { untimedClock } from '../support/untimed-clock.ts';

const PATH = '/v1/audio/speech';

let app: RunningApp;
let rest: RestClient;

beforeAll(async () => {
  // Without the cache each request reaches the stand-in.
  app = await RunningApp.start({ env: { VOICE_CACHE_MB: '0' }, clock: untimedClock });
  rest = new RestClient(app.url);
});
afterAll(() => app[Symbol.asyncDispose]());
afterEach(() => {
  app.speech.answer = speakTone();
});

const speak = (input: string, fields: object = {}) => rest.open('POST', PATH, { input, ...fields });
const bytesIn = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe('speech', () => {
  test('is a WAV of 24 kHz mono by default, and what the voice said is in it', async () => {
    const response = await speak('Good morning.');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('audio/wav');
    const { samples, rate } = readWav(await bytesIn(response));
    expect(rate).toBe(24_000);
    expect(Math.abs(samples.length - toneFor('Good morning.').length)).toBeLessThan(2_400);
    expect(Math.max(...samples)).toBeGreaterThan(5_000);
  });

  test('as pcm is the same samples without a header', async () => {
    const response = await speak('Good morning.', { response_format: 'pcm' });
    expect(response.headers.get('content-type')).toBe('audio/pcm');
    const wav = await bytesIn(await speak('Good morning.', { response_format: 'wav' }));
    expect((await bytesIn(response)).equals(wav.subarray(44))).toBe(true);
  });

  test('is sent as it is made: the first bytes are there while the voice still works', async () => {
    const { answer, open } = gatedSpeech(400, 600);
    app.speech.answer = answer;
    const response = await speak('A long sentence it is.');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let early = Buffer.alloc(0);
    while (early.length < 44 + 200 * 48)
      early = Buffer.concat([early, (await reader.read()).value ?? Buffer.alloc(0)]);
    expect(parseWavHeader(early)).toEqual({ rate: 24_000, channels: 1, dataOffset: 44, dataBytes: null });
    open();
    let total = early.length;
    for (let part = await reader.read(); !part.done; part = await reader.read()) total += part.value.length;
    expect(total).toBeGreaterThan(44 + 900 * 48);
  });

  test('of several sentences is all of them in order, each asked for by itself', async () => {
    const before = app.speech.requests.length;
    const wav = readWav(await bytesIn(await speak('One is here. Two is there. **Three** is nowhere.')));
    const inputs = app.speech.requests.slice(before).map(({ body }) => body.input);
    expect(inputs).toEqual(['One is here.', 'Two is there.', 'Three is nowhere.']);
    expect(wav.samples.length).toBeGreaterThan(toneFor(inputs.join('')).length);
  });

  test('takes the voice and the speed on; a voice of another vendor is ours', async () => {
    const asked = app.speech.nextRequest();
    await bytesIn(await speak('Quick.', { voice: 'sage', speed: 1.5, model: 'gpt-4o-mini-tts' }));
    expect((await asked).body).toMatchObject({ voice: 'alloy', speed: 1.5 });
  });
});

describe('a request that cannot be spoken is 400 with the reason:', () => {
  test.each([
    [{ input: 'Hello.', response_format: 'mp3' }, 'response_format', /wav or pcm/],
    [{ input: 'Hello.', response_format: 'opus' }, 'response_format', /wav or pcm/],
    [{ input: 'Hello.', response_format: 'tape' }, 'response_format', /wav/],
    [{ input: 'Hello.', stream_format: 'sse' }, 'stream_format', /audio/],
    [{ input: '🙂🙂' }, 'input', /cannot be spoken/],
    [{ input: ' \n ' }, 'input', /no words/],
    [{ input: '' }, 'input', /./],
    [{ input: 'x'.repeat(70_000) }, 'input', /65536/],
    [{ input: 5 }, 'input', /string/],
    [{}, 'input', /string/],
    [{ input: 'Hello.', speed: 9 }, 'speed', /4/],
    [{ input: 'Hello.', voice: 7 }, 'voice', /name/],
  ])('%j', async (request, param, reason) => {
    const { status, headers, body } = await rest.post(PATH, request);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect({ status, ...body.error }).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_request',
      param,
      message: expect.stringMatching(reason),
    });
  });
});

test('a client that leaves stops the synthesis', async () => {
  app.speech.answer = neverAnswer();
  const asked = app.speech.nextRequest();
  const leave = new AbortController();
  const speech = rest.open('POST', PATH, { input: 'Never mind.' }, { signal: leave.signal });
  const { closed } = await asked;
  leave.abort();
  await expect(speech).rejects.toThrow(/abort/i);
  expect(await closed).toBe('cut');
});

test('a client that leaves in the middle stops the synthesis, and the next one is served', async () => {
  app.speech.answer = gatedSpeech(400, 600).answer;
  const asked = app.speech.nextRequest();
  const leave = new AbortController();
  const response = await rest.open('POST', PATH, { input: 'Never mind.' }, { signal: leave.signal });
  const { closed } = await asked;
  leave.abort();
  await expect(response.arrayBuffer()).rejects.toThrow(/abort/i);
  expect(await closed).toBe('cut');
  app.speech.answer = speakTone();
  expect((await speak('Hello again.')).status).toBe(200);
});

test('a voice that fails before its first sound, with no other that knows the language, is an error in JSON', async () => {
  app.speech.answer = refuse(500, 'out of breath');
  const { status, headers, body } = await rest.post(PATH, { input: 'Привет, как дела?' });
  expect(status).toBe(503);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(body.error).toMatchObject({
    type: 'server_error',
    message: expect.stringContaining('out of breath'),
  });
});

test('a voice that breaks in the middle breaks the connection, so that nobody takes it for the end', async () => {
  app.speech.answer = resetAfter(Buffer.alloc(48_000, 16));
  // Nobody else could say it.
  const response = await speak('Предложение, которое не кончается.');
  expect(response.status).toBe(200);
  await expect(response.arrayBuffer()).rejects.toThrow();
});
