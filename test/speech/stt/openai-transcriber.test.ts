import { createServer } from 'node:http';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAbort } from '../../../src/errors.ts';
import { OpenAiTranscriber } from '../../../src/speech/stt/openai-transcriber.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { forever, tone } from '../../support/speech.ts';
import {
  neverAnswer,
  refuse,
  sendParts,
  sse,
  TranscriptionServer,
} from '../../support/transcription-server.ts';

const ALICE = 'Hello there, my name is Alice.';
const SECOND = tone(440, 16_000, 16_000);
const SILENCE = new Int16Array(16_000);

let server: TranscriptionServer;
let transcriber: OpenAiTranscriber;
beforeEach(async () => {
  server = await TranscriptionServer.start();
  server.apiKey = 'sk-secret';
  transcriber = make({});
});
afterEach(async () => {
  await transcriber[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function make(options: {
  model?: string;
  wordTimes?: boolean;
  apiKey?: string;
  dispatcher?: Agent;
  partials?: boolean;
  clock?: ManualClock;
}) {
  return new OpenAiTranscriber({
    baseUrl: server.baseUrl,
    apiKey: 'sk-secret',
    model: 'gpt-4o-transcribe',
    ...options,
  });
}

function begin(from = transcriber, wanted: { language?: string; prompt?: string } = {}) {
  const partials: string[] = [];
  const recognition = from.recognise({
    language: wanted.language ?? null,
    prompt: wanted.prompt ?? null,
    speaker: 'sess_1',
    onPartial: (text) => partials.push(text),
  });
  return { recognition, partials };
}

function heard(...pieces: readonly Int16Array[]) {
  const begun = begin();
  for (const piece of pieces) begun.recognition.push(piece);
  return begun;
}

describe('an utterance', () => {
  test('goes out as one WAV of 16 kHz in the words of the API, when its text is asked for and not before', async () => {
    const { recognition } = begin(transcriber, { language: 'en', prompt: 'Alice\r\n--x, "Bob"' });
    recognition.push(SECOND.slice());
    recognition.push(SECOND.slice(0, 777));
    expect(server.requests).toEqual([]);
    expect(await recognition.read(forever())).toEqual({ text: ALICE, words: null });
    const [request] = server.requests;
    expect(request?.fields).toEqual({
      model: 'gpt-4o-transcribe',
      response_format: 'json',
      language: 'en',
      prompt: 'Alice\r\n--x, "Bob"',
      stream: 'true',
    });
    expect(request?.file).toMatchObject({ name: 'speech.wav', type: 'audio/wav' });
    expect(request?.rate).toBe(16_000);
    expect(request?.samples).toEqual(Int16Array.of(...SECOND, ...SECOND.subarray(0, 777)));
  });

  test('that nobody said anything about the language of is sent without one', async () => {
    await heard(SECOND).recognition.read(forever());
    expect(Object.keys(server.requests[0]?.fields ?? {})).toEqual(['model', 'response_format', 'stream']);
  });

  test('is not sent again when only silence has come since, and is when words have', async () => {
    const { recognition } = heard(SECOND);
    const first = await recognition.read(forever());
    recognition.push(SILENCE);
    // The hiss of a microphone, −60 dBFS.
    recognition.push(tone(3_000, 16_000, 16_000, 0.001));
    expect(await recognition.read(forever())).toBe(first);
    expect(server.requests).toHaveLength(1);
    server.text = `${ALICE} And you?`;
    recognition.push(tone(440, 16_000, 3_200, 0.05));
    expect((await recognition.read(forever())).text).toBe(`${ALICE} And you?`);
    expect(server.requests.map(({ samples }) => samples.length)).toEqual([16_000, 51_200]);
  });

  test('without a sound is nothing, without asking: models make up words for silence', async () => {
    for (const { recognition } of [heard(), heard(SILENCE), heard(SECOND.slice(0, 100))])
      expect(await recognition.read(forever())).toEqual({ text: '', words: null });
    expect(server.requests).toEqual([]);
  });

  test('shorter than the API takes is made long enough', async () => {
    expect((await heard(SECOND.slice(0, 800)).recognition.read(forever())).text).toBe(ALICE);
  });

  test('may be asked again after a failure: nothing of it is lost', async () => {
    server.answer = refuse(500, 'out of memory');
    const { recognition } = heard(SECOND);
    await expect(recognition.read(forever())).rejects.toMatchObject({ code: 'engine_unavailable' });
    server.answer = (request, response) => server.transcribe(request, response);
    recognition.push(SECOND.slice());
    expect((await recognition.read(forever())).text).toBe(ALICE);
    expect(server.requests.at(-1)?.samples).toHaveLength(32_000);
  });
});

describe('a stream', () => {
  test('tells the text as it grows, in order and without a word twice', async () => {
    const { recognition, partials } = heard(SECOND);
    await recognition.read(forever());
    expect(partials).toEqual(ALICE.split(' ').map((_, i, all) => all.slice(0, i + 1).join(' ')));
    recognition.push(SECOND.slice());
    partials.length = 0;
    server.text = `${ALICE} And you?`;
    await recognition.read(forever());
    expect(partials).toEqual([`${ALICE} And`, `${ALICE} And you?`]);
  });

  test('is read wherever the network cuts it, whatever its line ends are', async () => {
    const bytes = Buffer.from(
      [
        ': ping\r\n\r\nevent: x\r\n',
        sse({ type: 'transcript.text.delta', delta: 'Schön' }).replaceAll('\n', '\r\n'),
        sse({ type: 'transcript.text.delta', delta: ' 🙂' }).replaceAll('\n', '\r'),
        sse({ type: 'transcript.text.segment', text: 'not this', id: '1' }),
        sse({ type: 'transcript.text.done', text: 'Schön 🙂!' }).trimEnd(),
      ].join(''),
    );
    server.answer = sendParts(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    const { recognition, partials } = heard(SECOND);
    expect((await recognition.read(forever())).text).toBe('Schön 🙂!');
    expect(partials).toEqual(['Schön', 'Schön 🙂']);
  });

  test.each([
    ['of segments', [sse({ text: ' Hello there,' }), sse({ text: 'my name' }), sse({ text: ' is Alice.' })]],
    [
      'like that of a chat',
      [...'Hello there, my name is Alice.'.split(/(?= )/)]
        .map((content) => sse({ object: 'transcription.chunk', choices: [{ delta: { content } }] }))
        .concat('data: [DONE]\n\n'),
    ],
  ])('%s, as other servers have it, is read too', async (_kind, parts) => {
    server.answer = sendParts(parts);
    const { recognition, partials } = heard(SECOND);
    expect((await recognition.read(forever())).text).toBe(ALICE);
    expect(partials.at(-1)).toBe(ALICE);
  });

  test('is not asked for again from a server that passes the wish over', async () => {
    await using whisper = make({ model: 'whisper-1' });
    for (let i = 0; i < 2; i++) {
      const { recognition } = begin(whisper);
      recognition.push(SECOND.slice());
      expect((await recognition.read(forever())).text).toBe(ALICE);
    }
    expect(server.requests.map(({ fields }) => fields.stream)).toEqual(['true', undefined]);
  });

  test('is not asked for again from a server that refuses the wish, which costs no utterance', async () => {
    server.answer = (request, response) =>
      request.fields.stream
        ? refuse(422, 'extra field: stream')(request, response)
        : server.transcribe(request, response);
    for (let i = 0; i < 2; i++) expect((await heard(SECOND).recognition.read(forever())).text).toBe(ALICE);
    expect(server.requests.map(({ fields }) => fields.stream)).toEqual(['true', undefined, undefined]);
  });

  test('is asked for again after a refusal that had another reason', async () => {
    server.answer = refuse(400, 'no such language');
    await expect(heard(SECOND).recognition.read(forever())).rejects.toMatchObject({
      message: expect.stringContaining('answered 400: no such language'),
    });
    server.answer = (request, response) => server.transcribe(request, response);
    await heard(SECOND).recognition.read(forever());
    expect(server.requests.at(-1)?.fields.stream).toBe('true');
  });
});

test('word times come with the text when they are wished for', async () => {
  await using whisper = make({ model: 'whisper-1', wordTimes: true });
  const { recognition } = begin(whisper);
  recognition.push(SECOND.slice());
  const { words } = await recognition.read(forever());
  expect(words?.map(({ text }) => text).join(' ')).toBe(ALICE);
  expect(words?.[1]).toEqual({ text: 'there,', startMs: 167, endMs: 333 });
  expect(server.requests[0]?.fields).toMatchObject({ response_format: 'verbose_json' });
  expect(server.requests[0]?.fields.stream).toBeUndefined();
});

test('connections are kept and used again', async () => {
  for (let i = 0; i < 6; i++) await heard(SECOND).recognition.read(forever());
  // The next request may come a moment before the last connection is free again; then there are two.
  expect(new Set(server.requests.map(({ port }) => port)).size).toBeLessThanOrEqual(2);
});

describe('a failure says what to do:', () => {
  test.each([
    [401, 'engine_failed', 'answered 401: no good (check the API key)'],
    [404, 'engine_failed', 'answered 404: no good (check the base URL and the model)'],
    [413, 'engine_failed', 'answered 413: no good (the utterance is longer than this server takes)'],
    [429, 'engine_unavailable', 'answered 429: no good'],
    [500, 'engine_unavailable', 'answered 500: no good'],
  ])('status %i is %s', async (status, code, message) => {
    server.answer = refuse(status, 'no good');
    await expect(heard(SECOND).recognition.read(forever())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  test('a wrong key and a model that there is not, in the words of the server', async () => {
    await using stranger = make({ apiKey: 'sk-wrong' });
    await using other = make({ model: 'gpt-9' });
    for (const [from, message] of [
      [stranger, 'Incorrect API key'],
      [other, 'The model `gpt-9` does not exist'],
    ] as const) {
      const { recognition } = begin(from);
      recognition.push(SECOND.slice());
      await expect(recognition.read(forever())).rejects.toMatchObject({
        message: expect.stringContaining(message),
      });
    }
  });

  test.each([
    ['application/json', '{"detail":"loading"}', 'no text in it'],
    ['application/json', 'null', 'no text in it'],
    ['application/json', '{"text":', 'no JSON'],
    ['text/html', '<html>proxy</html>', 'text/html'],
    ['text/event-stream', 'data: {"type":"error","error":{"message":"GPU fell off"}}\n\n', 'GPU fell off'],
    ['text/event-stream', 'data: what\n\n', 'no JSON'],
    ['text/event-stream', '', 'ended before its last event'],
    ['text/event-stream', sse({ type: 'transcript.text.delta', delta: 'Hel' }), 'broke off in the middle'],
  ])('an answer of %s that is none: %j', async (type, body, message) => {
    server.answer = sendParts([body], { type });
    await expect(heard(SECOND).recognition.read(forever())).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining(message),
    });
  });

  test('plain text is an answer', async () => {
    server.answer = sendParts(['Hello there.\n'], { type: 'text/plain; charset=utf-8' });
    expect((await heard(SECOND).recognition.read(forever())).text).toBe('Hello there.');
  });

  test('a reset before the answer means unavailable, one within it a failure', async () => {
    server.answer = sendParts([], { end: 'reset' });
    await expect(heard(SECOND).recognition.read(forever())).rejects.toMatchObject({
      code: 'engine_unavailable',
    });
    server.answer = sendParts([sse({ type: 'transcript.text.delta', delta: 'Hel' })], { end: 'reset' });
    await expect(heard(SECOND).recognition.read(forever())).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('broke off in the middle'),
    });
  });

  test('nobody at the address means unavailable, and says where', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    await using nobody = new OpenAiTranscriber({ baseUrl: `http://127.0.0.1:${port}`, model: 'whisper-1' });
    const { recognition } = begin(nobody);
    recognition.push(SECOND.slice());
    await expect(recognition.read(forever())).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining(`http://127.0.0.1:${port} cannot be reached`),
    });
  });

  test('an address that is none is a fault of the configuration', () => {
    for (const baseUrl of ['', 'localhost', 'ftp://host'])
      expect(() => new OpenAiTranscriber({ baseUrl, model: 'm' })).toThrow(
        'no address of a recognition server',
      );
  });
});

