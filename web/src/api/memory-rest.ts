import type {
  CreateMemoryRequest,
  RestFoundMemory,
  RestFoundMemoryList,
  RestMemory,
  RestMemoryErasure,
  RestMemoryList,
  RestMemoryProfile,
  UpdateMemoryRequest,
} from '../../../src/protocol/rest-memories.ts';
import type { RestClient } from './rest-client.ts';

/** What is remembered of the person, by REST. Errors: RestError, ServerUnreachable, AbortError. */
export class MemoryRest {
  readonly #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** Newest first, with what no longer holds. */
  async list(after: string | null, limit: number): Promise<RestMemoryList> {
    const cursor = after === null ? '' : `&after=${encodeURIComponent(after)}`;
    const response = await this.#rest.fetch(`/v1/memories?history=true&limit=${limit}${cursor}`);
    return (await response.json()) as RestMemoryList;
  }

  async profile(): Promise<readonly RestMemory[]> {
    const response = await this.#rest.fetch('/v1/memories/profile');
    return ((await response.json()) as RestMemoryProfile).data;
  }

  async search(query: string, signal: AbortSignal): Promise<readonly RestFoundMemory[]> {
    const path = `/v1/memories/search?limit=30&q=${encodeURIComponent(query)}`;
    const response = await this.#rest.fetch(path, { signal });
    return ((await response.json()) as RestFoundMemoryList).data;
  }

  /** The one that was there already when that says the same. */
  async add(body: CreateMemoryRequest): Promise<RestMemory> {
    const response = await this.#rest.fetch('/v1/memories', { method: 'POST', body });
    return (await response.json()) as RestMemory;
  }

  async correct(id: string, body: UpdateMemoryRequest): Promise<RestMemory> {
    const response = await this.#rest.fetch(pathOf(id), { method: 'PATCH', body });
    return (await response.json()) as RestMemory;
  }

  async delete(id: string): Promise<void> {
    await this.#rest.fetch(pathOf(id), { method: 'DELETE' });
  }

  /** One memory on each line, as JSON. */
  async export(): Promise<Blob> {
    const response = await this.#rest.fetch('/v1/memories/export');
    return await response.blob();
  }

  /** All memories and all conversations. It goes on when this has answered. */
  async eraseEverything(): Promise<RestMemoryErasure> {
    const response = await this.#rest.fetch('/v1/memories?confirm=everything', { method: 'DELETE' });
    return (await response.json()) as RestMemoryErasure;
  }

  async erasure(id: string): Promise<RestMemoryErasure> {
    const response = await this.#rest.fetch(`/v1/memories/erasures/${encodeURIComponent(id)}`);
    return (await response.json()) as RestMemoryErasure;
  }
}

function pathOf(id: string): string {
  return `/v1/memories/${encodeURIComponent(id)}`;
}
