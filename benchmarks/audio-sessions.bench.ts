import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf, samplesIn } from '../src/speech/audio/pcm.ts';
import { firstAudibleSample, lastAudibleSample } from '../src/speech/audio/silence.ts';
import { FliteVoice } from '../src/speech/tts/flite-voice.ts';
import { VOICE_RATE } from '../src/speech/tts/voice.ts';
import { WorkerClient } from '../src/workers/worker-client.ts';
import { forever, samplesOf } from '../test/support/speech.ts';
import { TranscriptionServer } from '../test/support/transcription-server.ts';
import type { LivezProbeApi } from './support/livez-probe.ts';
import type { LoopDelay } from './support/loop-delay.ts';
import { MicrophoneClient } from './support/microphone-client.ts';
import { percentile, type Result, summarise } from './support/report.ts';
import { Service } from './support/service.ts';

const CLIENTS = 100;
const SECONDS = 20;
const FRAME_MS = 40;
const FRAMES = (SECONDS * 1000) / FRAME_MS;
const FRAME_SAMPLES = samplesIn(FRAME_MS, VOICE_RATE);
/** Quiet before and after every sentence. */
const MARGIN_MS = 2_000;
/**
 * Where the events may say that speech began and ended, in milliseconds after the first and the last audible sample.
 * Measured: 16 to 40 and 4 to 44. A frame of 32 ms that was lost before it would put the beginning outside.
 */
const BEGINS = { fromMs: 9, toMs: 47 };
const ENDS = { fromMs: -32, toMs: 76 };
const SENTENCE = 'Please remind me to call my mother at six this evening.';

/** A sentence as its frames are sent. */
interface Sentence {
  readonly messages: readonly string[];
  /** Its first and last audible sample, milliseconds from its first frame. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** A client, and the frame with which it begins to speak. */
interface Speaker {
  readonly client: MicrophoneClient;
  readonly firstFrame: number;
  /** When its frame number 0 was due. */
  readonly startMs: number;
}

/**
 * The service with a hundred open microphones: 40 ms of 24 kHz audio every 40 ms from each, silence but for one
 * sentence at a moment of its own. The recogniser is a stand-in that answers at once; Silero is the real one.
 *
 * `wrong_turns` counts clients that did not get one start and one end of speech where their sentence was. Times of
 * audio count the samples that were heard, so a frame that is lost moves every later one. `client_lag` is how late this
 * process sent: where it is large the machine was busy with something else, and the other times tell of that.
 */
export async function* audioBench(): AsyncGenerator<Result> {
  const sentence = await record();
  await using stt = await TranscriptionServer.start();
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-loop-'));
  const file = join(folder, 'delays.json');
  try {
    let window: readonly [number, number];
    {
      await using service = await Service.start({
        ...{ LLM: 'offline', TTS: 'flite', STT: 'openai', STT_BASE_URL: stt.baseUrl },
        NODE_OPTIONS: `--import=${new URL('./support/loop-delay.ts', import.meta.url)}`,
        LOOP_DELAY_FILE: file,
      });
      window = yield* measure(service, sentence);
    }
    const [from, to] = window;
    const notes = JSON.parse(await readFile(file, 'utf8')) as LoopDelay[];
    const late = notes.filter(([atMs]) => atMs >= from && atMs <= to).map(([, lateMs]) => lateMs);
    yield* tail('event_loop_delay', late);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns from when to when it measured, wall clock. */
async function* measure(
  service: Service,
  sentence: Sentence,
): AsyncGenerator<Result, readonly [number, number]> {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, id) => MicrophoneClient.connect(service.url, id)),
  );
  await using probe = new WorkerClient<LivezProbeApi>(
    new URL('./support/livez-probe.ts', import.meta.url),
    service.url,
  );
  await probe.start();
  yield one('rss_before_audio', 'MiB', await service.rssMiB());
  const fromMs = Date.now();
  const cpuBefore = await service.cpuMs();
  const probed = probe.call('run', SECONDS * 1000);
  const startMs = performance.now();
  const speakers = clients.map((client, index) => ({
    client,
    firstFrame: firstFrameOf(index, sentence),
    startMs: startMs + (index * FRAME_MS) / CLIENTS,
  }));
  const lags = await stream(speakers, sentence);
  const times = await probed;
  const elapsedMs = performance.now() - startMs;
  const cpuMs = (await service.cpuMs()) - cpuBefore;
  const toMs = Date.now();
  await delay(500);
  yield one('cpu_share', 'cores', cpuMs / elapsedMs);
  yield* tail('livez', times);
  yield* tail('client_lag', lags);
  yield* judge(speakers, sentence);
  yield one('rss', 'MiB', await service.rssMiB());
  await Promise.all(clients.map((client) => client.close()));
  return [fromMs, toMs];
}

