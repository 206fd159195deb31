import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { WireEvent } from './realtime-client.ts';

/**
 * A client of our extension that comes back after every drop, as the protocol says it: it asks for what it missed, says
 * again what it had no answer to, and takes no event that is not the next one.
 */
export class ResumingClient {
  /** Every numbered event, in order, over all connections. */
  readonly events: WireEvent[] = [];
  /** Events that came twice or not at all. */
  readonly misnumbered: { expected: number; got: number }[] = [];
  drops = 0;
  refusals = 0;
  readonly #url: string;
  /** Called with every message of the connection, and with 0 when it has opened. */
  readonly #onMessage: (count: number) => void;
  #socket: WebSocket | null = null;
  #token: string | null = null;
  #said: object[] = [];
  #isDone = false;
  /** It has what it missed. */
  #isBack = true;
  #nextId = 0;
  #wake = Promise.withResolvers<void>();

  constructor(url: string, onMessage: (count: number) => void) {
    this.#url = `${url.replace(/^http/, 'ws')}/v1/realtime?extensions=vivavoce`;
    this.#onMessage = onMessage;
  }

  async connect(): Promise<void> {
    this.#open();
    while (this.#token === null) await this.#wake.promise;
  }

  get conversationId(): string {
    return this.events.find(({ type }) => type === 'conversation.created')?.conversation.id;
  }

  /** Says something and waits for the answer to it. */
  async turn(words: string, modality: 'text' | 'audio'): Promise<WireEvent> {
    const tag = `turn_${this.#nextId}`;
    const content = [{ type: 'input_text', text: words }];
    this.#say({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    this.#say({ type: 'response.create', response: { output_modalities: [modality], metadata: { tag } } });
    for (;;) {
      const done = this.events.find(
        ({ type, response }) => type === 'response.done' && response.metadata?.tag === tag,
      );
      if (done) {
        this.#said = [];
        return done;
      }
      await this.#wake.promise;
    }
  }

  /** Says goodbye, having listened to everything. */
  async close(): Promise<void> {
    while (!this.#isBack) await this.#wake.promise;
    const spoken = this.events.findLast(({ type }) => type === 'response.output_audio.done');
    const heard = { item_id: spoken?.item_id, audio_played_ms: 3_600_000, is_playing: false };
    if (spoken) this.#socket?.send(JSON.stringify({ type: 'vivavoce.playback.reported', ...heard }));
    this.#isDone = true;
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    const closed = once(socket, 'close');
    socket.close(1000);
    await closed;
  }

  #say(event: object): void {
    const named = { event_id: `mine_${this.#nextId++}`, ...event };
    this.#said.push(named);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(named));
  }

  #open(): void {
    const resume = this.#token === null ? '' : `&resume=${this.#token}&after=${this.events.length - 1}`;
    const socket = new WebSocket(this.#url + resume);
    this.#socket = socket;
    this.#isBack = resume === '';
    let count = 0;
    socket.on('open', () => this.#onMessage(0));
    socket.on('message', (data) => {
      const event = JSON.parse(data.toString()) as WireEvent;
      if (event.type === 'vivavoce.session.resumed') {
        this.#isBack = true;
        for (const said of this.#said) socket.send(JSON.stringify(said));
      } else this.#take(event);
      this.#wakeUp();
      this.#onMessage(++count);
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      if (code === 4404) this.refusals++;
      if (this.#isDone) return;
      this.drops++;
      this.#open();
    });
  }

  #take(event: WireEvent): void {
    if (event.resume) this.#token = event.resume.token;
    const { sequence } = event;
    if (sequence === undefined) return;
    const expected = this.events.length;
    if (sequence === expected) this.events.push(event);
    else this.misnumbered.push({ expected, got: sequence });
  }

  #wakeUp(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
