import {
  OpenAIRealtimeWebSocket,
  RealtimeAgent,
  type RealtimeItem,
  RealtimeSession,
  type RealtimeSessionConfig,
} from '@openai/agents-realtime';
import { beforeAll, describe, it, type TestContext } from 'vitest';
import { decodeMuLaw, encodeMuLaw } from '../../src/speech/audio/g711.ts';
import { bytesOf } from '../../src/speech/audio/pcm.ts';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { EventLog, loudness } from '../support/event-log.ts';
import { asTelephone, FamiliarSpeech } from '../support/familiar-speech.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { arrayBufferOf, framesOf, OpenMicrophone } from '../support/spoken-client.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';
import { TranscriptionServer } from '../support/transcription-server.ts';

const HELLO = 'Good morning to you.';
const STORY = 'Please tell me a story.';
const STOP = 'Stop now and tell me the time.';
/** The voice takes 60 ms for each character. */
const MS_PER_CHAR = 60;
const REPLIES: Readonly<Record<string, string>> = {
  [HELLO]: 'Hello.',
  [STORY]: 'Far out at sea there is a rock on which nobody lives but a very old lighthouse keeper.',
  [STOP]: 'Noon.',
};

let app: RunningApp;
let rest: RestClient;
let known: FamiliarSpeech;

beforeAll(async () => {
  await using starting = new AsyncDisposableStack();
  await using voice = new FliteVoice({ workers: 1 });
  known = await FamiliarSpeech.record(voice, [HELLO, STORY, STOP]);
  const ears = starting.use(await TranscriptionServer.start());
  ears.answer = known.answer;
  app = starting.use(
    await RunningApp.start({
      env: { STT: 'openai', STT_BASE_URL: ears.baseUrl, VAD: 'silero' },
      ollama: { reply: ({ messages }) => REPLIES[messages.at(-1).content] ?? 'Pardon?' },
    }),
  );
  rest = new RestClient(app.url);
  const running = starting.move();
  return () => running.disposeAsync();
}, START_TIMEOUT_MS);

/** The SDK as its users make it, with what it tells its user. */
async function connect(test: TestContext, config: Partial<RealtimeSessionConfig> = {}) {
  const transport = new OpenAIRealtimeWebSocket({
    url: `${app.url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime`,
  });
  const agent = new RealtimeAgent({ name: 'Lighthouse', instructions: 'You are a lighthouse.' });
  const session = new RealtimeSession(agent, { transport, config });
  test.onTestFinished(() => session.close());
  const log = new EventLog({ test });
  transport.on('*', (event) => log.record(event));
  session.on('error', ({ error }) => {
    // What the service said is in the log already.
    if ((error as { type?: unknown }).type !== 'error') log.fail(error);
  });
  const played: Buffer[] = [];
  session.on('audio', ({ data }) => played.push(Buffer.from(data)));
  let interruptions = 0;
  session.on('audio_interrupted', () => interruptions++);
  const histories: Line[][] = [];
  session.on('history_updated', (history) => histories.push(shown(history)));
  await session.connect({ apiKey: 'none-needed' });
  // One for the session, one for its tracing.
  await log.next('session.updated');
  const { session: settings } = await log.next('session.updated');
  return { session, transport, log, settings, played, histories, interruptions: () => interruptions };
}

type Client = Awaited<ReturnType<typeof connect>>;

interface Line {
  readonly role: string;
  readonly text: string | null;
}

/** What the SDK shows of a conversation. */
function shown(history: readonly RealtimeItem[]): Line[] {
  return history.flatMap((item) => {
    if (item.type !== 'message') return [];
    const [part] = item.content;
    const text = part && 'transcript' in part ? (part.transcript ?? null) : null;
    return [{ role: item.role, text }];
  });
}

/** What the store holds of it, and what the client has to see in the end. */
async function stored({ log }: Client): Promise<Line[]> {
  const id = log.all('conversation.created')[0]?.conversation.id;
  const { body } = await rest.get(`/v1/conversations/${id}/items?order=asc`);
  // biome-ignore lint/suspicious/noExplicitAny: a client of the wire, not of our types.
  return body.data.map(({ role, content }: any) => ({ role, text: content[0].text }));
}

/** Resolves when the SDK has the words of `role` in its history. */
async function historyHas({ session, histories }: Client, line: Line): Promise<void> {
  const isThere = () =>
    (histories.at(-1) ?? []).some(({ role, text }) => role === line.role && text === line.text);
  while (!isThere()) await new Promise((resolve) => session.once('history_updated', resolve));
}

/** The answer has come, and the time in which a player plays `text` is over. */
async function hearsOut({ log }: Client, text: string): Promise<void> {
  const { response_id: id } = await log.next('response.output_audio.delta');
  const playing = new Promise((resolve) => setTimeout(resolve, text.length * MS_PER_CHAR));
  const { response } = await log.next('response.done');
  if (response.id !== id || response.status !== 'completed')
    throw new Error(`${response.status}, not ${text}`);
  await playing;
}

/** Whoever has heard so much of a story has heard these words of it, give or take one. */
function expectHeard(test: TestContext, text: string, heardMs: number): void {
  const { expect } = test;
  const story = REPLIES[STORY] ?? '';
  expect(story.startsWith(text)).toBe(true);
  expect([' ', ',']).toContain(story[text.length]);
  expect(Math.abs(text.length * MS_PER_CHAR - heardMs)).toBeLessThan(12 * MS_PER_CHAR);
}

