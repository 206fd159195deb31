import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { FliteVoice } from '../src/speech/tts/flite-voice.ts';
import { EnergyVad } from '../src/speech/vad/energy-vad.ts';
import { FallbackVad } from '../src/speech/vad/fallback-vad.ts';
import { SileroVad } from '../src/speech/vad/silero-vad.ts';
import { VAD_FRAME_SAMPLES, type Vad } from '../src/speech/vad/vad.ts';
import { spoken } from '../test/support/sphinx.ts';
import { SPOKEN_SENTENCES } from '../test/support/spoken-sentences.ts';
import { type Result, summarise } from './support/report.ts';

const STREAMS = [1, 20, 100];
const SECONDS = 10;
const FRAME_MS = 32;
const FRAMES = Math.floor((SECONDS * 1000) / FRAME_MS);
/** What the timer of the histogram waits by itself, milliseconds. */
const RESOLUTION_MS = 10;

interface Heard {
  readonly lagsMs: number[];
  speechFrames: number;
  lost: number;
}

/**
 * Microphones in real time, a frame every 32 ms each, sentences and pauses by turns, as the service listens to them:
 * Silero with the level behind it. *Lag* is from the moment in which a frame is due to the moment in which its
 * probability is known. The processor time is the whole process's, the microphones of this file included.
 */
export async function* vadBench(): AsyncGenerator<Result> {
  const speech = await speechFrames();
  await using silero = new SileroVad();
  let fallbacks = 0;
  const vad = new FallbackVad({ first: silero, second: new EnergyVad(), onChange: () => fallbacks++ });
  await silero.start();
  for (const sessions of STREAMS) {
    const before = silero.counts;
    const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delays.enable();
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    const heard = await listen(vad, sessions, speech);
    const elapsedMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(cpu);
    delays.disable();
    const total = sessions * FRAMES;
    const one = (name: string, unit: string, value: number): Result => ({
      ...summarise(name, unit, [value]),
      ...{ n: total, sessions },
    });
    yield { ...summarise('vad_lag', 'ms', heard.lagsMs), sessions };
    yield one('vad_lag_max', 'ms', Math.max(...heard.lagsMs));
    yield one('vad_frames_lost', 'frames', heard.lost + total - heard.lagsMs.length);
    yield one('vad_frames_not_silero', 'frames', total - (silero.counts.frames - before.frames));
    yield one('vad_fallbacks', 'times', fallbacks);
    yield one('vad_speech', '% of frames', (100 * heard.speechFrames) / total);
    yield one('vad_batch', 'frames a run', total / (silero.counts.runs - before.runs));
    yield one('cpu_share', 'cores', (user + system) / 1000 / elapsedMs);
    yield one('event_loop_delay_p99', 'ms', Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS));
  }
}

/** A minute or so of sentences with a pause as long as a sentence after each. */
async function speechFrames(): Promise<Int16Array[]> {
  await using flite = new FliteVoice({ workers: 1 });
  const frames: Int16Array[] = [];
  for (const sentence of SPOKEN_SENTENCES.slice(0, 12)) {
    const samples = await spoken(flite, sentence);
    const count = Math.floor(samples.length / VAD_FRAME_SAMPLES);
    for (let at = 0; at < count; at++) {
      frames.push(samples.slice(at * VAD_FRAME_SAMPLES, (at + 1) * VAD_FRAME_SAMPLES));
    }
    frames.push(...Array.from({ length: count }, () => new Int16Array(VAD_FRAME_SAMPLES)));
  }
  return frames;
}

/** Every microphone begins at its own moment within a frame, and somewhere else in the speech. */
async function listen(vad: Vad, count: number, speech: readonly Int16Array[]): Promise<Heard> {
  const heard: Heard = { lagsMs: [], speechFrames: 0, lost: 0 };
  const streams = Array.from({ length: count }, () => vad.open());
  const answers: Promise<void>[] = [];
  const startMs = performance.now();
  // In the order in which they come due.
  for (let next = 0; next < count * FRAMES; next++) {
    const stream = next % count;
    const frame = Math.floor(next / count);
    const dueMs = startMs + (frame + stream / count) * FRAME_MS;
    while (performance.now() < dueMs) await delay(1);
    const samples = speech[(frame + stream * 37) % speech.length] as Int16Array;
    const answer = (streams[stream]?.detect(samples) ?? Promise.reject(new Error('no stream'))).then(
      (probability) => {
        heard.lagsMs.push(performance.now() - dueMs);
        if (probability >= 0.5) heard.speechFrames++;
      },
      () => {
        heard.lost++;
      },
    );
    answers.push(answer);
  }
  await Promise.all(answers);
  for (const stream of streams) stream[Symbol.dispose]();
  return heard;
}
