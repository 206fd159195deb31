import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeMuLaw } from '../../src/speech/audio/g711.ts';
import { bytesOf, joinSamples } from '../../src/speech/audio/pcm.ts';
import { createPolyphaseResampler } from '../../src/speech/audio/polyphase-resampler.ts';
import { wavHeader } from '../../src/speech/audio/wav.ts';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { asTelephone, FamiliarSpeech } from '../support/familiar-speech.ts';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { tone } from '../support/speech.ts';
import { hasPocketSphinx } from '../support/sphinx.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';
import { TranscriptionServer } from '../support/transcription-server.ts';

const ALICE = 'Hello there, my name is Alice.';
const PLAIN = 'hello there my name is alice';
const RATE = 24_000;

let app: RunningApp;
let alice: Int16Array;
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  await using voice = new FliteVoice({ workers: 1 });
  const known = await FamiliarSpeech.record(voice, [ALICE]);
  alice = known.speech(ALICE);
  const ears = resources.use(await TranscriptionServer.start());
  ears.answer = known.answer;
  const standIn = { STT: 'openai', STT_BASE_URL: ears.baseUrl };
  const env = (await hasPocketSphinx()) ? { STT: 'pocketsphinx', STT_WORKERS: '1' } : standIn;
  app = resources.use(await RunningApp.start({ env: { ...env, VAD: 'silero' } }));
}, START_TIMEOUT_MS);
afterAll(() => resources.disposeAsync());

const silence = (seconds: number) => new Int16Array(seconds * RATE);
const white = (seconds: number, amplitude: number) => {
  const noise = new Int16Array(new Uint8Array(randomBytes(seconds * RATE * 2)).buffer);
  return noise.map((sample) => sample * amplitude);
};

/** As from a microphone that is turned up too far. */
const louder = (gain: number) => alice.map((sample) => Math.max(-32_768, Math.min(32_767, sample * gain)));

function append(client: RealtimeClient, bytes: Uint8Array): void {
  client.send({ type: 'input_audio_buffer.append', audio: Buffer.from(bytes).toString('base64') });
}

const say = (client: RealtimeClient, ...parts: Int16Array[]) => append(client, bytesOf(joinSamples(parts)));

/** A client that wants its answers in writing, with other settings of its ear. */
async function connect(input: object = {}): Promise<RealtimeClient> {
  const client = await RealtimeClient.connect(app.url);
  client.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['text'],
      audio: { input: { transcription: {}, ...input } },
    },
  });
  await client.next('session.updated');
  return client;
}

/** What a client is told of what it has sent up to now. */
async function toldOf(client: RealtimeClient): Promise<string[]> {
  const from = client.events.length;
  client.send({ type: 'input_audio_buffer.clear' });
  await client.next('input_audio_buffer.cleared');
  return client.types().slice(from);
}

const plain = (text: string) => text.toLowerCase().replace(/[^a-z ]/g, '');

/** The next words that were understood. */
async function words(client: RealtimeClient): Promise<string> {
  return plain((await client.next('conversation.item.input_audio_transcription.completed')).transcript);
}

async function expectHears(client: RealtimeClient): Promise<void> {
  say(client, silence(0.3), alice, silence(1));
  expect(await words(client)).toBe(PLAIN);
  expect((await client.next('response.done')).response.status).toBe('completed');
}

describe('sound without a word is no turn:', () => {
  const cases: [string, () => Int16Array][] = [
    ['half a minute of digital silence', () => silence(30)],
    ['the hiss of a microphone', () => white(5, 0.001)],
    ['a loud room', () => white(5, 0.1)],
    ['white noise as loud as it can be', () => white(5, 1)],
    ['a tone', () => tone(440, RATE, 5 * RATE)],
    [
      'a buzz at full scale',
      () => tone(120, RATE, 5 * RATE, 1).map((sample) => (sample < 0 ? -32_768 : 32_767)),
    ],
    ['a constant', () => silence(5).fill(20_000)],
  ];

  test.each(cases)('%s', async (_name, sound) => {
    await using client = await connect();
    say(client, sound());
    expect(await toldOf(client)).toEqual(['input_audio_buffer.cleared']);
  });

  test('and whoever speaks after it is understood', async () => {
    await using client = await connect();
    say(client, white(2, 0.001), tone(440, RATE, RATE));
    await expectHears(client);
    expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
  });
});

describe('speech that is not as it should be is heard as well as it can be:', () => {
  test('in pieces of odd lengths', async () => {
    await using client = await connect();
    const bytes = bytesOf(joinSamples([silence(0.3), alice, silence(1)]));
    for (let from = 0, size = 1; from < bytes.length; from += size, size = ((size * 7) % 4_801) + 2) {
      append(client, bytes.subarray(from, from + size));
    }
    expect(await words(client)).toBe(PLAIN);
  });

  test('clipped', async () => {
    await using client = await connect();
    say(client, silence(0.3), louder(4), silence(1));
    expect(await words(client)).toBe(PLAIN);
  });

  test('in another format from the middle of a word on', async () => {
    await using client = await connect();
    const half = alice.length >> 1;
    say(client, silence(0.3), alice.subarray(0, half));
    client.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { format: { type: 'audio/pcm', rate: 16_000 } } } },
    });
    using resampler = createPolyphaseResampler(RATE, 16_000);
    const rest = resampler.process(joinSamples([alice.subarray(half), silence(1)])).slice();
    append(client, bytesOf(joinSamples([rest, resampler.flush()])));
    expect(await words(client)).toBe(PLAIN);
    expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
  });
});

