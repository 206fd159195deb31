import { once } from 'node:events';
import { WebSocket } from 'ws';
import { frameIndexOf, frameValue } from './stand-ins.ts';

/** What a client saw of a turn. */
export interface SeenTurn {
  readonly tag: string;
  readonly askedAt: bigint;
  cancelledAt?: bigint;
  /** When frame `index` of the first sentence came. */
  readonly frames: bigint[];
}

// biome-ignore lint/suspicious/noExplicitAny: a client of the wire, not of our types.
type Event = any;

/** A Realtime client that keeps time, and checks that no event is lost or out of order. */
export class BenchClient {
  readonly #socket: WebSocket;
  readonly #id: number;
  #turn: SeenTurn | null = null;
  #turns = 0;
  #done: PromiseWithResolvers<void> | null = null;
  #onDelta: (() => void) | null = null;
  #nextEvent = 0;
  #open = new Set<string>();
  #stored = new Set<string>();

  private constructor(socket: WebSocket, id: number) {
    this.#socket = socket;
    this.#id = id;
    socket.on('close', () => this.#done?.reject(new Error('the connection is closed')));
    socket.on('message', (data) => this.#receive(process.hrtime.bigint(), JSON.parse(data.toString())));
  }

  /** @param id no two clients have the same */
  static async connect(url: string, id: number, user = `u${id}`): Promise<BenchClient> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/realtime?model=bench&user=${user}`);
    const client = new BenchClient(socket, id);
    await once(socket, 'open');
    return client;
  }

  /** One turn, to its `response.done`. With `cancel` it is given up when the first frame has come. */
  async turn({ cancel = false } = {}): Promise<SeenTurn> {
    const tag = `c${this.#id}t${this.#turns++}`;
    this.#done = Promise.withResolvers();
    const turn: SeenTurn = { tag, askedAt: process.hrtime.bigint(), frames: [] };
    this.#turn = turn;
    this.#onDelta = cancel
      ? () => {
          this.#onDelta = null;
          turn.cancelledAt = process.hrtime.bigint();
          this.#send({ type: 'response.cancel' });
        }
      : null;
    this.#send({
      type: 'conversation.item.create',
      item: {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: `Please say ${tag} to me` }],
      },
    });
    this.#send({ type: 'response.create' });
    await this.#done.promise;
    return turn;
  }

  /** Items that the server said are stored. */
  get acknowledged(): number {
    return this.#stored.size;
  }

  /** Loses the connection, as a network does. */
  async drop(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.terminate();
    await closed;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #send(event: object): void {
    this.#socket.send(JSON.stringify(event));
  }

  #receive(at: bigint, event: Event): void {
    this.#checkOrder(event);
    switch (event.type) {
      case 'conversation.item.done':
        this.#stored.add(event.item.id);
        return;
      case 'response.output_audio.delta': {
        const samples = Buffer.from(event.delta, 'base64');
        for (const offset of [0, samples.length - 2]) {
          const sample = samples.readInt16LE(offset);
          const index = frameIndexOf(sample);
          if (this.#turn && index >= 0 && frameValue(index) === sample) this.#turn.frames[index] ??= at;
        }
        this.#onDelta?.();
        return;
      }
      case 'response.done':
        if (event.response.status === 'failed') {
          this.#done?.reject(new Error(JSON.stringify(event.response.status_details)));
        } else this.#done?.resolve();
        return;
      case 'error':
        // The answer was over before the interruption came.
        if (event.error.code === 'response_cancel_not_active') return;
        this.#done?.reject(new Error(JSON.stringify(event.error)));
    }
  }

  /** Event numbers have no gap, and nothing comes of a response that is closed or of an item that is not open. */
  #checkOrder(event: Event): void {
    const number = Number(/_(\d+)$/.exec(event.event_id)?.[1]);
    if (number !== this.#nextEvent++)
      throw new Error(`event ${this.#nextEvent - 1} is missing: ${event.event_id}`);
    const { item_id: itemId, type } = event;
    if (type === 'response.output_item.added') this.#open.add(event.item.id);
    else if (type === 'response.output_item.done') this.#open.delete(event.item.id);
    else if (type.endsWith('.delta') && !this.#open.has(itemId)) throw new Error(`${type} of a closed item`);
    else if (type === 'response.done' && this.#open.size > 0)
      throw new Error('a response ended with open items');
  }
}
