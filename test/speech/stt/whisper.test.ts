import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import type { EngineStatus } from '../../../src/engine-status.ts';
import { isAbort, VivavoceError } from '../../../src/errors.ts';
import type { Recognition, Transcriber } from '../../../src/speech/stt/transcriber.ts';
import { type WhisperOptions, WhisperTranscriber } from '../../../src/speech/stt/whisper.ts';
import { WhisperModel } from '../../../src/speech/stt/whisper-model.ts';
import { type TempDir, tempDir } from '../../conversation/temp-dir.ts';
import { HubServer, refuse, stallAfter } from '../../support/hub-server.ts';
import {
  type ModelFileSet,
  tinyMoonshine,
  tinyWhisper,
  writeModel,
} from '../../support/tiny-speech-models.ts';

const MOONSHINE = 'onnx-community/moonshine-base-ONNX';
const WHISPER = 'onnx-community/whisper-base';
const never = new AbortController().signal;

let dir: TempDir;
let hub: HubServer;
let statuses: EngineStatus[];

beforeEach(async () => {
  dir = await tempDir();
  hub = await HubServer.start();
  statuses = [];
});

afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function whisper(options: Partial<WhisperOptions> = {}): WhisperTranscriber {
  const onStatus = (status: EngineStatus) => void statuses.push(status);
  const all = { modelsDir: dir.file('models'), hubUrl: hub.url, clock: systemClock, attempts: 1, onStatus };
  return new WhisperTranscriber({ ...all, ...options });
}

function publish(model: string, files: ModelFileSet): void {
  for (const [path, bytes] of files) hub.files.set(`${model}/${path}`, bytes);
}

/** A second of a tone. */
const tone = (loudness = 1_000) => new Int16Array(16_000).map((_, i) => loudness * Math.sin(i / 5));

function listen(
  transcriber: Transcriber,
  { prompt = null, language = 'en' }: { prompt?: string | null; language?: string | null } = {},
): Recognition {
  return transcriber.recognise({ language, prompt, speaker: 's', onPartial: () => {} });
}

async function hear(
  transcriber: Transcriber,
  request: { prompt?: string; language?: string | null } = {},
  samples = tone(),
  signal = never,
) {
  using recognition = listen(transcriber, request);
  recognition.push(samples);
  return await recognition.read(signal);
}

/** In the data folder already, and no hub to ask. */
async function installed(
  files: ModelFileSet,
  options: Partial<WhisperOptions> = {},
): Promise<WhisperTranscriber> {
  const folder = dir.file('mine');
  await writeModel(folder, files);
  const transcriber = whisper({ model: folder, hubUrl: 'http://127.0.0.1:1', ...options });
  await transcriber.start(never);
  return transcriber;
}

