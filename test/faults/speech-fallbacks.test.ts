import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/speech/audio/pcm.ts';
import { wavHeader } from '../../src/speech/audio/wav.ts';
import type { RealtimeClient, WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { tone } from '../support/speech.ts';
import {
  neverAnswer,
  refuse,
  resetAfter,
  type SpeechAnswer,
  speakTone,
  toneFor,
} from '../support/speech-server.ts';
import { refuse as refuseToHear, TranscriptionServer } from '../support/transcription-server.ts';
import { connect, hasState, statusOf, toldOf, until } from './faulty-memory.ts';

describe('a voice over HTTP', () => {
  const start = (env = {}) => RunningApp.start({ breakerResetMs: 50, env: { VOICE_CACHE_MB: '0', ...env } });

  /** A spoken turn; how many milliseconds of sound came back. */
  async function speak(app: RunningApp, page: RealtimeClient, words: string): Promise<number> {
    app.ollama.reply = words;
    const before = page.all('response.output_audio.delta').length;
    const { response } = await page.turn('Go on.', {});
    expect(response).toMatchObject({ status: 'completed', output: [{ content: [{ transcript: words }] }] });
    const audio = page.all('response.output_audio.delta').slice(before);
    return audio.reduce((sum, { delta }) => sum + Buffer.from(delta, 'base64').length, 0) / 48;
  }

  test('that fails is replaced by Flite from the first sentence on, and taken back with the next that it can speak', async () => {
    await using app = await start();
    await using page = await connect(app);
    const faults: [reason: RegExp, answer: SpeechAnswer][] = [
      [/500/, refuse(500, 'out of memory')],
      [/429/, refuse(429, 'too many requests')],
      [/cannot be reached/, resetAfter(null)],
    ];
    for (const [reason, answer] of faults) {
      app.speech.answer = answer;
      expect(await speak(app, page, 'It is a nice day.')).toBeGreaterThan(500);
      expect(await statusOf(app, 'tts')).toMatchObject({
        engine: 'openai',
        state: 'degraded',
        reason: expect.stringMatching(reason),
      });
      expect(toldOf(page, 'tts')).toEqual(await statusOf(app, 'tts'));
      app.speech.answer = speakTone();
      await speak(app, page, 'It is a nice day.');
      expect(await statusOf(app, 'tts')).toMatchObject({ state: 'ready' });
      expect(toldOf(page, 'tts')).toEqual(await statusOf(app, 'tts'));
    }
  });

  test('that fails again and again is left alone, and tried again after a pause', async () => {
    await using app = await start();
    await using page = await connect(app);
    app.speech.answer = refuse(500, 'out of memory');
    await until(
      async () => {
        expect(await speak(app, page, 'Hello there.')).toBeGreaterThan(200);
        return (await new RestClient(app.url).get('/v1/guards')).body.data;
      },
      (guards) => guards.some(({ id, state }: WireEvent) => id === 'tts:openai' && state === 'open'),
    );
    expect(await statusOf(app, 'tts')).toMatchObject({ state: 'degraded' });
    app.speech.answer = speakTone();
    await until(
      () => speak(app, page, 'Hello again.'),
      () => toldOf(page, 'tts')?.state === 'ready',
    );
    expect(await statusOf(app, 'tts')).toMatchObject({ state: 'ready' });
  });

  test('that breaks in the middle of a sentence is replaced by Flite, which begins it again, and speaks the next one', async () => {
    await using app = await start();
    await using page = await connect(app);
    const [broken, next] = ['This one is cut in the middle.', 'And this one comes.'];
    app.speech.answer = (request, response) =>
      request.body.input === broken
        ? resetAfter(bytesOf(toneFor('Th')))(request, response)
        : speakTone()(request, response);
    // The beginning, all of it in under 100 ms a character, and the next one in the tone of the first voice.
    expect(await speak(app, page, `${broken} ${next}`)).toBeGreaterThan(
      120 + 40 * broken.length + 60 * next.length,
    );
    expect(page.all('vivavoce.speech.skipped')).toEqual([]);
    expect(app.speech.requests.map(({ body }) => body.input)).toEqual([broken, next]);
    await speak(app, page, next);
    expect(await statusOf(app, 'tts')).toMatchObject({ state: 'ready' });
  });

  test('that is held open by an operator is not asked, and everybody is told', async () => {
    await using app = await start();
    await using page = await connect(app);
    const rest = new RestClient(app.url);
    expect((await rest.post('/v1/guards/tts%3Aopenai/open')).status).toBe(200);
    await until(
      () => toldOf(page, 'tts'),
      (status) => status?.state === 'degraded',
    );
    expect(await speak(app, page, 'Hello there.')).toBeGreaterThan(200);
    expect(app.speech.requests).toEqual([]);
    await rest.post('/v1/guards/tts%3Aopenai/reset');
    await speak(app, page, 'Hello there.');
    expect(toldOf(page, 'tts')).toMatchObject({ state: 'ready' });
  });

  test('that never answers costs its deadline, and Flite speaks', async () => {
    await using app = await RunningApp.start({ patience: 0.05, env: { VOICE_CACHE_MB: '0' } });
    await using page = await connect(app);
    app.speech.answer = neverAnswer();
    // Flite has a deadline too, and has to start for its first sentence.
    app.ollama.reply = 'Hello there.';
    await until(
      () => page.turn('Go on.', {}),
      () => page.all('response.output_audio.delta').length > 0,
    );
    expect(await statusOf(app, 'tts')).toMatchObject({ reason: expect.stringMatching(/250 ms/) });
  });
});

describe('a recogniser over HTTP', () => {
  const form = () => {
    const samples = tone(440, 16_000, 16_000);
    const body = new FormData();
    body.set('model', 'any');
    body.set('file', new File([wavHeader(16_000, samples.byteLength), bytesOf(samples)], 'speech.wav'));
    return body;
  };

  test('that fails says so, and is taken back with the next words that it hears', async () => {
    await using server = await TranscriptionServer.start();
    await using app = await RunningApp.start({ env: { STT: 'openai', STT_BASE_URL: server.baseUrl } });
    await using page = await connect(app);
    const hear = async () =>
      await fetch(`${app.url}/v1/audio/transcriptions`, { method: 'POST', body: form() });
    expect(await (await hear()).json()).toMatchObject({ text: server.text });
    expect(await statusOf(app, 'stt')).toMatchObject({ engine: 'openai', state: 'ready' });

    server.answer = refuseToHear(500, 'out of memory');
    // With PocketSphinx on this machine it is that which hears; without it nobody does.
    await hear();
    expect(await hasState(app, 'degraded', 'stt')).toMatchObject({
      reason: expect.stringMatching(/(hears what openai does not|openai does not hear): .*500/),
    });
    expect(toldOf(page, 'stt')).toEqual(await statusOf(app, 'stt'));

    server.answer = (request, response) => server.transcribe(request, response);
    expect(await (await hear()).json()).toMatchObject({ text: server.text });
    expect(await statusOf(app, 'stt')).toMatchObject({ engine: 'openai', state: 'ready' });
    expect(toldOf(page, 'stt')).toEqual(await statusOf(app, 'stt'));
  });
});
