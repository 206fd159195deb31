import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { bytesOf, joinSamples } from '../../src/speech/audio/pcm.ts';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { FamiliarSpeech } from '../support/familiar-speech.ts';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { hasPocketSphinx } from '../support/sphinx.ts';
import { OpenMicrophone } from '../support/spoken-client.ts';
import { neverAnswer, TranscriptionServer } from '../support/transcription-server.ts';

const ALICE = 'Hello there, my name is Alice.';
const SILENCE = new Int16Array(24_000);

let known: FamiliarSpeech;
let hasSphinx = false;

beforeAll(async () => {
  await using voice = new FliteVoice({ workers: 1 });
  known = await FamiliarSpeech.record(voice, [ALICE]);
  hasSphinx = await hasPocketSphinx();
});

/** Real time whose timers can be counted. */
class CountingClock implements Clock {
  readonly nowMs = systemClock.nowMs;
  readonly monotonicMs = systemClock.monotonicMs;
  readonly #pending = new Set<object>();

  get pending(): number {
    return this.#pending.size;
  }

  after(delayMs: number, run: () => void): Disposable {
    const timer = {};
    this.#pending.add(timer);
    const real = systemClock.after(delayMs, () => {
      this.#pending.delete(timer);
      run();
    });
    return {
      [Symbol.dispose]: () => {
        this.#pending.delete(timer);
        real[Symbol.dispose]();
      },
    };
  }
}

async function listening(url: string, input: object = {}): Promise<RealtimeClient> {
  const client = await RealtimeClient.connect(url);
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

function say(client: RealtimeClient, ...parts: Int16Array[]): void {
  const audio = Buffer.from(bytesOf(joinSamples(parts))).toString('base64');
  client.send({ type: 'input_audio_buffer.append', audio });
}

for (const [how, input] of [
  ['when its turn is over and its words are looked for', {}],
  ['when it has committed and its words are looked for', { turn_detection: null }],
] as const) {
  test(`a client that vanishes ${how} leaves no question and no timer`, async () => {
    await using ears = await TranscriptionServer.start();
    ears.answer = neverAnswer();
    const clock = new CountingClock();
    const env = { STT: 'openai', STT_BASE_URL: ears.baseUrl, VAD: 'silero' };
    await using app = await RunningApp.start({ env, clock });
    const before = clock.pending;
    const asked = ears.nextRequest();
    const client = await listening(app.url, input);
    say(client, SILENCE, known.speech(ALICE), SILENCE);
    if ('turn_detection' in input) client.send({ type: 'input_audio_buffer.commit' });
    const request = await asked;
    client.socket.terminate();
    expect(await request.closed).toBe('cut');
    // It may have been the question of a pause inside of the sentence: the last one ends with the session.
    await expect.poll(() => clock.pending, { timeout: 10_000 }).toBe(before);

    // Whoever comes next is heard.
    ears.answer = known.answer;
    await using next = await listening(app.url);
    say(next, SILENCE, known.speech(ALICE), SILENCE);
    const { transcript } = await next.next('conversation.item.input_audio_transcription.completed');
    expect(transcript).toBe(ALICE);
  });
}

test('clients that vanish in the middle of a word take no recogniser with them', async (context) => {
  context.skip(!hasSphinx, 'PocketSphinx is not installed');
  const env = { STT: 'pocketsphinx', STT_WORKERS: '1', VAD: 'silero' };
  await using app = await RunningApp.start({ env });
  for (let n = 0; n < 6; n++) {
    const client = await listening(app.url);
    say(client, SILENCE, known.speech(ALICE).subarray(0, 24_000));
    await client.next('input_audio_buffer.speech_started');
    client.socket.terminate();
    await client.closed;
  }
  await using next = await listening(app.url);
  say(next, SILENCE, known.speech(ALICE), SILENCE);
  const { transcript } = await next.next('conversation.item.input_audio_transcription.completed');
  expect(transcript).toMatch(/hello there my name is alice/i);
});

/** The service as a process of its own, and somebody who speaks to it. */
async function whileSomebodySpeaks(env: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const service = await ServiceProcess.start({ DATA_DIR: folder, LLM: 'offline', VAD: 'silero', ...env });
  onTestFinished(() => service[Symbol.asyncDispose]());
  const client = await listening(service.url);
  const microphone = new OpenMicrophone({
    send: (frame) => client.send({ type: 'input_audio_buffer.append', audio: frame.toString('base64') }),
  });
  onTestFinished(() => microphone[Symbol.dispose]());
  void microphone.say(known.speech(ALICE));
  await client.next('input_audio_buffer.speech_started');
  return { service, client, microphone };
}

test('a service that is told to stop while somebody speaks says goodbye and ends at once', async () => {
  const env = hasSphinx ? { STT: 'pocketsphinx', STT_WORKERS: '1' } : {};
  await using ears = await TranscriptionServer.start();
  const { service, client } = await whileSomebodySpeaks(
    hasSphinx ? env : { STT: 'openai', STT_BASE_URL: ears.baseUrl },
  );
  const ended = service.kill('SIGTERM');
  expect(await client.closed).toMatchObject({ code: 1012, reason: 'the server is shutting down' });
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(service.stderr).toBe('');
});

test('also while the words of a turn are looked for', async () => {
  await using ears = await TranscriptionServer.start();
  ears.answer = neverAnswer();
  const asked = ears.nextRequest();
  const { service, client, microphone } = await whileSomebodySpeaks({
    STT: 'openai',
    STT_BASE_URL: ears.baseUrl,
  });
  const request = await asked;
  void microphone.say(known.speech(ALICE));
  const ended = service.kill('SIGTERM');
  expect((await client.closed).code).toBe(1012);
  expect(await request.closed).toBe('cut');
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(service.stderr).toBe('');
});
