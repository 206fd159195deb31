import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toApiKey } from '../../src/api-keys.ts';
import { randomIds, systemClock } from '../../src/clock.ts';
import type { Erasure } from '../../src/conversation/erasure-log.ts';
import type { Owner } from '../../src/conversation/store.ts';
import { MemoryKeeper } from '../../src/memory/memory-keeper.ts';
import { MemoryStatistics } from '../../src/memory/memory-statistics.ts';
import type { MemoryStore } from '../../src/memory/memory-store.ts';
import { Auth } from '../../src/server/auth.ts';
import { createExpressApp } from '../../src/server/http.ts';
import { memoryRoutes } from '../../src/server/routes/memories.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryInArrays } from './memory-in-arrays.ts';

const NO_COUNTS = { hits: 0, misses: 0, shared: 0, failures: 0, entries: 0, bytes: 0 };

/** Erasures that end when the test says so. */
class ErasingByHand {
  readonly #erasures: Erasure[] = [];
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async request(owner: Owner): Promise<Erasure> {
    const underWay = this.#erasures.find((erasure) => isOf(owner, erasure) && erasure.completedAtMs === null);
    if (underWay) return underWay;
    const id = randomIds.next('erasure');
    const erasure = { id, owner, requestedAtMs: this.#clock.nowMs(), completedAtMs: null };
    this.#erasures.push(erasure);
    return erasure;
  }

  async find(owner: Owner, id: string): Promise<Erasure | null> {
    return this.#erasures.find((erasure) => isOf(owner, erasure) && erasure.id === id) ?? null;
  }

  complete(id: string): void {
    const index = this.#erasures.findIndex((erasure) => erasure.id === id);
    const erasure = this.#erasures[index];
    if (erasure) this.#erasures[index] = { ...erasure, completedAtMs: this.#clock.nowMs() };
  }
}

function isOf(owner: Owner, erasure: Erasure): boolean {
  return erasure.owner.key === owner.key && erasure.owner.user === owner.user;
}

/** The server with a memory in arrays, and nothing else. */
export class MemoriesApp implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly erasing = new ErasingByHand(this.clock);
  readonly keeper: MemoryKeeper;
  readonly #server: Server;

  private constructor(keys: Readonly<Record<string, string>>, store: MemoryStore) {
    this.keeper = new MemoryKeeper({
      store,
      vectors: { embedQuery: async () => null },
      clock: this.clock,
      ids: randomIds,
      onChanged: () => undefined,
    });
    const auth = new Auth(
      Object.entries(keys).map(([name, key]) => toApiKey(name, key)),
      systemClock,
    );
    const app = createExpressApp({
      auth,
      origins: { allowedOrigins: [], isOpen: auth.isOpen },
      ids: randomIds,
      log: createLogger('silent'),
      operating: [],
      uploads: [],
      api: [
        memoryRoutes({
          ...{ keeper: this.keeper, erasing: this.erasing },
          statistics: new MemoryStatistics({ recall: () => NO_COUNTS, replies: () => null }),
        }),
      ],
    });
    this.#server = createServer(app).listen(0, '127.0.0.1');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param keys secrets by name; empty: nobody needs one */
  static async start(
    keys: Readonly<Record<string, string>> = {},
    store: MemoryStore = new MemoryInArrays(),
  ): Promise<MemoriesApp> {
    const app = new MemoriesApp(keys, store);
    if (!app.#server.listening) await once(app.#server, 'listening');
    return app;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
