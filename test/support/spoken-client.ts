import { bytesOf, joinSamples, samplesIn } from '../../src/speech/audio/pcm.ts';
import { VOICE_RATE } from '../../src/speech/tts/voice.ts';

const FRAME_MS = 40;
const FRAME_SAMPLES = samplesIn(FRAME_MS, VOICE_RATE);

/** What a client sends for so many samples of 24 kHz. */
type Encode = (samples: Int16Array) => Uint8Array;

interface Options {
  /** Hands one frame to the client under test. */
  readonly send: (frame: Buffer) => void;
  /** From 24 kHz; PCM as it is when absent. */
  readonly encode?: Encode;
}

/**
 * A microphone that is open all the time: 40 ms of audio each 40 ms by the clock on the wall, silence when nobody
 * speaks. It is the only thing in a test that takes the time that it takes.
 */
export class OpenMicrophone implements Disposable {
  readonly #send: (frame: Buffer) => void;
  readonly #encode: Encode;
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  #sentFrames = 0;
  #waiting: { readonly frames: Int16Array[]; readonly done: (sentMs: number) => void }[] = [];

  constructor({ send, encode = bytesOf }: Options) {
    this.#send = send;
    this.#encode = encode;
    this.#timer = setInterval(() => this.#tick(), FRAME_MS / 2);
  }

  /** Says it after what was said before. Resolves when its last frame has been sent, with the audio sent by then. */
  async say(samples: Int16Array): Promise<number> {
    return await new Promise((done) => this.#waiting.push({ frames: framesOf(samples), done }));
  }

  /** Audio sent so far. */
  get sentMs(): number {
    return this.#sentFrames * FRAME_MS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    while ((this.#sentFrames + 1) * FRAME_MS <= performance.now() - this.#startedMs) {
      const [speech] = this.#waiting;
      const frame = speech?.frames.shift() ?? new Int16Array(FRAME_SAMPLES);
      this.#sentFrames++;
      this.#send(Buffer.from(this.#encode(frame)));
      if (speech?.frames.length !== 0) continue;
      this.#waiting.shift();
      speech.done(this.sentMs);
    }
  }
}

/** Frames of 40 ms; the last one is filled up with silence. */
export function framesOf(samples: Int16Array): Int16Array[] {
  const missing = -samples.length % FRAME_SAMPLES;
  const whole = missing === 0 ? samples : joinSamples([samples, new Int16Array(FRAME_SAMPLES + missing)]);
  return Array.from({ length: whole.length / FRAME_SAMPLES }, (_, at) =>
    whole.slice(at * FRAME_SAMPLES, (at + 1) * FRAME_SAMPLES),
  );
}

/** What the SDK takes: bytes that are nobody else's. */
export function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
