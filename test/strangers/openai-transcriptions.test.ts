import { OpenAI, toFile } from 'openai';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { bytesOf } from '../../src/speech/audio/pcm.ts';
import { wavHeader } from '../../src/speech/audio/wav.ts';
import { tone } from '../support/speech.ts';
import { TranscriptionApp } from '../support/transcription-app.ts';

const TEXT = 'Hello there, my name is Alice.';
const WORDS = TEXT.split(' ').map((text, i) => ({ text, startMs: i * 300, endMs: i * 300 + 250 }));
const SAMPLES = tone(440, 16_000, 32_000);
const WAV = Buffer.concat([wavHeader(16_000, SAMPLES.byteLength), bytesOf(SAMPLES)]);

let app: TranscriptionApp;
let client: OpenAI;
beforeAll(async () => {
  app = await TranscriptionApp.start(TEXT);
  client = new OpenAI({ apiKey: 'none-needed', baseURL: `${app.url}/v1`, maxRetries: 0 });
});
afterAll(() => app[Symbol.asyncDispose]());
afterEach(() => {
  app.transcriber.recognitions.length = 0;
  app.transcriber.script = async () => ({ text: TEXT, words: WORDS });
});

const file = () => toFile(WAV, 'speech.wav', { type: 'audio/wav' });

it('gets a text', async () => {
  const answer = await client.audio.transcriptions.create({
    file: await file(),
    model: 'gpt-4o-transcribe',
    language: 'en',
  });
  expect(answer).toMatchObject({ text: TEXT, usage: { type: 'duration', seconds: 2 } });
  expect(app.transcriber.recognitions[0]?.samples).toEqual(SAMPLES);
  expect(app.transcriber.recognitions[0]?.request.language).toBe('en');
});

it('gets words and segments', async () => {
  app.transcriber.script = async () => ({ text: TEXT, words: WORDS });
  const answer = await client.audio.transcriptions.create({
    file: await file(),
    model: 'whisper-1',
    response_format: 'verbose_json',
    timestamp_granularities: ['word', 'segment'],
    temperature: 0,
  });
  expect(answer.duration).toBe(2);
  expect(answer.words?.at(-1)).toEqual({ word: 'Alice.', start: 1.5, end: 1.75 });
  expect(answer.segments?.map(({ text, start, end }) => ({ text, start, end }))).toEqual([
    { text: TEXT, start: 0, end: 1.75 },
  ]);
});

it('gets texts and subtitles as strings', async () => {
  for (const [format, expected] of [
    ['text', `${TEXT}\n`],
    ['srt', `1\n00:00:00,000 --> 00:00:01,750\n${TEXT}\n\n`],
    ['vtt', `WEBVTT\n\n00:00:00.000 --> 00:00:01.750\n${TEXT}\n\n`],
  ] as const) {
    const answer = await client.audio.transcriptions.create({
      file: await file(),
      model: 'whisper-1',
      response_format: format,
    });
    expect(answer).toBe(expected);
  }
});

it('gets a stream', async () => {
  app.transcriber.script = async (_samples, { request }) => {
    for (const text of ['Hello', 'Hello there,', 'Hello there, my name']) request.onPartial(text);
    return { text: TEXT, words: null };
  };
  const stream = await client.audio.transcriptions.create({
    file: await file(),
    model: 'gpt-4o-transcribe',
    stream: true,
  });
  let deltas = '';
  let count = 0;
  let done = '';
  for await (const event of stream) {
    count++;
    if (event.type === 'transcript.text.delta') deltas += event.delta;
    if (event.type === 'transcript.text.done') done = event.text;
  }
  expect([deltas, done]).toEqual([TEXT, TEXT]);
  expect(count).toBeGreaterThan(2);
});

it('gets errors as it knows them', async () => {
  const mp3 = await toFile(Buffer.from('ID3 and so on'), 'speech.mp3', { type: 'audio/mpeg' });
  const error = await client.audio.transcriptions
    .create({ file: mp3, model: 'whisper-1' })
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(OpenAI.BadRequestError);
  expect(error).toMatchObject({ status: 400, param: 'file', code: 'invalid_request' });
  expect(error.message).toContain('ffmpeg');
  app.unavailable = 'No recogniser is installed.';
  const away = await client.audio.transcriptions
    .create({ file: await file(), model: 'whisper-1' })
    .catch((thrown) => thrown);
  app.unavailable = null;
  expect(away).toBeInstanceOf(OpenAI.InternalServerError);
  expect(away).toMatchObject({
    status: 503,
    message: expect.stringContaining('No recogniser is installed.'),
  });
});
