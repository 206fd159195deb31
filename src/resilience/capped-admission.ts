import { VivavoceError } from '../errors.ts';
import type { Admission } from './admission.ts';
import type { Overload } from './load-monitor.ts';
import { networkOf } from './network.ts';

/** Whoever is refused comes back at a moment of their own in between. */
const RETRY_AFTER_SECONDS = { min: 1, max: 5 };
/**
 * So many are let in however busy the process is. A turn takes about 15 ms of its processor, so few cannot be what keeps
 * it busy; and a household with a slow machine, or with a neighbour on it, is better served late than not at all.
 */
export const ALWAYS = { connections: 25, turns: 10 } as const;

export interface AdmissionCaps {
  readonly connections: number;
  readonly connectionsPerKey: number;
  /** Of addresses other than this machine's own: a proxy on it stands for everybody behind it. */
  readonly connectionsPerAddress: number;
  readonly turns: number;
  readonly turnsPerKey: number;
}

/** What is asked for, and why it is refused: words for a metric. */
export type AdmissionKind = 'connection' | 'turn';
export type RefusalReason = 'closing' | 'total' | 'key' | 'address' | Overload['signal'];

interface CappedAdmissionOptions {
  readonly caps: AdmissionCaps;
  /** What is too much now; null when nothing is. */
  readonly overload: () => Overload | null;
  /** Told of everybody who asks: null is let in. Must not throw. */
  readonly onAsked: (kind: AdmissionKind, refusal: RefusalReason | null) => void;
  /** At least 0, less than 1. */
  readonly random?: () => number;
}

/**
 * Hard caps, counted at the moment of asking, and the load, which is sampled and comes in addition. Whoever is in
 * stays in.
 */
export class CappedAdmission implements Admission {
  readonly #options: CappedAdmissionOptions;
  readonly #connections = new Places();
  readonly #connectionsOfKey = new Places();
  readonly #connectionsOfAddress = new Places();
  readonly #turns = new Places();
  readonly #turnsOfKey = new Places();
  #closing: string | null = null;

  constructor(options: CappedAdmissionOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#connections.count(ALL);
  }

  get turns(): number {
    return this.#turns.count(ALL);
  }

  /** Why nobody is let in any more; null while it is open. */
  get closing(): string | null {
    return this.#closing;
  }

  connection(key: string, address: string): Disposable {
    const { caps } = this.#options;
    const network = networkOf(address);
    return this.#admit('connection', this.connections < ALWAYS.connections, [
      [this.#connections, ALL, caps.connections, 'total', 'connections are open'],
      [this.#connectionsOfKey, key, caps.connectionsPerKey, 'key', 'connections of this key are open'],
      network === null
        ? null
        : [
            this.#connectionsOfAddress,
            network,
            caps.connectionsPerAddress,
            'address',
            'connections from this address are open',
          ],
    ]);
  }

  turn(key: string): Disposable {
    const { caps } = this.#options;
    return this.#admit('turn', this.turns < ALWAYS.turns, [
      [this.#turns, ALL, caps.turns, 'total', 'answers are being made'],
      [this.#turnsOfKey, key, caps.turnsPerKey, 'key', 'answers for this key are being made'],
    ]);
  }

  /**
   * Refuses everything that is new from now on.
   *
   * @param reason a sentence: `The server is shutting down.`
   */
  close(reason: string): void {
    this.#closing ??= reason;
  }

  #admit(kind: AdmissionKind, isFree: boolean, rules: readonly (Rule | null)[]): Disposable {
    if (this.#closing !== null) throw this.#refusal(kind, 'closing', this.#closing);
    const held = rules.filter((rule) => rule !== null);
    for (const [places, who, cap, reason, text] of held) {
      if (places.count(who) >= cap) throw this.#refusal(kind, reason, `${cap} ${text}, and no more may be.`);
    }
    const overload = isFree ? null : this.#options.overload();
    if (overload !== null) {
      throw this.#refusal(kind, overload.signal, `The server has too much to do: ${overload.text}.`);
    }
    const taken = new DisposableStack();
    for (const [places, who] of held) taken.use(places.take(who));
    this.#options.onAsked(kind, null);
    return taken;
  }

  #refusal(kind: AdmissionKind, reason: RefusalReason, message: string): VivavoceError {
    const { random = Math.random, onAsked } = this.#options;
    onAsked(kind, reason);
    const { min, max } = RETRY_AFTER_SECONDS;
    const retryAfterSeconds = min + Math.floor(random() * (max - min + 1));
    return new VivavoceError('overloaded', `${message} Try again in ${retryAfterSeconds} s.`, {
      retryAfterSeconds,
    });
  }
}

/** Whose places of what are counted, how many there may be, and what it is called when there are as many. */
type Rule = readonly [places: Places, who: string, cap: number, reason: RefusalReason, text: string];

const ALL = '';

/** How many places each one holds; who holds none is forgotten. */
class Places {
  readonly #held = new Map<string, number>();

  count(who: string): number {
    return this.#held.get(who) ?? 0;
  }

  take(who: string): Disposable {
    this.#held.set(who, this.count(who) + 1);
    return { [Symbol.dispose]: () => this.#giveBack(who) };
  }

  #giveBack(who: string): void {
    const left = this.count(who) - 1;
    if (left > 0) this.#held.set(who, left);
    else this.#held.delete(who);
  }
}
