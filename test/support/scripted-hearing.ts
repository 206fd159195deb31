import type { Clock } from '../../src/clock.ts';
import { VivavoceError } from '../../src/errors.ts';
import type { Hearing } from '../../src/session/hearing.ts';
import type {
  Recognition,
  Transcriber,
  Transcript,
  TranscriptionRequest,
} from '../../src/speech/stt/transcriber.ts';
import type { TurnVerdict } from '../../src/speech/turn-detector.ts';
import { VAD_FRAME_SAMPLES, type Vad, type VadStream } from '../../src/speech/vad/vad.ts';

/** A sound without a word: a cough. */
const NOISE = 20_000;
/** A word is understood once so many of its frames (32 ms) have come. */
const FRAMES_TO_UNDERSTAND = 3;

interface Options {
  readonly clock: Clock;
  /** How long a reading takes; 0 when absent. */
  readonly readMs?: () => number;
  /** Words are told while they are spoken. */
  readonly hasPartials?: boolean;
  readonly verdict?: (text: string) => TurnVerdict;
  readonly fails?: () => boolean;
  readonly speculates?: boolean;
  readonly unavailable?: () => string | null;
}

/**
 * Speech in which every word is a tone of its own height, and ears that know them: conversations on virtual time with
 * exact words and exact times.
 */
export class ScriptedHearing implements Hearing {
  readonly language = null;
  readonly speculates: boolean;
  vad: Vad;
  readonly transcriber: Transcriber;
  readonly turnDetector;
  /** What was recognised of each utterance, as asked, with the time of the question. */
  readonly readings: { text: string; atMs: number; aborted: boolean }[] = [];
  /** Utterances that are being recognised. */
  open = 0;
  readonly #options: Options;
  readonly #words = new Map<number, string>();

  constructor(options: Options) {
    this.#options = options;
    this.speculates = options.speculates ?? true;
    this.vad = { engine: 'scripted', open: () => scriptedVad };
    this.turnDetector = {
      engine: 'scripted',
      judge: async ({ text }: { text: string | null }) =>
        options.verdict?.(text ?? '') ?? ('unsure' as const),
    };
    this.transcriber = {
      engine: 'scripted',
      model: 'script',
      recognise: (request) => this.#recognise(request),
    };
  }

  unavailable(): string | null {
    return this.#options.unavailable?.() ?? null;
  }

  /** Frames of 32 ms in which the words of `text` are said, 16 kHz; `msPerWord` is rounded to whole frames. */
  speech(text: string, msPerWord: number): Int16Array[] {
    return text.split(' ').flatMap((word) => {
      const code = 1_000 + this.#words.size;
      this.#words.set(code, word);
      return frames(Math.round(msPerWord / 32), code);
    });
  }

  noise(ms: number): Int16Array[] {
    return frames(Math.round(ms / 32), NOISE);
  }

  silence(ms: number): Int16Array[] {
    return frames(Math.round(ms / 32), 0);
  }

  #recognise({ onPartial }: TranscriptionRequest): Recognition {
    const { clock, readMs, hasPartials = true, fails } = this.#options;
    const counts = new Map<number, number>();
    const text = () =>
      [...counts]
        .filter(([, count]) => count >= FRAMES_TO_UNDERSTAND)
        .map(([code]) => this.#words.get(code))
        .join(' ');
    let told = '';
    let isOpen = true;
    this.open++;
    return {
      push: (samples) => {
        for (let at = 0; at < samples.length; at += VAD_FRAME_SAMPLES) {
          const code = samples[at] ?? 0;
          if (this.#words.has(code)) counts.set(code, (counts.get(code) ?? 0) + 1);
        }
        if (!hasPartials || text() === told) return;
        told = text();
        onPartial(told);
      },
      read: async (signal): Promise<Transcript> => {
        const reading = { text: text(), atMs: clock.monotonicMs(), aborted: false };
        this.readings.push(reading);
        const waitMs = readMs?.() ?? 0;
        if (waitMs > 0)
          await waitOr(clock, waitMs, signal, () => {
            reading.aborted = true;
          });
        if (fails?.()) throw new VivavoceError('engine_failed', 'the recogniser broke');
        return { text: reading.text, words: null };
      },
      [Symbol.dispose]: () => {
        if (isOpen) this.open--;
        isOpen = false;
      },
    };
  }
}

async function waitOr(clock: Clock, ms: number, signal: AbortSignal, onAbort: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.after(ms, resolve);
  const giveUp = () => {
    onAbort();
    timer[Symbol.dispose]();
    reject(new VivavoceError('cancelled', 'the reading was given up'));
  };
  signal.addEventListener('abort', giveUp);
  await promise.finally(() => signal.removeEventListener('abort', giveUp));
}

const scriptedVad: VadStream = {
  detect: async (frame) => (frame.some((sample) => Math.abs(sample) > 500) ? 0.9 : 0.2),
  reset: () => undefined,
  [Symbol.dispose]: () => undefined,
};

function frames(count: number, sample: number): Int16Array[] {
  return Array.from({ length: count }, () => new Int16Array(VAD_FRAME_SAMPLES).fill(sample));
}
