type Due<Event> = Event | (() => Event);

/** What waits to be sent. */
interface Entry<Event> {
  /** Null: nothing to send; `onSent` tells that everything before has left. A function is asked when its turn comes. */
  readonly event: Due<Event> | Promise<Due<Event>> | null;
  /** The stream that it belongs to, when it may be dropped with it. */
  readonly stream: string | null;
  readonly onSent: (() => void) | null;
  /** Called instead when nobody is there to take it. */
  readonly onLost: (() => void) | null;
}

interface SendOptions {
  /** Sent only when this has resolved: the write that makes the event true. */
  readonly after?: Promise<unknown>;
  readonly stream?: string;
  readonly onSent?: () => void;
  readonly onLost?: () => void;
}

/**
 * Sends events in order, each when the write that it acknowledges is durable.
 *
 * An event that waits for the disk holds back what comes behind it, so the order on the wire is the order of `send`
 * and nothing else has to wait for a write: the model is asked while the user's words are being stored. An event whose
 * write failed is replaced by what `onFailure` makes of the error.
 */
export class Outbox<Event extends object> {
  readonly #deliver: (event: Event) => unknown;
  readonly #onFailure: (error: unknown) => Event;
  #queue: Entry<Event>[] = [];
  #isDraining = false;
  #drained: Promise<void> = Promise.resolve();

  /** @param deliver answers false when there is nobody to hand the event to any more: then it was not sent */
  constructor(deliver: (event: Event) => unknown, onFailure: (error: unknown) => Event) {
    this.#deliver = deliver;
    this.#onFailure = onFailure;
  }

  /**
   * An event may be a promise when what it says has to be looked up first, and a function when it tells of those before
   * it; it keeps its place.
   */
  send(
    event: Event | Promise<Event> | (() => Event),
    { after, stream, onSent, onLost }: SendOptions = {},
  ): void {
    if (!this.#isDraining && !after && !(event instanceof Promise)) {
      const hasLeft = this.#deliver(typeof event === 'function' ? event() : event) !== false;
      (hasLeft ? onSent : onLost)?.();
      return;
    }
    const ready = after ? after.then(() => event) : event;
    // A failure is told when its turn comes, and not at all when the event is discarded before that.
    if (ready instanceof Promise) ready.catch(() => undefined);
    this.#queue.push({
      event: ready,
      stream: stream ?? null,
      onSent: onSent ?? null,
      onLost: onLost ?? null,
    });
    if (!this.#isDraining) this.#drained = this.#drain();
  }

  /** Sends at once, in front of what waits: for what acknowledges no write and cannot wait for one. */
  sendNow(event: Event): void {
    this.#deliver(event);
  }

  /** Calls `run` when everything that was sent before has left; not at all when `stream` is discarded before. */
  afterAll(stream: string, run: () => void): void {
    if (this.#isDraining) this.#queue.push({ event: null, stream, onSent: run, onLost: null });
    else run();
  }

  /** Drops what has not left yet of a stream: after an interruption not one more piece of it may go out. */
  discard(stream: string): void {
    this.#queue = this.#queue.filter((entry) => entry.stream !== stream);
  }

  /** Resolves when nothing waits to be sent. */
  async idle(): Promise<void> {
    await this.#drained;
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    for (let entry = this.#queue[0]; entry; entry = this.#queue[0]) {
      let { event } = entry;
      let isTrue = true;
      if (event instanceof Promise) {
        event = await event.catch((error) => {
          isTrue = false;
          return this.#onFailure(error);
        });
        // It may have been discarded meanwhile.
        if (this.#queue[0] !== entry) continue;
      }
      this.#queue.shift();
      const hasLeft =
        event === null || this.#deliver(typeof event === 'function' ? event() : event) !== false;
      if (isTrue) (hasLeft ? entry.onSent : entry.onLost)?.();
    }
    this.#isDraining = false;
  }
}
