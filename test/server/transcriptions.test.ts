import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { encodeALaw, encodeMuLaw } from '../../src/speech/audio/g711.ts';
import { bytesOf } from '../../src/speech/audio/pcm.ts';
import { wavHeader } from '../../src/speech/audio/wav.ts';
import type { HeardWord } from '../../src/speech/stt/transcriber.ts';
import { tone } from '../support/speech.ts';
import { TranscriptionApp } from '../support/transcription-app.ts';

const TEXT = 'Hello there, my name is Alice. And yours?';
const WORDS: readonly HeardWord[] = TEXT.split(' ').map((text, i) => ({
  text,
  startMs: i * 250,
  endMs: i * 250 + 200,
}));

let app: TranscriptionApp;
beforeAll(async () => {
  app = await TranscriptionApp.start(TEXT);
});
afterAll(() => app[Symbol.asyncDispose]());
afterEach(() => {
  app.unavailable = null;
  app.transcriber.script = async () => ({ text: TEXT, words: null });
  app.transcriber.recognitions.length = 0;
});

function wav(samples: Int16Array, rate = 16_000, channels = 1): Buffer {
  const header = Buffer.from(wavHeader(rate, samples.byteLength));
  header.writeUInt16LE(channels, 22);
  header.writeUInt16LE(channels * 2, 32);
  return Buffer.concat([header, bytesOf(samples)]);
}

const SECOND = wav(tone(440, 16_000, 16_000));

interface Sending {
  readonly name?: string;
  readonly type?: string;
  readonly field?: string;
  readonly signal?: AbortSignal;
}

function formOf(
  file: Uint8Array | null,
  fields: Readonly<Record<string, string>>,
  sending: Sending = {},
): FormData {
  const form = new FormData();
  if (file) {
    const blob = new Blob([Uint8Array.from(file)], { type: sending.type ?? 'audio/wav' });
    form.append(sending.field ?? 'file', blob, sending.name ?? 'speech.wav');
  }
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

async function send(body: FormData | string, { signal }: Sending = {}): Promise<Response> {
  return await fetch(`${app.url}/v1/audio/transcriptions`, {
    method: 'POST',
    body,
    ...(signal && { signal }),
  });
}

const transcribe = (
  fields: Readonly<Record<string, string>> = {},
  file: Uint8Array = SECOND,
  sending: Sending = {},
) => send(formOf(file, fields, sending), sending);

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire.
async function refusal(response: Response): Promise<any> {
  const { error } = (await response.json()) as { error: object };
  return { status: response.status, ...error };
}

const heard = () => app.transcriber.recognitions[0]?.samples ?? new Int16Array();

async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text();
  return text
    .split('\n\n')
    .flatMap((event) => (event === '' ? [] : [JSON.parse(event.replace(/^data: /, ''))]));
}

