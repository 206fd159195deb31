import { on, once } from 'node:events';
import { OpenAIRealtimeWS as BetaClient } from 'openai/beta/realtime/ws';
import { beforeAll, describe, it, type TestContext } from 'vitest';
import { WebSocket } from 'ws';
import { encodeMuLaw } from '../../src/speech/audio/g711.ts';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { gaOf } from '../support/beta-events.ts';
import { EventLog, loudness } from '../support/event-log.ts';
import { asTelephone, FamiliarSpeech } from '../support/familiar-speech.ts';
import { OfficialClient } from '../support/official-client.ts';
import { API_KEY, SecureApp } from '../support/secure-app.ts';
import { OpenMicrophone } from '../support/spoken-client.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';
import { TranscriptionServer } from '../support/transcription-server.ts';

const HELLO = 'Good morning to you.';
const STORY = 'Please tell me a story.';
const STOP = 'Stop now and tell me the time.';
const REPLIES: Readonly<Record<string, string>> = {
  [HELLO]: 'Hello.',
  [STORY]: 'Far out at sea there is a rock on which nobody lives but a very old lighthouse keeper.',
  [STOP]: 'Noon.',
};

let secure: SecureApp;
let known: FamiliarSpeech;

beforeAll(async () => {
  await using starting = new AsyncDisposableStack();
  await using voice = new FliteVoice({ workers: 1 });
  known = await FamiliarSpeech.record(voice, [HELLO, STORY, STOP]);
  const ears = starting.use(await TranscriptionServer.start());
  ears.answer = known.answer;
  secure = starting.use(await SecureApp.start({ STT: 'openai', STT_BASE_URL: ears.baseUrl, VAD: 'silero' }));
  secure.app.ollama.reply = ({ messages }) => REPLIES[messages.at(-1).content] ?? 'Pardon?';
  const running = starting.move();
  return () => running.disposeAsync();
}, START_TIMEOUT_MS);

const SERVER_VAD = {
  type: 'server_vad' as const,
  threshold: 0.6,
  prefix_padding_ms: 240,
  silence_duration_ms: 320,
};

/** The official client with a microphone that is open. */
async function connect(test: TestContext, input: object = {}) {
  const client = await OfficialClient.connect(secure, test);
  const { rt, log } = client;
  rt.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      audio: {
        input: { turn_detection: SERVER_VAD, transcription: { model: 'gpt-4o-transcribe' }, ...input },
      },
    },
  });
  const { session } = await log.next('session.updated');
  const microphone = new OpenMicrophone({
    send: (frame) => rt.send({ type: 'input_audio_buffer.append', audio: frame.toString('base64') }),
  });
  test.onTestFinished(() => microphone[Symbol.dispose]());
  return { client, rt, log, session, microphone };
}

/** Types as they came, from the first sound on; of deltas in a row, and of words among sounds, the first. */
function course(
  received: readonly { type: string }[],
  first = 'input_audio_buffer.speech_started',
): string[] {
  const types = received.map(({ type }) => type);
  const turn = types.slice(types.lastIndexOf(first));
  return turn.filter((type, at) => !type.endsWith('.delta') || turn.indexOf(type) === at);
}

const SPOKEN_TURN = [
  'input_audio_buffer.speech_started',
  'input_audio_buffer.speech_stopped',
  'input_audio_buffer.committed',
  'conversation.item.added',
  'conversation.item.done',
  'conversation.item.input_audio_transcription.delta',
  'conversation.item.input_audio_transcription.completed',
  'response.created',
  'response.output_item.added',
  'conversation.item.added',
  'response.content_part.added',
  'response.output_audio_transcript.delta',
  'response.output_audio.delta',
  'response.output_audio.done',
  'response.output_audio_transcript.done',
  'response.content_part.done',
  'response.output_item.done',
  'conversation.item.done',
  'response.done',
];

