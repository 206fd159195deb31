import type { ClientEvent } from '../../src/protocol/client-events.ts';
import type { SocketLike, Target } from '../../web/src/realtime/target.ts';

type Listener = (event: { data: unknown } & { code: number; reason: string }) => void;

/** A connection of the page whose other end is the test. */
export class FakeSocket implements SocketLike {
  bufferedAmount = 0;
  readonly url: URL;
  readonly protocols: readonly string[];
  readonly sent: ClientEvent[] = [];
  /** The code that the page closed it with; null while it has not, undefined: without one. */
  closedWith: number | null | undefined = null;
  readonly #listeners = new Map<string, Listener[]>();

  constructor({ url, protocols }: Target) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.closedWith ??= code;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  /** The server says something. */
  says(...events: readonly object[]): void {
    for (const event of events) this.#tell('message', { data: JSON.stringify(event) });
  }

  /** The connection ends from the other side; 1006: without a word. */
  ends(code = 1006, reason = ''): void {
    this.#tell('close', { code, reason });
  }

  #tell(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as Parameters<Listener>[0]);
  }
}
