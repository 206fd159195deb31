import type { Owner } from '../../conversation/store.ts';
import { orAborted } from '../../resilience/abortable.ts';
import { cancelled } from '../../resilience/deadline.ts';
import type { EmbeddingSpace } from '../memory-store.ts';
import { Lanes } from './lanes.ts';
import type { MemoryCollections } from './memory-collections.ts';
import { OwnedPoints } from './owned-points.ts';
import { hasMoved, moveOwner, moveSome, type Place } from './owner-moves.ts';
import type { QdrantApi } from './qdrant-api.ts';
import { CollectionGone } from './qdrant-failure.ts';
import { PointOwner } from './stored-memory.ts';

const NEVER = new AbortController().signal;

/** Knows in which collection memories are, takes owners there who are still elsewhere, and lets nobody in each other's way. */
export class MemoryPlaces {
  readonly #api: QdrantApi;
  readonly #collections: MemoryCollections;
  readonly #lanes = new Lanes();
  #space: EmbeddingSpace | null = null;
  /** Null until it is asked for again, when the server has lost a collection. */
  #place: Promise<Place> | null = null;

  constructor(api: QdrantApi, collections: MemoryCollections) {
    this.#api = api;
    this.#collections = collections;
  }

  /** The space of the vectors of the collection in use; null: they are not looked at. */
  get space(): EmbeddingSpace | null {
    return this.#space;
  }

  async here(signal = NEVER): Promise<Place> {
    this.#place ??= this.#open(signal);
    const place = this.#place;
    try {
      return await place;
    } catch (error) {
      if (this.#place === place) this.#place = null;
      throw error;
    }
  }

  async use(space: EmbeddingSpace | null): Promise<void> {
    if (this.#space?.model !== space?.model || this.#space?.dimensions !== space?.dimensions)
      this.#space = null;
    if (!space) return;
    const own = { ...space };
    // Whoever is writing into a collection now must be done before anybody is taken out of it.
    await this.#lanes.alone(async () => {
      this.#place = Promise.resolve(await this.#take(own, NEVER));
      this.#space = own;
    });
  }

  async read<T>(owner: Owner, signal: AbortSignal, read: (points: OwnedPoints) => Promise<T>): Promise<T> {
    if (signal.aborted) throw cancelled('the memory', signal);
    const by = new PointOwner(owner);
    return await this.at(async (place) => {
      if (!hasMoved(place, by)) {
        const moving = this.#lanes.run(by.token, () => moveOwner(this.#api, place, by));
        await orAborted(moving, signal);
      }
      return await read(new OwnedPoints(this.#api, place.collection, by));
    });
  }

  /** Each owner's writes one after the other: they read what is there first. */
  async write<T>(owner: Owner, write: (points: OwnedPoints) => Promise<T>): Promise<T> {
    const by = new PointOwner(owner);
    return await this.#lanes.run(by.token, () =>
      this.at(async (place) => {
        if (!hasMoved(place, by)) await moveOwner(this.#api, place, by);
        return await write(new OwnedPoints(this.#api, place.collection, by));
      }),
    );
  }

  /** Everybody's memories; only for what is done to those of all. */
  async at<T>(work: (place: Place) => Promise<T>): Promise<T> {
    const here = this.here();
    const place = this.#place;
    try {
      return await work(await here);
    } catch (error) {
      if (error instanceof CollectionGone && this.#place === place) this.#place = null;
      throw error;
    }
  }

  /** Takes some of those along who are still elsewhere. */
  async moveSome(place: Place): Promise<void> {
    await moveSome(this.#api, place, (by, work) => this.#lanes.run(by.token, work));
  }

  async #open(signal: AbortSignal): Promise<Place> {
    if (this.#space) return await this.#take(this.#space, signal);
    const { current, others } = await this.#collections.open(signal);
    return { collection: current, sources: new Set(others), moved: new Set() };
  }

  async #take(space: EmbeddingSpace, signal: AbortSignal): Promise<Place> {
    const others = await this.#collections.use(space, signal);
    return { collection: this.#collections.nameOf(space), sources: new Set(others), moved: new Set() };
  }
}