describe('giving up', () => {
  test.each([
    ['before the answer', () => neverAnswer()],
    ['within it', () => sendParts([sse({ type: 'transcript.text.delta', delta: 'Hel' })], { end: 'stall' })],
  ])('a question %s closes the connection at once, and the utterance can be asked again', async (_when, answer) => {
    server.answer = answer();
    const controller = new AbortController();
    const arrived = server.nextRequest();
    const { recognition } = heard(SECOND);
    const reading = recognition.read(controller.signal);
    const { closed } = await arrived;
    controller.abort('barge-in');
    await expect(reading).rejects.toSatisfy(isAbort);
    expect(await closed).toBe('cut');
    server.answer = (request, response) => server.transcribe(request, response);
    expect((await recognition.read(forever())).text).toBe(ALICE);
  });

  test('the recognition ends what it was doing, and no partial comes after it', async () => {
    server.answer = neverAnswer();
    const arrived = server.nextRequest();
    const { recognition, partials } = heard(SECOND);
    const reading = recognition.read(forever());
    const { closed } = await arrived;
    recognition[Symbol.dispose]();
    await expect(reading).rejects.toSatisfy(isAbort);
    expect(await closed).toBe('cut');
    await expect(recognition.read(forever())).rejects.toSatisfy(isAbort);
    expect([partials, server.requests.length]).toEqual([[], 1]);
  });

  test('a question that was given up before is not asked', async () => {
    await expect(heard(SECOND).recognition.read(AbortSignal.abort())).rejects.toSatisfy(isAbort);
    expect(server.requests).toEqual([]);
  });

  test('shared connections are left open for their owner', async () => {
    const dispatcher = new Agent();
    try {
      await make({ dispatcher })[Symbol.asyncDispose]();
      expect(dispatcher.destroyed).toBe(false);
    } finally {
      await dispatcher.destroy();
    }
  });
});