describe('a file', () => {
  test('is heard as it is and answered with its text', async () => {
    const response = await transcribe({
      model: 'whisper-1',
      language: 'en-US',
      prompt: 'Alice',
      temperature: '0.2',
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ text: TEXT, usage: { type: 'duration', seconds: 1 } });
    const [recognition] = app.transcriber.recognitions;
    expect(heard()).toEqual(tone(440, 16_000, 16_000));
    expect(recognition?.request).toMatchObject({ language: 'en', prompt: 'Alice' });
    expect(recognition?.disposed).toBe(true);
  });

  test('of any rate and number of channels becomes 16 kHz mono', async () => {
    for (const [rate, channels] of [
      [44_100, 2],
      [48_000, 6],
      [8_000, 1],
      [24_000, 3],
    ] as const) {
      app.transcriber.recognitions.length = 0;
      const mono = tone(440, rate, rate);
      const all = new Int16Array(rate * channels).map((_, i) => mono[Math.floor(i / channels)] ?? 0);
      expect((await transcribe({}, wav(all, rate, channels))).status).toBe(200);
      expect(heard()).toHaveLength(16_000);
      const wanted = tone(440, 16_000, 16_000);
      const errors = heard().map((sample, i) => Math.abs(sample - (wanted[i] ?? 0)));
      expect(Math.max(...errors.subarray(300, -300))).toBeLessThan(100);
    }
  });

  test.each([
    ['audio/pcm', 'x', bytesOf(tone(440, 24_000, 24_000)), {}],
    ['audio/pcm', 'x', bytesOf(tone(440, 16_000, 16_000)), { sample_rate: '16000' }],
    ['application/octet-stream', 'x.pcm', bytesOf(tone(440, 24_000, 24_000)), {}],
    ['audio/pcmu', 'x', encodeMuLaw(tone(440, 8_000, 8_000)), {}],
    ['audio/basic', 'x', encodeMuLaw(tone(440, 8_000, 8_000)), {}],
    ['application/octet-stream', 'call.ULAW', encodeMuLaw(tone(440, 8_000, 8_000)), {}],
    ['audio/pcma', 'x', encodeALaw(tone(440, 8_000, 8_000)), {}],
  ])('without a header is what its type %s or its name %s says', async (type, name, bytes, fields) => {
    const response = await transcribe({ ...fields } as Record<string, string>, bytes, { type, name });
    expect(await response.json()).toMatchObject({ usage: { seconds: 1 } });
    expect(heard()).toHaveLength(16_000);
    expect(Math.abs(Math.max(...heard()) - 16_384)).toBeLessThan(1_000);
  });

  test('whose header leaves its length open, and one that was cut off, are read to their ends', async () => {
    const open = Buffer.concat([
      wavHeader(16_000, null),
      bytesOf(tone(440, 16_000, 8_000)),
      Buffer.from([1]),
    ]);
    expect(await (await transcribe({}, open)).json()).toMatchObject({ usage: { seconds: 0.5 } });
    expect(await (await transcribe({}, SECOND.subarray(0, 44 + 8_001))).json()).toMatchObject({
      usage: { seconds: 0.25 },
    });
  });

  test('of ten minutes leaves the server free for others', async () => {
    const long = wav(new Int16Array(600 * 16_000));
    let others = 0;
    const answered = transcribe({}, long);
    let isDone = false;
    const done = answered.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      expect((await fetch(`${app.url}/openapi.json`)).status).toBe(200);
      others++;
    }
    expect(await (await done).json()).toMatchObject({ usage: { seconds: 600 } });
    expect(heard()).toHaveLength(600 * 16_000);
    expect(others).toBeGreaterThan(2);
    expect(app.transcriber.recognitions[0]?.pieces.length).toBeGreaterThan(1_000);
  });
});

describe('the answer', () => {
  const timed = async () => ({ text: TEXT, words: WORDS });

  test('as text is the text', async () => {
    const response = await transcribe({ response_format: 'text' });
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe(`${TEXT}\n`);
  });

  test('as verbose JSON has segments, and words when they are wished for', async () => {
    app.transcriber.script = timed;
    const fields = { response_format: 'verbose_json', 'timestamp_granularities[]': 'word', language: 'en' };
    const body = (await (await transcribe(fields)).json()) as Record<string, unknown>;
    expect(body).toMatchObject({ task: 'transcribe', language: 'en', duration: 1, text: TEXT });
    expect(body.words).toHaveLength(8);
    expect(body.words).toMatchObject([
      { word: 'Hello', start: 0, end: 0.2 },
      { word: 'there,' },
      {},
      {},
      {},
      {},
      {},
      {},
    ]);
    expect(body.segments).toMatchObject([
      { id: 0, start: 0, end: 1.45, text: 'Hello there, my name is Alice.' },
      { id: 1, start: 1.5, end: 1.95, text: 'And yours?' },
    ]);
    const without = (await (await transcribe({ response_format: 'verbose_json' })).json()) as Record<
      string,
      unknown
    >;
    expect(without).not.toHaveProperty('words');
    expect(without.language).toBe('unknown');
  });

  test('as SRT and VTT has a cue for each sentence', async () => {
    app.transcriber.script = timed;
    const srt = await transcribe({ response_format: 'srt' });
    expect(srt.headers.get('content-type')).toBe('application/x-subrip; charset=utf-8');
    expect(await srt.text()).toBe(
      '1\n00:00:00,000 --> 00:00:01,450\nHello there, my name is Alice.\n\n2\n00:00:01,500 --> 00:00:01,950\nAnd yours?\n\n',
    );
    const vtt = await transcribe({ response_format: 'vtt' });
    expect(vtt.headers.get('content-type')).toBe('text/vtt; charset=utf-8');
    expect(await vtt.text()).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.450\nHello there, my name is Alice.\n\n00:00:01.500 --> 00:00:01.950\nAnd yours?\n\n',
    );
  });

  test('as subtitles without word times is one cue over the whole, and none for silence', async () => {
    expect(await (await transcribe({ response_format: 'srt' })).text()).toBe(
      `1\n00:00:00,000 --> 00:00:01,000\n${TEXT}\n\n`,
    );
    app.transcriber.script = async () => ({ text: '', words: null });
    expect(await (await transcribe({ response_format: 'srt' })).text()).toBe('');
    expect(await (await transcribe({ response_format: 'vtt' })).text()).toBe('WEBVTT\n\n');
    expect(await (await transcribe()).json()).toMatchObject({ text: '' });
  });
});

