import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bytesOf, joinSamples } from '../../src/speech/audio/pcm.ts';
import { firstAudibleSample, lastAudibleSample } from '../../src/speech/audio/silence.ts';

const RATE = 24_000;
const FRAME_MS = 40;
const FRAME_SAMPLES = (RATE * FRAME_MS) / 1000;

// biome-ignore lint/suspicious/noExplicitAny: a client of the wire, not of our types.
type Event = any;

/** One turn of a call, as somebody at the other end hears it. Times are of `performance.now()`. */
export interface SpokenTurn {
  /** When the last audible sample was handed to the socket. */
  readonly endedAtMs: number;
  /** When the first sample above −45 dBFS came back, its place in its delta included. */
  readonly firstAudioAtMs: number;
  /** What was understood. */
  readonly heard: string;
  /** What was answered: words, and the whole of the sound, 24 kHz. */
  readonly reply: string;
  readonly audio: Int16Array;
  /** The service's own times, milliseconds from the end of speech as it saw it. */
  readonly marks: Readonly<Record<string, number>>;
}

/** A telephone: a microphone that streams in real time without end, and a speaker that keeps what it gets. */
export class VoiceCall implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #startedAtMs = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #frames = 0;
  #speech: Int16Array = new Int16Array(0);
  #onSaid: (() => void) | null = null;
  #onEvent: ((event: Event, atMs: number) => void) | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#onEvent?.(JSON.parse(data.toString()), performance.now()));
  }

  /** @param input what `session.audio.input` says besides `transcription` */
  static async dial(url: string, input: object = {}): Promise<VoiceCall> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/realtime?extensions=vivavoce`);
    const call = new VoiceCall(socket);
    await once(socket, 'open');
    const session = { type: 'realtime', audio: { input: { transcription: {}, ...input } } };
    socket.send(JSON.stringify({ type: 'session.update', session }));
    call.#stream();
    return call;
  }

  /** Says `speech` (24 kHz) and waits until the answer has come in full. */
  async turn(speech: Int16Array): Promise<SpokenTurn> {
    const done = Promise.withResolvers<void>();
    const audio: Int16Array[] = [];
    let [heard, reply, firstAudioAtMs] = ['', '', Number.NaN];
    let marks: Record<string, number> = {};
    this.#onEvent = (event, atMs) => {
      switch (event.type) {
        case 'conversation.item.input_audio_transcription.completed':
          heard = `${heard} ${event.transcript}`.trim();
          return;
        case 'response.output_audio.delta': {
          const samples = samplesOf(event.delta);
          const first = firstAudibleSample(samples);
          if (Number.isNaN(firstAudioAtMs) && first >= 0) firstAudioAtMs = atMs + (first * 1000) / RATE;
          audio.push(samples);
          return;
        }
        case 'response.output_audio_transcript.done':
          reply = event.transcript;
          return;
        case 'vivavoce.turn.traced':
          marks = Object.fromEntries(event.marks.map((mark: Event) => [mark.name, mark.at_ms]));
          // A pause inside a sentence may have ended a turn: the answer to all of it comes last.
          if (audio.length > 0) done.resolve();
          return;
        case 'error':
          done.reject(new Error(JSON.stringify(event.error)));
      }
    };
    const endedAtMs = await this.say(speech);
    await done.promise;
    this.#onEvent = null;
    return { endedAtMs, firstAudioAtMs, heard, reply, audio: joinSamples(audio), marks };
  }

  /** Puts `speech` into the microphone; resolves with the time when its last audible sample has left. */
  async say(speech: Int16Array): Promise<number> {
    const said = Promise.withResolvers<void>();
    this.#speech = speech.slice(0, lastAudibleSample(speech) + 1);
    this.#onSaid = said.resolve;
    await said.promise;
    return performance.now();
  }

  /** Tells the service that nothing is audible any more, as a client does whose speaker has ended. */
  flush(): void {
    this.#socket.send(JSON.stringify({ type: 'output_audio_buffer.clear' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  /** A frame whenever its time has come; late ones are made up for, as a sound card does. */
  #stream(): void {
    const dueFrames = (performance.now() - this.#startedAtMs) / FRAME_MS;
    for (; this.#frames < dueFrames; this.#frames++) {
      const frame = new Int16Array(FRAME_SAMPLES);
      frame.set(this.#speech.subarray(0, FRAME_SAMPLES));
      this.#speech = this.#speech.subarray(FRAME_SAMPLES);
      const audio = Buffer.from(bytesOf(frame)).toString('base64');
      this.#socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio }));
      if (this.#speech.length === 0) {
        this.#onSaid?.();
        this.#onSaid = null;
      }
    }
    this.#timer = setTimeout(() => this.#stream(), FRAME_MS / 4);
  }
}

function samplesOf(base64: string): Int16Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
