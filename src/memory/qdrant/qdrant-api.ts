import { QdrantClient, type Schemas } from '@qdrant/js-client-rest';
import type { Clock } from '../../clock.ts';
import { VivavoceError } from '../../errors.ts';
import { withDeadline } from '../../resilience/deadline.ts';
import { isCut, statusOf, toQdrantFailure } from './qdrant-failure.ts';

export interface QdrantAddress {
  /** With a path when it stands behind a proxy. Without a port it is 6333, as everywhere with Qdrant. */
  readonly url: string;
  readonly apiKey: string | null;
  readonly clock: Clock;
}

export type Operation = Schemas['UpdateOperation'];
export type Point = Schemas['PointStruct'];
export type ReadPoint = Schemas['Record'];
export type Search = Schemas['QueryRequest'];
export type FoundPoint = Schemas['ScoredPoint'];
type Scroll = Schemas['ScrollRequest'];
type Init = Pick<RequestInit, 'signal'>;
type Answer<T> = Promise<{ readonly data: { readonly result?: T } }>;

/** What nobody else gives up is given up here, so that nothing waits for ever for a server that has stopped. */
const READ_MS = 10_000;
const WRITE_MS = 30_000;
/** The most that strict mode lets one read. */
export const PAGE = 200;
/** A single search in a batch must not wait for very many others. */
const SEARCHES_AT_ONCE = 16;

const NEVER = new AbortController().signal;

/**
 * The requests that the memory makes of Qdrant, over kept connections, with every failure as a `VivavoceError`.
 *
 * A request whose connection was cut is made once more: an idle connection may be closed by the server just then, and
 * each request here does the same when it is made twice.
 */
export class QdrantApi implements Disposable {
  readonly url: string;
  readonly #clock: Clock;
  readonly #api: ReturnType<QdrantClient['api']>;
  readonly #running = new Set<AbortController>();
  #isClosed = false;