describe('starting', () => {
  test('fetches Moonshine for English, with its progress, loads it and hears', async () => {
    publish(MOONSHINE, tinyMoonshine());
    await using transcriber = whisper({ language: 'en', workers: 2 });
    expect(transcriber.model).toBe(MOONSHINE);
    expect(transcriber.status()).toMatchObject({ part: 'stt', engine: 'whisper', state: 'starting' });
    expect(await transcriber.isInstalled()).toBe(false);
    const times = await transcriber.start(never);
    expect(times).toHaveLength(2);
    expect(await transcriber.isInstalled()).toBe(true);
    expect(transcriber.status()).toEqual({
      ...{ part: 'stt', engine: 'whisper', detail: MOONSHINE, state: 'ready' },
      reason: 'q8, 2 workers',
    });
    const reasons = statuses.map(({ reason }) => reason);
    expect(reasons).toContain(`fetching ${MOONSHINE}, onnx/encoder_model_quantized.onnx: 100 %`);
    expect(reasons.indexOf(`loading ${MOONSHINE} (q8)`)).toBe(reasons.length - 2);
    expect((await hear(transcriber)).text).toBe('hello again');
  });

  test('fetches Whisper for other languages, and nothing a second time', async () => {
    publish(WHISPER, tinyWhisper());
    await using first = whisper({ language: 'de' });
    await first.start(never);
    const requests = hub.requests.length;
    await hub[Symbol.asyncDispose]();
    await using second = whisper({ language: null, hubUrl: 'http://127.0.0.1:1' });
    await second.start(never);
    expect(second.model).toBe(WHISPER);
    expect(hub.requests).toHaveLength(requests);
    expect((await hear(second, { language: 'en' })).text).toBe('hello world');
  });

  test('takes the weights that there are when there are no small ones', async () => {
    // Some exports name the feature extractor of another model, which does the same.
    publish(MOONSHINE, tinyMoonshine({ suffix: '', extractor: 'Wav2Vec2FeatureExtractor' }));
    await using transcriber = whisper({ language: 'en' });
    await transcriber.start(never);
    expect(transcriber.status().reason).toBe('fp32, 1 worker');
    expect((await hear(transcriber)).text).toBe('hello again');
  });

  test('takes a local folder as it is, and leaves nothing in it', async () => {
    const files = tinyWhisper({ suffix: '_q4' });
    await using transcriber = await installed(files, { dtype: 'q4' });
    expect((await hear(transcriber)).text).toBe('hello world');
    expect(await readdir(dir.path)).toEqual(['mine']);
    expect(await readdir(dir.file('mine/onnx'))).toHaveLength(2);
  });

  test('says what to do when there is no connection and no model, and can be tried again', async () => {
    publish(MOONSHINE, tinyMoonshine());
    hub.answers.push(refuse(500));
    await using transcriber = whisper({ language: 'en' });
    await expect(transcriber.start(never)).rejects.toMatchObject({ code: 'engine_unavailable' });
    const { state, reason } = transcriber.status();
    expect(state).toBe('failed');
    const weights = 'onnx/decoder_model_merged_quantized.onnx';
    expect(reason).toContain(`${hub.url}/${MOONSHINE}/resolve/main/config.json`);
    expect(reason).toContain(dir.file(`models/${MOONSHINE}/config.json`));
    expect(reason).toContain('set STT_MODEL to the path of a folder');
    await expect(hear(transcriber)).rejects.toMatchObject({ code: 'engine_unavailable' });
    await transcriber.start(never);
    expect(hub.requests.at(-1)?.path).toBe(`${MOONSHINE}/${weights}`);
    expect((await hear(transcriber)).text).toBe('hello again');
  });

  test('refuses a model of another kind before it fetches its weights', async () => {
    publish('someone/bert', new Map([...tinyWhisper()].filter(([path]) => !path.startsWith('onnx'))));
    hub.files.set('someone/bert/config.json', new TextEncoder().encode('{"model_type":"bert"}'));
    await using transcriber = whisper({ model: 'someone/bert' });
    await expect(transcriber.start(never)).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'STT_MODEL names someone/bert, a bert; it must be Whisper or Moonshine',
    });
  });

  test('says which folder to delete when the model in it is broken', async () => {
    const folder = dir.file('models/someone/tiny');
    await writeModel(folder, tinyMoonshine());
    await writeFile(join(folder, 'onnx/encoder_model_quantized.onnx'), 'no model');
    await using transcriber = whisper({ model: 'someone/tiny' });
    await expect(transcriber.start(never)).rejects.toMatchObject({ code: 'engine_failed' });
    expect(transcriber.status().reason).toMatch(
      /^someone\/tiny cannot be loaded from .*someone\/tiny: .*delete that folder to fetch it again/,
    );
  });

  test('can be given up while it fetches', async () => {
    publish(MOONSHINE, tinyMoonshine());
    hub.answers.push(stallAfter(1));
    const transcriber = whisper({ language: 'en' });
    const asked = hub.nextRequest();
    const started = transcriber.start(never);
    started.catch(() => {});
    await asked;
    await expect(hear(transcriber)).rejects.toThrow(`whisper is not ready: `);
    await transcriber[Symbol.asyncDispose]();
    await expect(started).rejects.toSatisfy(isAbort);
  });
});