/** Hears the beginning of a story and speaks up: from then on it is what was heard of it, for everybody. */
async function expectInterrupted(test: TestContext, client: Client, interrupt: () => void): Promise<void> {
  const { expect } = test;
  const { log, session } = client;
  const { item_id: story } = await log.next('response.output_audio.delta');
  const interrupted = new Promise((resolve) => session.once('audio_interrupted', resolve));
  interrupt();
  await interrupted;
  const { item_id: id, audio_end_ms: heardMs } = await log.next('conversation.item.truncated');
  expect(id).toBe(story);
  expect(heardMs).toBeGreaterThan(100);
  const { item } = await log.next('conversation.item.retrieved', ({ item }) => item.id === story);
  const [part] = item.type === 'message' ? item.content : [];
  const heard = part && 'transcript' in part ? (part.transcript ?? '') : '';
  expectHeard(test, heard, heardMs);
  await historyHas(client, { role: 'assistant', text: heard });
  expect((await stored(client))[3]).toEqual({ role: 'assistant', text: heard });
}

/** The whole conversation, the same for the SDK, for the store and for the model. */
async function expectAgreement(test: TestContext, client: Client): Promise<void> {
  const { expect } = test;
  await historyHas(client, { role: 'assistant', text: REPLIES[STOP] ?? '' });
  const lines = await stored(client);
  expect(lines).toMatchObject([
    { role: 'user', text: HELLO },
    { role: 'assistant', text: REPLIES[HELLO] },
    { role: 'user', text: STORY },
    { role: 'assistant' },
    { role: 'user', text: STOP },
    { role: 'assistant', text: REPLIES[STOP] },
  ]);
  expect(shown(client.session.history)).toEqual(lines);
  // Of all that the model was asked, by the conversations beside this one too.
  const told = app.ollama.requestsTo('/api/chat').map(({ body }) =>
    // biome-ignore lint/suspicious/noExplicitAny: a request body.
    (body.messages as any[]).filter(({ role }) => role !== 'system').map(({ content }) => content),
  );
  expect(told).toContainEqual(lines.slice(0, -1).map(({ text }) => text));
}

describe.concurrent('the agents SDK holds a spoken conversation', () => {
  it('by default: it takes turns by their meaning, and whoever speaks up is listened to', async (test) => {
    const { expect } = test;
    const client = await connect(test);
    const { session, log, settings, played } = client;
    expect(settings).toMatchObject({ audio: { input: { turn_detection: { type: 'semantic_vad' } } } });
    using microphone = new OpenMicrophone({ send: (frame) => session.sendAudio(arrayBufferOf(frame)) });

    await microphone.say(known.speech(HELLO));
    await hearsOut(client, REPLIES[HELLO] ?? '');
    const bytes = Buffer.concat(played);
    expect(loudness(new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2))).toBeGreaterThan(0.05);
    expect(bytes.length / 48).toBeCloseTo((REPLIES[HELLO] ?? '').length * MS_PER_CHAR, -2);
    await historyHas(client, { role: 'user', text: HELLO });
    await historyHas(client, { role: 'assistant', text: REPLIES[HELLO] ?? '' });
    expect(client.interruptions()).toBe(0);

    await microphone.say(known.speech(STORY));
    await expectInterrupted(test, client, () => void microphone.say(known.speech(STOP)));
    await log.next('response.created');
    await hearsOut(client, REPLIES[STOP] ?? '');
    await expectAgreement(test, client);
  });

  it('in manual mode: it says itself when somebody has finished, and when it has heard enough', async (test) => {
    const { expect } = test;
    const client = await connect(test, { audio: { input: { turnDetection: null } } });
    const { session, transport, settings } = client;
    expect(settings).toMatchObject({ audio: { input: { turn_detection: null } } });
    const say = (text: string) => {
      const frames = framesOf(known.speech(text)).map((frame) => arrayBufferOf(bytesOf(frame)));
      for (const [at, frame] of frames.entries()) {
        session.sendAudio(frame, { commit: at === frames.length - 1 });
      }
      transport.requestResponse();
    };

    say(HELLO);
    await hearsOut(client, REPLIES[HELLO] ?? '');
    await historyHas(client, { role: 'user', text: HELLO });
    say(STORY);
    await expectInterrupted(test, client, () => setTimeout(() => session.interrupt(), 700));
    say(STOP);
    await hearsOut(client, REPLIES[STOP] ?? '');
    await expectAgreement(test, client);
    expect(client.log.events.map(({ type }) => type)).not.toContain('input_audio_buffer.speech_started');
  });

  it('as a telephone does: µ-law at 8 kHz, both ways', async (test) => {
    const { expect } = test;
    const client = await connect(test, {
      audio: { input: { format: 'g711_ulaw' }, output: { format: 'g711_ulaw' } },
    });
    const { session, log, settings, played } = client;
    expect(settings).toMatchObject({
      audio: { input: { format: { type: 'audio/pcmu' } }, output: { format: { type: 'audio/pcmu' } } },
    });
    using microphone = new OpenMicrophone({
      send: (frame) => session.sendAudio(arrayBufferOf(frame)),
      encode: (samples) => encodeMuLaw(asTelephone(samples)),
    });

    await microphone.say(known.speech(HELLO));
    await hearsOut(client, REPLIES[HELLO] ?? '');
    const bytes = Buffer.concat(played);
    expect(loudness(decodeMuLaw(bytes))).toBeGreaterThan(0.05);
    expect(bytes.length / 8).toBeCloseTo((REPLIES[HELLO] ?? '').length * MS_PER_CHAR, -2);

    await microphone.say(known.speech(STORY));
    await expectInterrupted(test, client, () => void microphone.say(known.speech(STOP)));
    await log.next('response.created');
    await hearsOut(client, REPLIES[STOP] ?? '');
    await expectAgreement(test, client);
  });
});