describe('a stream', () => {
  test('has the words as soon as two texts agree on them, each once, and all of them at the end', async () => {
    app.transcriber.script = async (_samples, { request }) => {
      for (const text of ['Hello', 'Hello hair', 'Hello there, my', 'Hello there, my name'])
        request.onPartial(text);
      return { text: TEXT, words: null };
    };
    const response = await transcribe({ stream: 'true' });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await eventsOf(response)).toEqual([
      { type: 'transcript.text.delta', delta: 'Hello' },
      { type: 'transcript.text.delta', delta: ' there,' },
      { type: 'transcript.text.delta', delta: ' my name is Alice. And yours?' },
      { type: 'transcript.text.done', text: TEXT, usage: { type: 'duration', seconds: 1 } },
    ]);
  });

  test('comes while the recogniser still works', async () => {
    const { promise: seen, resolve: goOn } = Promise.withResolvers<void>();
    app.transcriber.script = async (_samples, { request }) => {
      for (const text of ['Hello there', 'Hello there']) request.onPartial(text);
      await seen;
      return { text: TEXT, words: null };
    };
    const response = await transcribe({ stream: 'true' });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain('"delta":"Hello"');
    goOn();
    while (!(await reader.read()).done);
  });

  test('of a text that changed its mind ends with the right one', async () => {
    app.transcriber.script = async (_samples, { request }) => {
      for (const text of ['Yellow hair my', 'Yellow hair my']) request.onPartial(text);
      return { text: TEXT, words: null };
    };
    expect(await eventsOf(await transcribe({ stream: '1' }))).toEqual([
      { type: 'transcript.text.delta', delta: 'Yellow hair' },
      expect.objectContaining({ type: 'transcript.text.done', text: TEXT }),
    ]);
  });

  test('that fails before its first word has a status, and after it the error is its last event', async () => {
    const broken = new VivavoceError('engine_failed', 'the model fell over');
    app.transcriber.script = () => Promise.reject(broken);
    expect(await refusal(await transcribe({ stream: 'true' }))).toMatchObject({
      status: 502,
      code: 'engine_failed',
    });
    app.transcriber.script = (_samples, { request }) => {
      for (const text of ['Hello there', 'Hello there']) request.onPartial(text);
      return Promise.reject(broken);
    };
    const events = await eventsOf(await transcribe({ stream: 'true' }));
    expect(events).toMatchObject([{ delta: 'Hello' }, { error: { message: 'the model fell over' } }]);
  });
});

