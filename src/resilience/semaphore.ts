import { VivavoceError } from '../errors.ts';

export interface SemaphoreOptions {
  /** Shown in errors. */
  readonly name: string;
  /** How many may be inside at once. */
  readonly limit: number;
  /** How many may wait; more are turned away at once. */
  readonly maxWaiting: number;
}

/** A place inside. Giving it back twice is harmless. */
export interface Slot {
  release(): void;
}

/** Lets a bounded number in, in the order in which they came. */
export class Semaphore {
  readonly #name: string;
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor({ name, limit, maxWaiting }: SemaphoreOptions) {
    this.#name = name;
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when there is a place. Rejects with `engine_unavailable` when too many wait already, and with
   * `cancelled` when `signal` is aborted first.
   */
  acquire(signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(this.#cancelled(signal));
    if (this.#inside < this.#limit) return Promise.resolve(this.#enter());
    if (this.#waiting.size >= this.#maxWaiting) {
      const message = `${this.#name} is busy: ${this.#inside} calls run and ${this.#waiting.size} wait. Try again in a moment.`;
      return Promise.reject(new VivavoceError('engine_unavailable', message));
    }
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal.removeEventListener('abort', leave);
        resolve(this.#enter());
      };
      const leave = () => {
        this.#waiting.delete(admit);
        reject(this.#cancelled(signal));
      };
      this.#waiting.add(admit);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #enter(): Slot {
    this.#inside++;
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#inside--;
        this.#admitNext();
      },
    };
  }

  #admitNext(): void {
    const [admit] = this.#waiting;
    if (!admit) return;
    this.#waiting.delete(admit);
    admit();
  }

  #cancelled(signal: AbortSignal): VivavoceError {
    return new VivavoceError('cancelled', `the wait for ${this.#name} was cancelled`, {
      cause: signal.reason,
    });
  }
}