describe('hearing', () => {
  test('gives the samples to the model at their loudness', async () => {
    await using transcriber = await installed(tinyMoonshine());
    expect((await hear(transcriber, {}, tone(15_000))).text).toBe('hello again');
    expect((await hear(transcriber, {}, tone(18_000))).text).toBe('loud');
  });

  test('gives the language and the prompt to Whisper, which finds the language out when it is not told', async () => {
    await using transcriber = await installed(tinyWhisper());
    expect((await hear(transcriber, { language: 'en' })).text).toBe('hello world');
    expect((await hear(transcriber, { language: 'de-AT' })).text).toBe('hallo welt');
    expect((await hear(transcriber, { language: null })).text).toBe('hallo welt');
    expect((await hear(transcriber, { language: 'xx' })).text).toBe('hallo welt');
    expect((await hear(transcriber, { prompt: 'the zoo' })).text).toBe('zebra');
    expect((await hear(transcriber, { prompt: 'the farm' })).words).toBeNull();
  });

  test('has the times of words when the model looks at the audio', async () => {
    await using transcriber = await installed(tinyWhisper({ times: true }));
    const { text, words } = await hear(transcriber);
    expect(text).toBe('hello world');
    expect(words?.map((word) => word.text)).toEqual(['hello', 'world']);
    expect(words?.[1]?.startMs).toBeGreaterThan(words?.[0]?.startMs ?? 0);
  });

  test('ends when the model repeats itself for ever, and says once what it said', async () => {
    await using transcriber = await installed(tinyWhisper({ loops: true }));
    expect((await hear(transcriber)).text).toBe('ha');
  });

  test('ends at the next token when it is given up', async () => {
    await writeModel(dir.file('loops'), tinyWhisper({ loops: true }));
    const model = await WhisperModel.load({ folder: dir.file('loops'), dtype: 'q8', threads: 1 });
    const controller = new AbortController();
    const heard = model.transcribe({ samples: tone(), language: 'en', prompt: null }, controller.signal);
    controller.abort(new VivavoceError('cancelled', 'enough'));
    await expect(heard).rejects.toThrow('enough');
  });

  test('of silence asks nothing of the model', async () => {
    await using transcriber = await installed(tinyMoonshine());
    expect(await hear(transcriber, {}, tone(20))).toEqual({ text: '', words: [] });
  });
});

describe('a worker', () => {
  const workerModule = new URL('./mortal-whisper-worker.ts', import.meta.url);

  test('that dies fails its utterance only; the next one has another', async () => {
    await using transcriber = await installed(tinyMoonshine(), { workerModule });
    const first = await hear(transcriber);
    await expect(hear(transcriber, { prompt: 'die' })).rejects.toMatchObject({ code: 'engine_failed' });
    const second = await hear(transcriber);
    expect(first.text).toMatch(/^hello again \d+$/);
    expect(second.text).toMatch(/^hello again \d+$/);
    expect(second.text).not.toBe(first.text);
  });

  test('is free again when its utterance was given up', async () => {
    await using transcriber = await installed(tinyMoonshine(), { workerModule });
    const controller = new AbortController();
    const hanging = hear(transcriber, { prompt: 'hang' }, tone(), controller.signal);
    const waiting = hear(transcriber);
    controller.abort();
    await expect(hanging).rejects.toSatisfy(isAbort);
    expect((await waiting).text).toContain('hello again');
  });

  test('has a queue with an end', async () => {
    await using transcriber = await installed(tinyMoonshine(), { workerModule, maxWaiting: 1 });
    const controller = new AbortController();
    const hanging = hear(transcriber, { prompt: 'hang' }, tone(), controller.signal);
    hanging.catch(() => {});
    const waiting = hear(transcriber);
    await expect(hear(transcriber)).rejects.toMatchObject({ code: 'engine_unavailable' });
    controller.abort();
    expect((await waiting).text).toContain('hello again');
  });

  test('is gone with the recogniser, and what was asked of it ends', async () => {
    const transcriber = await installed(tinyMoonshine(), { workerModule });
    const hanging = hear(transcriber, { prompt: 'hang' });
    hanging.catch(() => {});
    await transcriber[Symbol.asyncDispose]();
    await expect(hanging).rejects.toThrow('shut down');
    await expect(hear(transcriber)).rejects.toThrow('whisper is not ready: it is shut down');
  });
});