describe.concurrent('the official client', () => {
  it('speaks, and is told of its turn in the order that every client accepts', async (test) => {
    const { expect } = test;
    const { rt, log, session, microphone } = await connect(test);
    expect(session).toMatchObject({
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'gpt-4o-transcribe' },
          turn_detection: { ...SERVER_VAD, create_response: true, interrupt_response: true },
        },
      },
    });
    for (const text of [HELLO, STOP]) {
      const beganMs = microphone.sentMs;
      const endedMs = await microphone.say(known.speech(text));
      const { item_id: id, audio_start_ms: startMs } = await log.next('input_audio_buffer.speech_started');
      const { audio_end_ms: endMs } = await log.next('input_audio_buffer.speech_stopped');
      const committed = await log.next('input_audio_buffer.committed');
      const { item, previous_item_id: previous } = await log.next('conversation.item.added');
      const words = await log.next('conversation.item.input_audio_transcription.completed');
      const { response } = await log.next('response.done');

      expect([committed.item_id, item.id, words.item_id]).toEqual([id, id, id]);
      expect(committed.previous_item_id).toBe(previous);
      // A detector needs a moment to be sure, and knows then when it began.
      expect(Math.abs(startMs - beganMs)).toBeLessThan(250);
      expect(Math.abs(endMs - endedMs)).toBeLessThan(250);
      expect(words).toMatchObject({ transcript: text, usage: { type: 'duration' } });
      expect(words.usage.seconds * 1000).toBeGreaterThan(endMs - startMs);
      expect(course(log.events)).toEqual(SPOKEN_TURN);
      expect(response).toMatchObject({
        status: 'completed',
        output: [{ content: [{ type: 'output_audio', transcript: REPLIES[text] }] }],
      });

      rt.send({ type: 'conversation.item.retrieve', item_id: id });
      expect(await log.next('conversation.item.retrieved')).toMatchObject({
        item: { id, role: 'user', content: [{ type: 'input_audio', transcript: text }] },
      });
    }
  });

  it('is told no transcript that it did not ask for, and finds it in the item all the same', async (test) => {
    const { expect } = test;
    const { rt, log, microphone } = await connect(test, { transcription: null });
    await microphone.say(known.speech(HELLO));
    const { item_id: id } = await log.next('input_audio_buffer.committed');
    await log.next('response.done');
    expect(course(log.events)).toEqual(SPOKEN_TURN.filter((type) => !type.includes('transcription.')));
    rt.send({ type: 'conversation.item.retrieve', item_id: id });
    expect(await log.next('conversation.item.retrieved')).toMatchObject({
      item: { content: [{ transcript: HELLO }] },
    });
  });

  it('speaks up while the agent does: not one more delta, and the model knows what was heard', async (test) => {
    const { expect } = test;
    const { rt, log, microphone } = await connect(test);
    await microphone.say(known.speech(STORY));
    const { item_id: story, response_id: cut } = await log.next('response.output_audio.delta');
    const saying = microphone.say(known.speech(STOP));
    const { audio_start_ms: startMs } = await log.next('input_audio_buffer.speech_started');
    // Told when it is sure that this is no mere sign of listening, with the time at which it began.
    expect(microphone.sentMs - startMs).toBeGreaterThan(280);
    const sentMs = log.audio(cut).length / 24;
    rt.send({ type: 'conversation.item.truncate', item_id: story, content_index: 0, audio_end_ms: 900 });
    expect(await log.next('conversation.item.truncated')).toMatchObject({ audio_end_ms: 900 });
    await saying;
    const { response } = await log.next('response.done', ({ response }) => response.id !== cut);
    expect(response.output).toMatchObject([{ content: [{ transcript: REPLIES[STOP] }] }]);
    expect(log.audio(cut).length / 24).toBe(sentMs);
    const { body } = await secure.app.asked('Far out at sea');
    // biome-ignore lint/suspicious/noExplicitAny: a request body.
    expect(body.messages.filter(({ role }: any) => role !== 'system')).toMatchObject([
      { role: 'user', content: STORY },
      { role: 'assistant', content: expect.stringMatching(/^Far out at( sea)?$/) },
      { role: 'user', content: STOP },
    ]);
  });

  it('asks for the response itself when it has said so: with its words and no other', async (test) => {
    const { expect } = test;
    const { rt, log, microphone } = await connect(test, {
      turn_detection: { ...SERVER_VAD, create_response: false },
    });
    await microphone.say(known.speech(HELLO));
    await log.next('conversation.item.input_audio_transcription.completed');
    rt.send({ type: 'response.create', response: { output_modalities: ['text'] } });
    expect((await log.next('response.done')).response.output).toMatchObject([
      { content: [{ text: REPLIES[HELLO] }] },
    ]);
    expect(log.all('response.created')).toHaveLength(1);
  });
});

interface Received {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: it is looked at as it came, in a dialect that is not ours.
  readonly [field: string]: any;
}

const BETA_TURN = SPOKEN_TURN.filter((type) => type !== 'conversation.item.done').map((type) =>
  type
    .replace('item.added', 'item.created')
    .replace('output_item.created', 'output_item.added')
    .replace('output_audio', 'audio'),
);

