import type { Socket } from 'node:net';

/** What goes wrong with the bytes in one direction of a connection; bytes are counted from when it was set. */
export interface Faults {
  /** Every byte arrives so much later; the order stays. */
  readonly latencyMs?: number;
  /** And up to so much more. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /** They arrive in writes of at most so many. */
  readonly sliceBytes?: number;
  /** After so many nothing moves any more, and nobody hangs up. */
  readonly stallAfterBytes?: number;
  /** After so many both ends get a reset. */
  readonly resetAfterBytes?: number;
  /** After so many it ends, as if that were all. */
  readonly truncateAfterBytes?: number;
  /** A write of `sliceBytes` is a reset instead, with this probability. */
  readonly resetChance?: number;
}

/** How far ahead of the reader the writer may be, as in a kernel. */
const BUFFER_BYTES = 256 * 1024;
const TICKS_PER_SECOND = 50;

/** One direction of a connection: what `from` sends, `to` gets, as the faults allow. */
export class FaultFlow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #random: () => number;
  readonly #reset: () => void;
  #faults: Faults;
  #passedBytes = 0;
  #pendingBytes = 0;
  #moving: Promise<void> = Promise.resolve();
  #wake = Promise.withResolvers<void>();

  /** @param reset what a reset does: to both directions */
  constructor(from: Socket, to: Socket, faults: Faults, random: () => number, reset: () => void) {
    this.#from = from;
    this.#to = to;
    this.#faults = faults;
    this.#random = random;
    this.#reset = reset;
    from.on('data', (bytes) => this.#receive(bytes));
    from.on('end', () => {
      this.#moving = this.#moving.then(() => void to.end());
    });
    to.on('close', () => this.#wake.resolve());
  }

  /** From now on, also for what is held back. */
  set(faults: Faults): void {
    this.#faults = faults;
    this.#passedBytes = 0;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #receive(bytes: Buffer): void {
    const atMs = performance.now();
    const lateness = this.#faults.jitterMs ? this.#random() : 0;
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > BUFFER_BYTES) this.#from.pause();
    this.#moving = this.#moving.then(async () => {
      const dueMs = () => atMs + (this.#faults.latencyMs ?? 0) + (this.#faults.jitterMs ?? 0) * lateness;
      while (!this.#to.destroyed && dueMs() > performance.now())
        await this.#wait(dueMs() - performance.now());
      await this.#pass(bytes);
      this.#pendingBytes -= bytes.length;
      if (this.#pendingBytes <= BUFFER_BYTES) this.#from.resume();
    });
  }

  async #pass(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0 && this.#to.writable) {
      const { stallAfterBytes, resetAfterBytes, truncateAfterBytes } = this.#faults;
      const left = (limit = Number.POSITIVE_INFINITY) => limit - this.#passedBytes;
      if (left(resetAfterBytes) <= 0 || this.#isStruck()) return this.#reset();
      if (left(truncateAfterBytes) <= 0) {
        this.#to.end();
        this.#from.destroy();
        return;
      }
      if (left(stallAfterBytes) <= 0) {
        await this.#wait(null);
        continue;
      }
      const { bytesPerSecond, sliceBytes = Number.POSITIVE_INFINITY } = this.#faults;
      const atOnce = bytesPerSecond ? Math.ceil(bytesPerSecond / TICKS_PER_SECOND) : Number.POSITIVE_INFINITY;
      const allowed = Math.min(left(stallAfterBytes), left(resetAfterBytes), left(truncateAfterBytes));
      const slice = rest.subarray(0, Math.min(atOnce, sliceBytes, allowed));
      rest = rest.subarray(slice.length);
      this.#passedBytes += slice.length;
      // Waits until the kernel has it: a reset must not take back what has passed.
      await new Promise<void>((resolve) => this.#to.write(slice, () => resolve()));
      if (bytesPerSecond) await this.#wait((slice.length * 1000) / bytesPerSecond);
    }
  }

  /** Draws only where there is a chance: the same seed strikes at the same write. */
  #isStruck(): boolean {
    const { resetChance } = this.#faults;
    return resetChance !== undefined && this.#random() < resetChance;
  }

  /** Until then, or until the faults are others, or the connection is gone; null: no other end. */
  async #wait(ms: number | null): Promise<void> {
    if (ms === null) return await this.#wake.promise;
    const passed = Promise.withResolvers<void>();
    const timer = setTimeout(passed.resolve, ms);
    await Promise.race([passed.promise, this.#wake.promise]);
    clearTimeout(timer);
  }
}