function* judge(speakers: readonly Speaker[], sentence: Sentence): Generator<Result> {
  const onsets: number[] = [];
  const ends: number[] = [];
  let wrong = 0;
  for (const { client, firstFrame, startMs } of speakers) {
    const beginMs = firstFrame * FRAME_MS;
    const [started, stopped] = [client.started[0], client.stopped[0]];
    const begunMs = (started?.audioMs ?? Number.NaN) - beginMs - sentence.firstMs;
    const endedMs = (stopped?.audioMs ?? Number.NaN) - beginMs - sentence.lastMs;
    const isRight =
      client.started.length === 1 &&
      client.stopped.length === 1 &&
      begunMs >= BEGINS.fromMs &&
      begunMs <= BEGINS.toMs &&
      endedMs >= ENDS.fromMs &&
      endedMs <= ENDS.toMs;
    if (!isRight) {
      wrong++;
      const about = { beginMs, started: client.started, stopped: client.stopped, errors: client.errors };
      process.stderr.write(`wrong: ${JSON.stringify(about)}\n`);
    }
    if (started) onsets.push(started.atMs - startMs - beginMs - sentence.firstMs);
    if (stopped) ends.push(stopped.atMs - startMs - beginMs - sentence.lastMs);
  }
  yield { ...one('wrong_turns', 'clients', wrong), n: speakers.length };
  yield* tail('speech_to_started', onsets);
  yield* tail('silence_to_stopped', ends);
  yield one('errors', 'events', speakers.flatMap(({ client }) => client.errors).length);
}

const one = (name: string, unit: string, value: number): Result => ({
  ...summarise(name, unit, [value]),
  sessions: CLIENTS,
});

function* tail(name: string, values: readonly number[]): Generator<Result> {
  yield { ...summarise(name, 'ms', values), sessions: CLIENTS };
  const sorted = values.toSorted((a, b) => a - b);
  yield { ...one(`${name}_p99`, 'ms', percentile(sorted, 0.99)), n: values.length };
  yield { ...one(`${name}_max`, 'ms', sorted.at(-1) ?? Number.NaN), n: values.length };
}

/** The same moments in every run, spread over the time. */
function firstFrameOf(index: number, sentence: Sentence): number {
  const margin = MARGIN_MS / FRAME_MS;
  const room = FRAMES - 2 * margin - sentence.messages.length;
  return margin + ((index * 7_919) % room);
}

async function record(): Promise<Sentence> {
  await using flite = new FliteVoice({ workers: 1 });
  const samples = await samplesOf(flite.speak({ text: SENTENCE, voice: 'slt', speed: 1 }, forever()));
  const messages: string[] = [];
  for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(samples.subarray(at, at + FRAME_SAMPLES));
    messages.push(append(frame));
  }
  const ms = (sample: number) => (sample * 1000) / VOICE_RATE;
  return {
    messages,
    firstMs: ms(firstAudibleSample(samples)),
    lastMs: ms(lastAudibleSample(samples)),
  };
}

function append(samples: Int16Array): string {
  const audio = Buffer.from(bytesOf(samples)).toString('base64');
  return JSON.stringify({ type: 'input_audio_buffer.append', audio });
}

/** All frames of all clients, each when it has been spoken; returns how late this process sent them. */
async function stream(speakers: readonly Speaker[], sentence: Sentence): Promise<number[]> {
  const silence = append(new Int16Array(FRAME_SAMPLES));
  const lags: number[] = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    for (const { client, firstFrame, startMs } of speakers) {
      // A microphone has a frame when its last sample has been heard.
      const dueMs = startMs + (frame + 1) * FRAME_MS;
      while (performance.now() < dueMs) await delay(1);
      client.send(sentence.messages[frame - firstFrame] ?? silence);
      lags.push(performance.now() - dueMs);
    }
  }
  return lags;
}
