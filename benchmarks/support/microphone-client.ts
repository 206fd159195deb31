import { once } from 'node:events';
import { WebSocket } from 'ws';

/** When something was said to be, in milliseconds of audio, and when that was received. */
interface Seen {
  readonly audioMs: number;
  readonly atMs: number;
}

/** A Realtime client that sends audio, wants no answers, and notes what is heard. */
export class MicrophoneClient {
  readonly started: Seen[] = [];
  readonly stopped: Seen[] = [];
  readonly errors: string[] = [];
  readonly #socket: WebSocket;
  #onUpdated = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(JSON.parse(data.toString())));
  }

  static async connect(url: string, id: number): Promise<MicrophoneClient> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/realtime?model=bench&user=m${id}`);
    const client = new MicrophoneClient(socket);
    await once(socket, 'open');
    const input = {
      format: { type: 'audio/pcm', rate: 24_000 },
      turn_detection: { type: 'server_vad', create_response: false },
    };
    client.send(JSON.stringify({ type: 'session.update', session: { type: 'realtime', audio: { input } } }));
    await client.#onUpdated.promise;
    return client;
  }

  send(message: string): void {
    this.#socket.send(message);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  // biome-ignore lint/suspicious/noExplicitAny: a client of the wire, not of our types.
  #receive(event: any): void {
    const atMs = performance.now();
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.started.push({ audioMs: event.audio_start_ms, atMs });
        return;
      case 'input_audio_buffer.speech_stopped':
        this.stopped.push({ audioMs: event.audio_end_ms, atMs });
        return;
      case 'session.updated':
        this.#onUpdated.resolve();
        return;
      case 'error':
        this.errors.push(JSON.stringify(event.error));
        this.#onUpdated.reject(new Error(JSON.stringify(event.error)));
    }
  }
}