  constructor({ url, apiKey, clock }: QdrantAddress) {
    this.url = url;
    this.#clock = clock;
    const { origin, pathname, protocol } = new URL(url);
    // `URL` hides the usual port of a protocol, and the client takes 6333 for one that it does not see.
    const port = /^https?:\/\/[^/?#]*:(\d+)/i.exec(url)?.[1];
    this.#api = new QdrantClient({
      url: origin,
      ...(pathname !== '/' && { prefix: pathname.replace(/\/+$/, '') }),
      ...(port !== undefined && { port: Number(port) }),
      // Not as `apiKey`: on plain http the client writes a warning to the console.
      ...(apiKey !== null && { headers: { 'api-key': apiKey } }),
      ...{ https: protocol === 'https:', checkCompatibility: false },
      // Any other one takes the place of the signal of a call.
      timeout: Number.POSITIVE_INFINITY,
    }).api();
  }

  async version(signal: AbortSignal): Promise<string> {
    const answer = await this.#call(READ_MS, signal, async (init) => {
      const { data } = await this.#api.root({}, init);
      return { data: { result: data } };
    });
    return answer.version ?? '';
  }

  async collections(signal: AbortSignal): Promise<readonly string[]> {
    const { collections } = await this.#call(READ_MS, signal, (init) => this.#api.getCollections({}, init));
    return collections.map(({ name }) => name);
  }

  /** Null when there is no such collection. */
  async collection(name: string, signal: AbortSignal): Promise<Schemas['CollectionInfo'] | null> {
    return await this.#call(READ_MS, signal, async (init) => {
      try {
        return await this.#api.getCollection({ collection_name: name }, init);
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        return { data: { result: null } };
      }
    });
  }

  async createCollection(
    name: string,
    config: Schemas['CreateCollection'],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call(WRITE_MS, signal, async (init) => {
      try {
        return await this.#api.createCollection({ collection_name: name, ...config }, init);
      } catch (error) {
        // Somebody else was faster, or it is our own second attempt.
        if (statusOf(error) !== 409) throw error;
        return { data: { result: true } };
      }
    });
  }

  async configure(name: string, config: Schemas['UpdateCollection'], signal: AbortSignal): Promise<void> {
    await this.#call(WRITE_MS, signal, (init) =>
      this.#api.updateCollection({ collection_name: name, ...config }, init),
    );
  }

  async index(
    name: string,
    field: string,
    schema: Schemas['PayloadFieldSchema'],
    signal: AbortSignal,
  ): Promise<void> {
    const index = { collection_name: name, wait: true, field_name: field, field_schema: schema };
    await this.#call(WRITE_MS, signal, (init) => this.#api.createFieldIndex(index, init));
  }

  async deleteCollection(name: string): Promise<void> {
    await this.#call(WRITE_MS, NEVER, (init) => this.#api.deleteCollection({ collection_name: name }, init));
  }

  /** The collection behind an alias; null when there is none. */
  async aliased(alias: string, signal: AbortSignal): Promise<string | null> {
    const { aliases } = await this.#call(READ_MS, signal, (init) =>
      this.#api.getCollectionsAliases({}, init),
    );
    return aliases.find(({ alias_name }) => alias_name === alias)?.collection_name ?? null;
  }

  /** Points the alias at this collection, in place of another one. */
  async setAlias(alias: string, collection: string, signal: AbortSignal): Promise<void> {
    const actions = [{ create_alias: { alias_name: alias, collection_name: collection } }];
    await this.#call(WRITE_MS, signal, (init) => this.#api.updateAliases({ actions }, init));
  }

  async scroll(
    collection: string,
    scroll: Scroll,
    signal: AbortSignal = NEVER,
  ): Promise<Schemas['ScrollResult']> {
    return await this.#call(READ_MS, signal, (init) =>
      this.#api.scrollPoints({ collection_name: collection, ...scroll }, init),
    );
  }

  /** All that match, a page at a time. */
  async *pages(
    collection: string,
    scroll: Scroll,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly ReadPoint[]> {
    for (let from: Scroll = scroll; ; ) {
      const { points, next_page_offset: offset } = await this.scroll(collection, from, signal);
      yield points;
      if (offset === null || offset === undefined) return;
      from = { ...scroll, offset };
    }
  }

  /** Several searches in one request. */
  async search(
    collection: string,
    searches: readonly Search[],
    signal: AbortSignal,
  ): Promise<readonly (readonly FoundPoint[])[]> {
    const [first, ...more] = searches;
    if (!first) return [];
    const path = { collection_name: collection };
    if (more.length === 0) {
      const { points } = await this.#call(READ_MS, signal, (init) =>
        this.#api.queryPoints({ ...path, ...first }, init),
      );
      return [points];
    }
    const slices = Array.from({ length: Math.ceil(searches.length / SEARCHES_AT_ONCE) }, (_, index) =>
      searches.slice(index * SEARCHES_AT_ONCE, (index + 1) * SEARCHES_AT_ONCE),
    );
    const answers = await Promise.all(
      slices.map((slice) =>
        this.#call(READ_MS, signal, (init) =>
          this.#api.queryBatchPoints({ ...path, searches: [...slice] }, init),
        ),
      ),
    );
    return answers.flat().map(({ points }) => points);
  }

  /** Does these in order, each of them whole or not at all, and returns when every read sees them. */
  async write(collection: string, operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    const batch = { collection_name: collection, wait: true, operations: [...operations] };
    const results = await this.#call(WRITE_MS, NEVER, (init) => this.#api.batchUpdate(batch, init));
    if (results.every(({ status }) => status === 'completed')) return;
    throw new VivavoceError(
      'engine_timeout',
      `Qdrant at ${this.url} took a change and did not finish it in time`,
    );
  }

  /** Gives up what is under way. Idle connections close by themselves and keep no process alive. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const controller of this.#running) controller.abort();
  }

  #call<T>(deadlineMs: number, signal: AbortSignal, request: (init: Init) => Answer<T>): Promise<T> {
    const options = { clock: this.#clock, deadlineMs, name: `Qdrant at ${this.url}` };
    return withDeadline(options, (own) => this.#attempt(own, request), signal);
  }

  async #attempt<T>(signal: AbortSignal, request: (init: Init) => Answer<T>): Promise<T> {
    if (this.#isClosed) throw new VivavoceError('engine_unavailable', 'the memory is closed');
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#running.add(controller);
    const init = { signal: controller.signal };
    try {
      const { data } = await request(init).catch((error) => {
        if (controller.signal.aborted || !isCut(error)) throw error;
        return request(init);
      });
      if (data?.result !== undefined) return data.result;
      throw new SyntaxError('there is no result in the answer');
    } catch (error) {
      if (this.#isClosed)
        throw new VivavoceError('engine_unavailable', 'the memory was closed', { cause: error });
      throw toQdrantFailure(error, this.url);
    } finally {
      this.#running.delete(controller);
      signal.removeEventListener('abort', onAbort);
    }
  }
}
