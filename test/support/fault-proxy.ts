import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FaultFlow, type Faults } from './fault-flow.ts';
import { randomOf } from './seeded-random.ts';

interface Link {
  readonly down: FaultFlow;
  readonly up: FaultFlow;
  reset(): void;
}

/**
 * A TCP proxy in front of a real server that makes the network bad. Faults hold for the connections there are and for
 * those to come, until others are set: `proxy.down = { stallAfterBytes: 100 }`, and `proxy.down = {}` to heal.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #target: URL;
  readonly #random: () => number;
  readonly #links = new Set<Link>();
  #server: Server | null = null;
  #port = 0;
  #down: Faults = {};
  #up: Faults = {};
  #accepted = 0;

  /** @param target `http://127.0.0.1:1234/path`, or `ws:`; what is random is the same for the same `seed` */
  constructor(target: string, { seed = 1 }: { readonly seed?: number } = {}) {
    this.#target = new URL(target);
    this.#random = randomOf(seed);
  }

  /** Listens on a free port of 127.0.0.1. */
  async start(): Promise<this> {
    await this.accept();
    return this;
  }

  /** The target's address, by way of the proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href.replace(/\/$/, '');
  }

  /** What happens to what the server sends. */
  get down(): Faults {
    return this.#down;
  }

  set down(faults: Faults) {
    this.#down = faults;
    for (const { down } of this.#links) down.set(faults);
  }

  /** What happens to what clients send. */
  get up(): Faults {
    return this.#up;
  }

  set up(faults: Faults) {
    this.#up = faults;
    for (const { up } of this.#links) up.set(faults);
  }

  /** Connections that are open now, and all that there have been. */
  get connections(): { readonly open: number; readonly accepted: number } {
    return { open: this.#links.size, accepted: this.#accepted };
  }

  /** Resets every live connection, at both ends. */
  dropAll(): void {
    for (const link of this.#links) link.reset();
  }

  /** Closes the port: who connects is refused. Connections that there are live on, unless they are dropped. */
  refuse(): void {
    this.#server?.close();
    this.#server = null;
  }

  /** Opens the same port again. */
  async accept(): Promise<void> {
    if (this.#server) return;
    // Half open, so that one end can say that it has finished while the other goes on.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#link(client));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#server && once(this.#server, 'close');
    this.refuse();
    this.dropAll();
    await closed;
  }

  #link(client: Socket): void {
    this.#accepted++;
    const { hostname: host, port } = this.#target;
    const server = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
    const reset = () => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    const link: Link = {
      down: new FaultFlow(server, client, this.#down, this.#random, reset),
      up: new FaultFlow(client, server, this.#up, this.#random, reset),
      reset,
    };
    this.#links.add(link);
    for (const socket of [client, server]) {
      // A reset is passed on; an end is passed on by its flow, behind what it holds back.
      socket.on('error', reset);
      socket.on('close', () => {
        if (client.destroyed && server.destroyed) this.#links.delete(link);
      });
    }
  }
}
