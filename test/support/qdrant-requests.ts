import { expect } from 'vitest';
import { QdrantServer } from './qdrant-server.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of a server, read as they come.
export type Json = any;

export const CONFIG = {
  vectors: { dense: { size: 2, distance: 'Cosine' } },
  sparse_vectors: { bm25: { modifier: 'idf' } },
  hnsw_config: { m: 0, payload_m: 16 },
};
export const POINTS = '/collections/c/points';
export const ALICE = { must: [{ key: 'user_id', match: { value: 'alice' } }] };

/** Asks a stand-in over plain HTTP. */
export class Client implements AsyncDisposable {
  readonly server: QdrantServer;

  constructor(server: QdrantServer) {
    this.server = server;
  }

  async send(method: string, path: string, body?: Json, headers: Record<string, string> = {}) {
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : (text as Json),
    };
  }

  /** The result of what succeeds. */
  async result(method: string, path: string, body?: Json): Promise<Json> {
    const answer = await this.send(method, path, body);
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
    expect(answer.body).toMatchObject({ status: 'ok', time: expect.any(Number) });
    return answer.body.result;
  }

  async error(method: string, path: string, body?: Json): Promise<[number, string]> {
    const answer = await this.send(method, path, body);
    expect(answer.body).toEqual({ status: { error: expect.any(String) }, time: expect.any(Number) });
    return [answer.status, answer.body.status.error];
  }

  query(body: Json): Promise<Json> {
    return this.result('POST', `${POINTS}/query`, body);
  }

  async scores(body: Json): Promise<[Json, number][]> {
    const { points } = await this.query({ limit: 10, ...body });
    return points.map(({ id, score }: Json) => [id, Math.round(score * 1e4) / 1e4]);
  }

  async [Symbol.asyncDispose]() {
    await this.server[Symbol.asyncDispose]();
  }
}

/** A server with a collection `c` of four points, not strict. */
export async function filled(config: Json = {}): Promise<Client> {
  const client = new Client(await new QdrantServer().start());
  await client.result('PUT', '/collections/c', { ...CONFIG, ...config });
  const tenant = { field_name: 'user_id', field_schema: { type: 'keyword', is_tenant: true } };
  await client.result('PUT', '/collections/c/index?wait=true', tenant);
  const point = (id: number, dense: number[] | null, indices: number[], payload: Json) => ({
    id,
    vector: { ...(dense && { dense }), bm25: { indices, values: indices.map(() => 1) } },
    payload: { user_id: 'alice', ...payload },
  });
  await client.result('PUT', `${POINTS}?wait=true`, {
    points: [
      point(1, [1, 0], [1, 2], { n: 1, tags: ['a', 'b'] }),
      point(2, [3, 4], [1], { n: 2, tags: [] }),
      point(3, [0, 1], [3], { n: 2, none: null }),
      point(4, null, [1, 3], { n: 4, user_id: 'bob', is: true }),
    ],
  });
  return client;
}

export async function idsOf(client: Client, filter: Json): Promise<number[]> {
  const { points } = await client.result('POST', `${POINTS}/scroll`, { filter });
  return points.map(({ id }: Json) => id);
}