describe('partial texts while somebody speaks', () => {
  const keyless = () => ({ baseUrl: server.baseUrl, model: 'gpt-4o-transcribe' });

  test('are made of what two answers agree on, and the last one is not asked for twice', async () => {
    await using early = make({ partials: true });
    const { recognition, partials } = begin(early);
    server.text = 'Hello';
    let arrived = server.nextRequest();
    recognition.push(SECOND.slice());
    expect(await (await arrived).closed).toBe('finished');
    expect((await arrived).fields.stream).toBeUndefined();
    server.text = 'Hello there';
    arrived = server.nextRequest();
    // The answer may still be on its way: what is pushed is sent as soon as it is there.
    recognition.push(SECOND.slice());
    expect((await arrived).samples.length).toBeGreaterThan(30_000);
    await (await arrived).closed;
    recognition.push(SILENCE.slice());
    expect((await recognition.read(forever())).text).toBe('Hello there');
    expect(server.requests).toHaveLength(2);
    expect(partials[0]).toBe('Hello');
  });

  test('are not paid for: with a key nothing is sent before its text is asked for', async () => {
    for (let i = 0; i < 2; i++) await heard(SECOND).recognition.read(forever());
    const { recognition } = heard(SECOND);
    await recognition.read(forever());
    expect(server.requests.every(({ fields }) => fields.stream === 'true')).toBe(true);
  });

  test('begin when a server without a key has answered fast, and end when it has not', async () => {
    server.apiKey = null;
    const clock = new ManualClock();
    await using local = new OpenAiTranscriber({ ...keyless(), clock });
    const say = async (tookMs: number) => {
      server.answer = async (request, response) => {
        await clock.advance(tookMs);
        server.transcribe(request, response);
      };
      const { recognition } = begin(local);
      recognition.push(SECOND.slice());
      await recognition.read(forever());
      // An early pass is never streamed.
      return server.requests.at(-1)?.fields.stream === undefined ? 'early' : 'when asked';
    };
    expect(await say(701)).toBe('when asked');
    expect(await say(700)).toBe('when asked');
    expect(await say(701)).toBe('early');
    expect(await say(10)).toBe('when asked');
    expect(await say(10)).toBe('early');
  });

  test('end with a failure, so that a server that is down is not asked all the time', async () => {
    server.apiKey = null;
    await using local = new OpenAiTranscriber(keyless());
    const first = begin(local).recognition;
    first.push(SECOND.slice());
    await first.read(forever());
    server.answer = refuse(500, 'out of memory');
    const { recognition } = begin(local);
    const arrived = server.nextRequest();
    recognition.push(SECOND.slice());
    await (await arrived).closed;
    await expect(recognition.read(forever())).rejects.toMatchObject({ code: 'engine_unavailable' });
    const before = server.requests.length;
    for (let i = 0; i < 5; i++) recognition.push(SECOND.slice());
    // What was sent before this would be there before this.
    server.answer = (request, response) => server.transcribe(request, response);
    await heard(SECOND).recognition.read(forever());
    expect(server.requests).toHaveLength(before + 1);
  });
});
