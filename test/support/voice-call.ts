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
  /** When the first sample above −45 dBFS is heard by one who plays everything as it comes back. */
  readonly firstAudioAtMs: number;
  /** What was understood. */
  readonly heard: string;
  /** What was answered: words, and the whole of the sound, 24 kHz. */
  readonly reply: string;
  readonly audio: Int16Array;
  /** The item of the answer. */
  readonly itemId: string;
  /** The service's own times, milliseconds from the end of speech as it saw it. */
  readonly marks: Readonly<Record<string, number>>;
}

interface Options {
  /** What `session.audio.input` says besides `transcription`. */
  readonly input?: object;
  /** Who answers. */
  readonly voice?: string;
  /** How many seconds of sound go through the microphone in one by the clock on the wall. */
  readonly pace?: number;
}

/** A telephone: a microphone that streams in real time without end, and a speaker that keeps what it gets. */
export class VoiceCall implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #startedAtMs = performance.now();
  readonly #pace: number;
  #timer: NodeJS.Timeout | null = null;
  #frames = 0;
  #speech: Int16Array = new Int16Array(0);
  #onSaid: ((atMs: number) => void) | null = null;
  #onEvent: ((event: Event, atMs: number) => void) | null = null;
  /** Rejects the turn that is being held. */
  #onFailed: ((error: Error) => void) | null = null;
  #conversationId = '';
  readonly #errors: Event[] = [];

  private constructor(socket: WebSocket, pace: number) {
    this.#socket = socket;
    this.#pace = pace;
    socket.on('message', (data) => this.#receive(JSON.parse(data.toString()), performance.now()));
    socket.on('close', (code) => this.#onFailed?.(new Error(`The service hung up: ${code}`)));
  }

  static async dial(url: string, { input, voice, pace = 1 }: Options = {}): Promise<VoiceCall> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/realtime?extensions=vivavoce`);
    const call = new VoiceCall(socket, pace);
    await once(socket, 'open');
    const audio = { input: { transcription: {}, ...input }, ...(voice && { output: { voice } }) };
    call.#send({ type: 'session.update', session: { type: 'realtime', audio } });
    call.#stream();
    return call;
  }

  /** What the store knows it by. */
  get conversationId(): string {
    return this.#conversationId;
  }

  /** All `error` events of the call. */
  get errors(): readonly Event[] {
    return this.#errors;
  }

  /** Says `speech` (24 kHz) and waits until the answer has come in full. */
  async turn(speech: Int16Array): Promise<SpokenTurn> {
    const done = Promise.withResolvers<void>();
    const audio: Int16Array[] = [];
    let [heard, reply, itemId, firstAudioAtMs] = ['', '', '', Number.NaN];
    /** When the player is through with what it has got. */
    let playedAtMs = 0;
    let marks: Record<string, number> = {};
    this.#onEvent = (event, atMs) => {
      switch (event.type) {
        case 'conversation.item.input_audio_transcription.completed':
          heard = `${heard} ${event.transcript}`.trim();
          return;
        case 'response.output_audio.delta': {
          const samples = samplesOf(event.delta);
          const first = firstAudibleSample(samples);
          const playsAtMs = Math.max(atMs, playedAtMs);
          if (Number.isNaN(firstAudioAtMs) && first >= 0) firstAudioAtMs = playsAtMs + (first * 1000) / RATE;
          playedAtMs = playsAtMs + (samples.length * 1000) / RATE;
          audio.push(samples);
          itemId = event.item_id;
          return;
        }
        case 'response.output_audio_transcript.done':
          reply = event.transcript;
          return;
        case 'vivavoce.turn.traced':
          marks = Object.fromEntries(event.marks.map((mark: Event) => [mark.name, mark.at_ms]));
          // A pause inside a sentence may have ended a turn: the answer to all of it comes last.
          if (audio.length > 0) done.resolve();
      }
    };
    this.#onFailed = done.reject;
    const [endedAtMs] = await Promise.all([this.say(speech), done.promise]);
    this.#onEvent = null;
    this.#onFailed = null;
    return { endedAtMs, firstAudioAtMs, heard, reply, audio: joinSamples(audio), itemId, marks };
  }

  /** Puts `speech` into the microphone; resolves with the time when its last audible sample has left. */
  async say(speech: Int16Array): Promise<number> {
    const said = Promise.withResolvers<number>();
    this.#speech = speech.slice(0, lastAudibleSample(speech) + 1);
    this.#onSaid = said.resolve;
    return await said.promise;
  }

  /** Tells the service that nothing is audible any more, as a client does whose speaker has ended. */
  flush(): void {
    this.#send({ type: 'output_audio_buffer.clear' });
  }

  /** Tells the service that all of the answer has come out of the speaker, which is as fast as the call likes. */
  hearOut({ itemId, audio }: SpokenTurn): void {
    const playedMs = (audio.length * 1000) / RATE;
    const report = { item_id: itemId, audio_played_ms: playedMs, is_playing: false };
    this.#send({ type: 'vivavoce.playback.reported', ...report });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #send(event: object): void {
    this.#socket.send(JSON.stringify(event));
  }

  #receive(event: Event, atMs: number): void {
    if (event.type === 'conversation.created') this.#conversationId = event.conversation.id;
    if (event.type === 'error') {
      this.#errors.push(event.error);
      this.#onFailed?.(new Error(JSON.stringify(event.error)));
    }
    this.#onEvent?.(event, atMs);
  }

  /** A frame whenever its time has come; late ones are made up for, as a sound card does. */
  #stream(): void {
    const dueFrames = ((performance.now() - this.#startedAtMs) * this.#pace) / FRAME_MS;
    for (; this.#frames < dueFrames; this.#frames++) {
      const frame = new Int16Array(FRAME_SAMPLES);
      frame.set(this.#speech.subarray(0, FRAME_SAMPLES));
      this.#speech = this.#speech.subarray(FRAME_SAMPLES);
      const audio = Buffer.from(bytesOf(frame)).toString('base64');
      this.#send({ type: 'input_audio_buffer.append', audio });
      if (this.#speech.length === 0) {
        this.#onSaid?.(performance.now());
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