describe('what is not in the format of the session', () => {
  const wav = () => Buffer.concat([wavHeader(RATE, alice.byteLength), bytesOf(alice)]).toString('base64');
  const file = (magic: string) =>
    Buffer.concat([Buffer.from(magic, 'latin1'), randomBytes(9_000)]).toString('base64');
  const refused: [string, () => string, string][] = [
    ['a WAV file', wav, 'This is a WAV file'],
    ['an MP3 file', () => file('ID3\x04\0\0\0\0\0\0'), 'This is an MP3 file'],
    ['an Opus file', () => file('OggS\0\x02'), 'This is an Ogg file'],
    ['what a browser records', () => file('\x1a\x45\xdf\xa3'), 'This is a WebM file'],
    ['a data URL', () => `data:audio/wav;base64,${wav()}`, 'not base64'],
  ];

  test('is refused when it is a file, with what to send instead; what comes after it is heard', async () => {
    await using client = await connect();
    for (const [name, audio, message] of refused) {
      client.send({ type: 'input_audio_buffer.append', event_id: name, audio: audio() });
      expect((await client.next('error')).error).toMatchObject({
        ...{ type: 'invalid_request_error', code: 'invalid_request', param: 'audio', event_id: name },
        message: expect.stringContaining(message),
      });
    }
    await expectHears(client);
    expect(client.all('error')).toHaveLength(refused.length);
  });

  const noise: [string, object, () => Uint8Array][] = [
    ['µ-law where PCM belongs', {}, () => encodeMuLaw(asTelephone(alice))],
    ['PCM where µ-law belongs', { format: { type: 'audio/pcmu' } }, () => bytesOf(alice)],
    ['PCM with its bytes swapped', {}, () => Buffer.from(bytesOf(alice)).swap16()],
    ['PCM that has lost a byte', {}, () => bytesOf(alice).subarray(1)],
  ];

  test.each(noise)('is noise, and no turn: %s', async (_name, input, bytes) => {
    await using client = await connect(input);
    append(client, bytes());
    expect(await toldOf(client)).toEqual(['input_audio_buffer.cleared']);
  });
});

describe('a client that changes its mind', () => {
  test('cannot commit nothing, nor a moment, and is told so', async () => {
    await using client = await connect({ turn_detection: null });
    for (const samples of [silence(0), silence(0.05)]) {
      say(client, samples);
      client.send({ type: 'input_audio_buffer.commit', event_id: 'mine' });
      expect((await client.next('error')).error).toMatchObject({
        code: 'input_audio_buffer_commit_empty',
        event_id: 'mine',
      });
    }
    say(client, alice);
    client.send({ type: 'input_audio_buffer.commit' });
    expect(await words(client)).toBe(PLAIN);
  });

  test('may clear in the middle of speech: nobody has said anything', async () => {
    await using client = await connect();
    say(client, silence(0.3), alice.subarray(0, RATE));
    const { item_id: id } = await client.next('input_audio_buffer.speech_started');
    client.send({ type: 'input_audio_buffer.clear' });
    expect((await client.next('input_audio_buffer.speech_stopped')).item_id).toBe(id);
    await client.next('input_audio_buffer.cleared');
    await expectHears(client);
    expect(client.all('conversation.item.added').filter(({ item }) => item.role === 'user')).toHaveLength(1);
  });
});

test('ten minutes may wait to be committed; what comes after them is refused, once', async () => {
  await using client = await connect({ turn_detection: null });
  for (let minute = 0; minute < 10; minute += 2.5) say(client, silence(150));
  say(client, alice);
  say(client, alice);
  expect((await client.next('error')).error.code).toBe('input_audio_buffer_full');
  expect(await toldOf(client)).toEqual(['input_audio_buffer.cleared']);
  say(client, alice);
  client.send({ type: 'input_audio_buffer.commit' });
  expect(await words(client)).toBe(PLAIN);
});

/** Two seconds of work for the detector, which shares two cores with whatever else runs. */
const MINUTES = { timeout: 40_000 };

test('minutes at once are heard in their order, hold nobody else up, and are not kept', MINUTES, async () => {
  await using other = await connect();
  await using client = await connect();
  const quiet = new Int16Array(60 * RATE - alice.length);
  const minute = joinSamples([alice, quiet.fill(3, 0, quiet.length / 2)]);
  const before = await arrayBuffers();
  for (let part = 0; part < 3; part++) say(client, minute);

  const { response } = await other.turn('And me?');
  expect(response.status).toBe('completed');
  expect(client.all('input_audio_buffer.committed').length).toBeLessThan(3);

  const said = 'conversation.item.input_audio_transcription.completed';
  while (client.all(said).length < 3) await client.next(said);
  expect(client.all(said).map(({ transcript }) => plain(transcript))).toEqual([PLAIN, PLAIN, PLAIN]);
  const starts = client
    .all('input_audio_buffer.speech_started')
    .map((event: WireEvent) => event.audio_start_ms);
  for (const [turn, ms] of starts.entries()) expect(Math.abs(ms - turn * 60_000)).toBeLessThan(250);
  expect(await toldOf(client)).toContain('input_audio_buffer.cleared');
  expect((await arrayBuffers()) - before).toBeLessThan(4_000_000);
});

/** Memory for audio that somebody still holds, bytes. */
async function arrayBuffers(): Promise<number> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  // What was freed in the first pass frees its buffers in the second.
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return process.memoryUsage().arrayBuffers;
}