describe('what cannot be read is refused, and how it can be read is said:', () => {
  test.each([
    ['MP3', Buffer.from('ID3\x04 and so on'), 'audio/mpeg', /MP3 is not read.*ffmpeg -i/],
    ['MP3', Buffer.from([0xff, 0xfb, 0x90, 0x64, 0, 0]), 'audio/mpeg', /MP3 is not read.*ffmpeg -i/],
    ['Ogg', Buffer.from('OggS\0\x02'), 'audio/ogg', /Ogg is not read.*ffmpeg -i/],
    ['WebM', Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 1]), 'audio/webm', /WebM is not read.*ffmpeg -i/],
    ['FLAC', Buffer.from('fLaC\0'), 'audio/flac', /FLAC is not read.*ffmpeg -i/],
    ['MP4', Buffer.from('\0\0\0\x20ftypM4A '), 'audio/mp4', /MP4 is not read.*ffmpeg -i/],
    ['anything', Buffer.from('anything'), 'application/octet-stream', /no WAV.*audio\/pcmu.*ffmpeg/],
    ['anything', Buffer.from('anything'), 'audio/mpeg', /type audio\/mpeg.*ffmpeg/],
    ['nothing', Buffer.alloc(0), 'audio/wav', /empty/],
    ['a WAV of nothing', wav(new Int16Array()), 'audio/wav', /no audio/],
    ['a header', SECOND.subarray(0, 30), 'audio/wav', /cut off/],
    ['one sample', wav(Int16Array.of(1), 16_000, 2), 'audio/wav', /no audio/],
    ['a WAV of a rate that is none', wav(tone(440, 16_000, 100), 1), 'audio/wav', /4000 to 192000/],
    [
      'a WAV of floats',
      Buffer.concat([SECOND.subarray(0, 20), Buffer.from([3, 0]), SECOND.subarray(22)]),
      'audio/wav',
      /format 3.*16-bit PCM.*ffmpeg/,
    ],
  ])('%s (%#)', async (_what, file, type, message) => {
    expect(await refusal(await transcribe({}, file, { type, name: 'speech' }))).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_request',
      param: 'file',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    [{ response_format: 'diarized_json' }, 'response_format'],
    [{ language: 'English!' }, 'language'],
    [{ stream: 'yes' }, 'stream'],
    [{ stream: 'true', response_format: 'srt' }, 'stream'],
    [{ 'timestamp_granularities[]': 'letter' }, 'timestamp_granularities'],
    [{ sample_rate: 'fast' }, 'sample_rate'],
  ])('%j', async (fields, param) => {
    const { status, ...error } = await refusal(await transcribe(fields as unknown as Record<string, string>));
    expect({ status, code: error.code, param: error.param.split('.')[0] }).toEqual({
      status: 400,
      code: 'invalid_request',
      param,
    });
  });

  test('a form without a file, with another one, with two, and what is no form', async () => {
    const two = formOf(SECOND, {});
    two.append('file', new Blob([SECOND.subarray(0)]), 'b.wav');
    for (const [body, message] of [
      [formOf(null, { model: 'whisper-1' }), /no file/],
      [formOf(SECOND, {}, { field: 'audio' }), /field "audio"/],
      [two, /form cannot be read|one, in a field/],
      [JSON.stringify({ file: 'x' }), /multipart\/form-data/],
    ] as const) {
      expect(await refusal(await send(body))).toMatchObject({
        status: 400,
        message: expect.stringMatching(message),
      });
    }
    const cut = await fetch(`${app.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
    });
    expect(await refusal(cut)).toMatchObject({
      status: 400,
      message: expect.stringContaining('form cannot be read'),
    });
  });

  test('a file of more than 25 MB is 413', async () => {
    const { status, message } = await refusal(await transcribe({}, Buffer.alloc(25 * 1024 * 1024 + 1)));
    expect([status, message]).toEqual([413, expect.stringContaining('25 MB')]);
    expect(app.transcriber.recognitions).toEqual([]);
  });

  test('anything is 503 with the reason while there is no recogniser', async () => {
    app.unavailable = 'No recogniser is installed: apt-get install pocketsphinx.';
    expect(await refusal(await transcribe())).toEqual({
      status: 503,
      type: 'server_error',
      code: 'engine_unavailable',
      param: null,
      message: app.unavailable,
    });
  });
});

test('a client that leaves stops the recogniser', async () => {
  const leave = new AbortController();
  const { promise: asked, resolve } = Promise.withResolvers<AbortSignal>();
  app.transcriber.script = (_samples, _recognition, signal) => {
    resolve(signal);
    return new Promise(() => undefined);
  };
  const answer = transcribe({}, SECOND, { signal: leave.signal });
  const signal = await asked;
  const stopped = new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  leave.abort();
  await expect(answer).rejects.toThrow(/abort/i);
  await stopped;
  await new Promise((done) => setImmediate(done));
  expect(app.transcriber.recognitions[0]?.disposed).toBe(true);
});
