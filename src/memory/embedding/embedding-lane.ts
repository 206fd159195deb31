/** A text that is to be embedded, once for all who wait for it. */
export interface WantedText {
  readonly text: string;
  readonly vector: PromiseWithResolvers<Float32Array>;
  waiters: number;
  /** Null until it is sent. */
  call: LaneCall | null;
}

export interface LaneCall {
  readonly wanted: readonly WantedText[];
  readonly controller: AbortController;
}

/** The texts of one purpose: those that wait for a call, in their order, and those that are in one. */
export class EmbeddingLane {
  /** Sends what has gathered; null when nothing has been asked for since. */
  timer: Disposable | null = null;
  /** The time to gather is over: what waits goes as soon as it may. */
  isOpen = false;
  readonly #waiting = new Set<WantedText>();
  /** Waiting or sent, by what they say. */
  readonly #known = new Map<string, WantedText>();
  #running = 0;

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Calls that have not ended. */
  get running(): number {
    return this.#running;
  }

  want(text: string): WantedText {
    let wanted = this.#known.get(text);
    if (!wanted) {
      wanted = { text, vector: Promise.withResolvers(), waiters: 0, call: null };
      // All who waited for it may be gone when it fails.
      wanted.vector.promise.catch(() => {});
      this.#known.set(text, wanted);
      this.#waiting.add(wanted);
    }
    wanted.waiters++;
    return wanted;
  }

  /** Somebody waits for it no longer. What nobody waits for is not sent, or its call ends when that holds for all of it. */
  letGo(wanted: WantedText): void {
    if (--wanted.waiters > 0) return;
    const { call } = wanted;
    if (call === null) {
      this.#waiting.delete(wanted);
      this.#forget(wanted);
      this.#close();
    } else if (call.wanted.every(({ waiters }) => waiters === 0)) {
      // Whoever wants one of them now must not get the failure of this call.
      for (const each of call.wanted) this.#forget(each);
      call.controller.abort();
    }
  }

  /** The next texts, at most `limit`, as a call that runs until `done`; null when none waits. */
  take(limit: number): LaneCall | null {
    const wanted = [...this.#waiting.values().take(limit)];
    const call: LaneCall = { wanted, controller: new AbortController() };
    for (const each of wanted) {
      this.#waiting.delete(each);
      each.call = call;
    }
    this.#close();
    if (wanted.length === 0) return null;
    this.#running++;
    return call;
  }

  done({ wanted }: LaneCall): void {
    this.#running--;
    for (const each of wanted) this.#forget(each);
  }

  #forget(wanted: WantedText): void {
    if (this.#known.get(wanted.text) === wanted) this.#known.delete(wanted.text);
  }

  /** When nothing waits any more, what comes next gathers anew. */
  #close(): void {
    if (this.#waiting.size > 0) return;
    this.isOpen = false;
    this.timer?.[Symbol.dispose]();
    this.timer = null;
  }
}