describe.concurrent('a client of the beta', () => {
  function listen(test: TestContext) {
    const log = new EventLog({ translate: gaOf, hasItemDone: false, test });
    const received: Received[] = [];
    const receive = (json: unknown) => {
      received.push(json as Received);
      log.record(json);
    };
    return { log, received, receive };
  }

  it('speaks µ-law with the flat settings, and is told of it in the words of the beta', async (test) => {
    const { expect } = test;
    const { log, received, receive } = listen(test);
    const model = { model: 'gpt-4o-realtime-preview', options: { ca: secure.ca } };
    const rt = new BetaClient(model, secure.client());
    test.onTestFinished(() => rt.close());
    rt.on('event', receive);
    rt.on('error', (error) => error.error ?? log.fail(error));
    await log.next('session.created');
    rt.send({
      type: 'session.update',
      session: {
        input_audio_format: 'g711_ulaw',
        output_audio_format: 'pcm16',
        input_audio_transcription: { model: 'whisper-1', language: 'en' },
        input_audio_noise_reduction: { type: 'near_field' },
        turn_detection: SERVER_VAD,
      },
    });
    await log.next('session.updated');
    expect(received.at(-1)?.session).toMatchObject({
      input_audio_format: 'g711_ulaw',
      output_audio_format: 'pcm16',
      input_audio_transcription: { model: 'whisper-1', language: 'en' },
      input_audio_noise_reduction: { type: 'near_field' },
      turn_detection: SERVER_VAD,
    });
    using microphone = new OpenMicrophone({
      send: (frame) => rt.send({ type: 'input_audio_buffer.append', audio: frame.toString('base64') }),
      encode: (samples) => encodeMuLaw(asTelephone(samples)),
    });
    await microphone.say(known.speech(HELLO));
    const { item_id: id } = await log.next('input_audio_buffer.committed');
    await log.next('response.done');
    expect(course(received)).toEqual(BETA_TURN);
    expect(loudness(log.audio())).toBeGreaterThan(0.05);
    expect(received.find(({ type }) => type === 'conversation.item.created')?.item).toMatchObject({
      id,
      content: [{ type: 'input_audio', transcript: HELLO }],
    });
    rt.send({ type: 'conversation.item.retrieve', item_id: id });
    await log.next('conversation.item.retrieved');
    expect(received.at(-1)?.item).toMatchObject({ content: [{ type: 'input_audio', transcript: HELLO }] });
  });

  it('commits by hand, clears, and writes down in a transcription session', async (test) => {
    const { expect } = test;
    const url = `${secure.app.url.replace('http', 'ws')}/v1/realtime`;
    const headers = { authorization: `Bearer ${API_KEY}`, 'openai-beta': 'realtime=v1' };
    const socket = new WebSocket(url, { headers, ca: secure.ca });
    test.onTestFinished(async () => {
      socket.close();
      await once(socket, 'close');
    });
    const received: Received[] = [];
    const messages = on(socket, 'message');
    const next = async (type: string): Promise<Received> => {
      for (;;) {
        const [data] = (await messages.next()).value as [Buffer];
        const event: Received = JSON.parse(data.toString());
        received.push(event);
        if (event.type === type || event.type === 'error') return event;
      }
    };
    const send = (event: object) => socket.send(JSON.stringify(event));
    const append = (text: string) => {
      const bytes = Buffer.from(encodeMuLaw(asTelephone(known.speech(text))));
      send({ type: 'input_audio_buffer.append', audio: bytes.toString('base64') });
    };
    await next('conversation.created');
    send({
      type: 'transcription_session.update',
      session: {
        input_audio_format: 'g711_ulaw',
        input_audio_transcription: { model: 'gpt-4o-transcribe' },
        turn_detection: null,
      },
    });
    expect((await next('transcription_session.updated')).session).toMatchObject({
      object: 'realtime.transcription_session',
      input_audio_format: 'g711_ulaw',
      input_audio_transcription: { model: 'gpt-4o-transcribe' },
      turn_detection: null,
    });
    append(STORY);
    send({ type: 'input_audio_buffer.clear' });
    append(HELLO);
    send({ type: 'input_audio_buffer.commit' });
    const { transcript } = await next('conversation.item.input_audio_transcription.completed');
    expect(transcript).toBe(HELLO);
    expect(course(received, 'input_audio_buffer.cleared')).toEqual([
      'input_audio_buffer.cleared',
      'input_audio_buffer.committed',
      'conversation.item.created',
      'conversation.item.input_audio_transcription.delta',
      'conversation.item.input_audio_transcription.completed',
    ]);
    send({ type: 'response.create' });
    expect((await next('error')).error.message).toContain('transcription session');
  });
});
