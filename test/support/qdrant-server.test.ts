import { describe, expect, test } from 'vitest';
import { ALICE, Client, CONFIG, filled, idsOf, type Json, POINTS } from './qdrant-requests.ts';
import { BUSY, NOT_READY, QdrantServer } from './qdrant-server.ts';

const STRICT = {
  enabled: true,
  unindexed_filtering_retrieve: false,
  unindexed_filtering_update: false,
  search_allow_exact: false,
  max_query_limit: 20,
};
describe('a collection', () => {
  test('is made, described, listed and removed', async () => {
    await using client = await filled();
    expect(await client.error('PUT', '/collections/c', CONFIG)).toEqual([
      409,
      'Wrong input: Collection `c` already exists!',
    ]);
    const info = await client.result('GET', '/collections/c');
    expect(info).toMatchObject({ status: 'green', points_count: 4 });
    expect(info.config.params.vectors).toEqual(CONFIG.vectors);
    expect(info.payload_schema.user_id).toEqual({
      data_type: 'keyword',
      params: { type: 'keyword', is_tenant: true },
      points: 4,
    });
    expect(await client.result('GET', '/collections')).toEqual({ collections: [{ name: 'c' }] });
    expect(await client.result('GET', '/collections/c/exists')).toEqual({ exists: true });
    expect(await client.result('DELETE', '/collections/c')).toBe(true);
    expect(await client.result('DELETE', '/collections/c')).toBe(false);
    for (const path of ['/collections/c', `${POINTS}/scroll`])
      expect(await client.error(path.endsWith('scroll') ? 'POST' : 'GET', path, undefined)).toEqual([
        404,
        "Not found: Collection `c` doesn't exist!",
      ]);
  });

  test('has other names, which move at once', async () => {
    await using client = await filled();
    await client.result('PUT', '/collections/d', CONFIG);
    const point = (to: string) =>
      client.result('POST', '/collections/aliases', {
        actions: [{ create_alias: { alias_name: 'now', collection_name: to } }],
      });
    await point('c');
    expect((await client.result('POST', '/collections/now/points/scroll', {})).points).toHaveLength(4);
    await point('d');
    expect((await client.result('GET', '/aliases')).aliases).toEqual([
      { alias_name: 'now', collection_name: 'd' },
    ]);
    expect((await client.result('POST', '/collections/now/points/scroll', {})).points).toEqual([]);
    await client.result('DELETE', '/collections/d');
    expect((await client.result('GET', '/aliases')).aliases).toEqual([]);
  });
});

describe('a request that is wrong', () => {
  const upsert = (point: Json) =>
    ['PUT', `${POINTS}?wait=true`, { points: [{ id: 1, payload: {}, ...point }] }] as const;
  const scroll = (filter: Json) => ['POST', `${POINTS}/scroll`, { filter }] as const;

  test.each<[string, readonly [string, string, Json], number, string]>([
    [
      'vectors of another length',
      upsert({ vector: { dense: [1, 2, 3, 4] } }),
      400,
      'Wrong input: Vector dimension error: expected dim: 2, got 4',
    ],
    [
      'a query of another length',
      ['POST', `${POINTS}/query`, { query: [1], using: 'dense' }],
      400,
      'Wrong input: Vector dimension error: expected dim: 2, got 1',
    ],
    [
      'a vector that is unknown',
      upsert({ vector: { other: [1] } }),
      400,
      'Wrong input: Not existing vector name error: other',
    ],
    [
      'a point without a number or UUID',
      upsert({ id: 'one', vector: {} }),
      400,
      'Format error in JSON body: value "one" is not a valid point ID',
    ],
    [
      'a term that comes twice',
      upsert({ vector: { bm25: { indices: [1, 1], values: [1, 2] } } }),
      422,
      'Validation error in JSON body: [points[0].vector.?.indices: Validation error: must be unique [{}]]',
    ],
    [
      'a term without a weight',
      upsert({ vector: { bm25: { indices: [1, 2], values: [1] } } }),
      422,
      'Validation error in JSON body: [points[0].vector.?.values: Validation error: must be the same length as indices [{}]]',
    ],
    [
      'half a character',
      upsert({ vector: {}, payload: { text: '\ud83d' } }),
      400,
      'Format error in JSON body: lone leading surrogate in hex escape',
    ],
    [
      'a filter with an unknown clause',
      scroll({ must: [], any: [] }),
      400,
      'Format error in JSON body: unknown field `any`',
    ],
    [
      'a filter with an unknown condition',
      scroll({ must: [{ key: 'n', equals: 1 }] }),
      400,
      'Format error in JSON body: data did not match any variant of untagged enum Condition',
    ],
    [
      'a limit of nothing',
      ['POST', `${POINTS}/query`, { limit: 0 }],
      422,
      'Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]',
    ],
    [
      'an order without an index',
      ['POST', `${POINTS}/scroll`, { order_by: 'n' }],
      400,
      'Wrong input: No range index for `order_by` key: `n`. Please create one',
    ],
    [
      'a change of a point that is not there',
      ['POST', `${POINTS}/payload?wait=true`, { points: [9], payload: {} }],
      404,
      'Not found: No point with id 9 found',
    ],
  ])('is refused with the words of the server: %s', async (_, request, status, message) => {
    await using client = await filled();
    const [actual, text] = await client.error(...request);
    expect([actual, text.slice(0, message.length)]).toEqual([status, message]);
  });
});

describe('strict mode', () => {
  test('refuses what would read through everything', async () => {
    await using client = await filled({ strict_mode_config: STRICT });
    const read = { filter: { must: [{ key: 'n', match: { value: 1 } }] } };
    const missing = (key: string, types: string) =>
      `Bad request: Index required but not found for "${key}" of one of the following types: [${types}]. Help: Create an index for this key or use a different filter.`;
    const refused = async (path: string, body: Json) => {
      const [status, text] = await client.error('POST', `${POINTS}${path}`, body);
      expect(status).toBe(400);
      return text;
    };
    expect(await refused('/scroll', read)).toBe(missing('n', 'integer'));
    expect(await refused('/delete?wait=true', read)).toBe(missing('n', 'integer'));
    expect(await refused('/query', { filter: { must_not: [{ key: 'is', match: { value: true } }] } })).toBe(
      missing('is', 'bool'),
    );
    expect(await refused('/scroll', { filter: { must: [{ key: 'n', range: { gt: 1 } }] } })).toBe(
      missing('n', 'float, integer'),
    );
    expect(await refused('/scroll', { limit: 21 })).toBe(
      'Bad request: Limit exceeded 21 > 20 for "limit". Help: Reduce the "limit" parameter to or below 20.',
    );
    expect(await refused('/count', {})).toBe('Bad request: Exact search disabled!. Help: Set exact=false.');
    expect(await refused('/query', { query: [1, 0], using: 'dense' })).toBe(
      "Bad request: Request is forbidden on 'dense' because global vector indexing is disabled (hnsw_config.m = 0). Help: Use tenant-specific filter, enable global vector indexing or enable strict mode `search_allow_exact` option",
    );
    const unowned = { prefetch: [{ query: [1, 0], using: 'dense' }], query: { rrf: {} }, filter: ALICE };
    expect(await refused('/query', unowned)).toContain('global vector indexing is disabled');
  });

  test('lets through what has an index and an owner', async () => {
    await using client = await filled({ strict_mode_config: STRICT });
    expect(await client.scores({ query: [1, 0], using: 'dense', filter: ALICE, limit: 1 })).toEqual([[1, 1]]);
    expect(await idsOf(client, { ...ALICE, must_not: [{ has_id: [1] }, { has_vector: 'bm25' }] })).toEqual(
      [],
    );
    expect(await client.result('POST', `${POINTS}/count`, { filter: ALICE, exact: false })).toEqual({
      count: 3,
    });
  });
});

describe('points', () => {
  test('are read on from where a page ends, or in the order of a field', async () => {
    await using client = await filled();
    const scroll = (body: Json) =>
      client.result('POST', `${POINTS}/scroll`, { with_payload: false, ...body });
    expect(await scroll({ limit: 3 })).toEqual({
      points: [{ id: 1 }, { id: 2 }, { id: 3 }],
      next_page_offset: 4,
    });
    expect(await scroll({ limit: 3, offset: 4 })).toEqual({ points: [{ id: 4 }], next_page_offset: null });
    await client.result('PUT', '/collections/c/index?wait=true', {
      field_name: 'n',
      field_schema: 'integer',
    });
    const { points } = await scroll({ order_by: { key: 'n', direction: 'desc' }, limit: 1 });
    expect(points).toEqual([{ id: 4 }]);
    expect((await scroll({ order_by: { key: 'n', start_from: 2 } })).points).toHaveLength(3);
  });

  test('change as a batch says, in its order', async () => {
    await using client = await filled();
    const results = await client.result('POST', `${POINTS}/batch?wait=true`, {
      operations: [
        { upsert: { points: [{ id: 5, vector: {}, payload: { user_id: 'alice', a: 1 } }] } },
        { set_payload: { payload: { b: 2 }, filter: ALICE } },
        { delete_payload: { keys: ['a'], points: [5] } },
        { update_vectors: { points: [{ id: 5, vector: { dense: [0, 2] } }], update_filter: ALICE } },
        { update_vectors: { points: [{ id: 4, vector: { dense: [1, 1] } }], update_filter: ALICE } },
        { delete: { filter: { must: [{ has_id: [1, 2] }] } } },
      ],
    });
    expect(results.map(({ status }: Json) => status)).toEqual(Array(6).fill('completed'));
    const { points } = await client.result('POST', `${POINTS}/scroll`, {
      filter: ALICE,
      with_vector: ['dense'],
    });
    expect(points).toEqual([
      { id: 3, payload: { user_id: 'alice', n: 2, none: null, b: 2 }, vector: { dense: [0, 1] } },
      { id: 5, payload: { user_id: 'alice', b: 2 }, vector: { dense: [0, 1] } },
    ]);
    expect(await idsOf(client, { must_not: [{ has_vector: 'dense' }] })).toEqual([4]);
  });

  test('are acknowledged before they are there, unless somebody waits', async () => {
    await using client = await filled();
    const points = [{ id: 5, vector: {} }];
    expect((await client.result('PUT', POINTS, { points })).status).toBe('acknowledged');
    expect(await idsOf(client, { must: [{ has_id: [5] }] })).toEqual([]);
    expect((await client.result('POST', `${POINTS}/delete?wait=true`, { points: [1] })).status).toBe(
      'completed',
    );
    expect(await idsOf(client, { must: [{ has_id: [1, 5] }] })).toEqual([5]);
  });
});

describe('the server', () => {
  test('tells what it is, and whether it is ready', async () => {
    await using client = await filled();
    expect((await client.send('GET', '/')).body).toMatchObject({
      title: 'qdrant - vector search engine',
      version: '1.19.0',
    });
    expect((await client.send('GET', '/readyz')).body).toBe('all shards are ready');
    expect((await client.send('GET', '/healthz')).body).toBe('healthz check passed');
    client.server.failWith(NOT_READY);
    expect((await client.send('GET', '/readyz')).status).toBe(503);
  });

  test('lets in who has a key, and write who has the right one', async () => {
    await using client = new Client(await new QdrantServer({ apiKey: 'all', readOnlyKey: 'read' }).start());
    const asked = async (key?: string) => {
      const { status, body } = await client.send(
        'PUT',
        '/collections/c',
        CONFIG,
        key === undefined ? {} : { 'api-key': key },
      );
      return [status, body.status?.error ?? body.status ?? body];
    };
    expect(await asked()).toEqual([401, 'Must provide an API key or an Authorization bearer token']);
    expect(await asked('wrong')).toEqual([401, 'Invalid API key or JWT']);
    expect(await asked('read')).toEqual([403, 'Forbidden: Global write access is required']);
    expect(await asked('all')).toEqual([200, 'ok']);
    expect((await client.send('GET', '/')).status).toBe(200);
  });

  test('says in whole seconds when to come back', async () => {
    await using client = await filled();
    client.server.failOnce(BUSY);
    expect((await client.send('GET', '/collections')).headers.get('retry-after')).toBe('12');
    expect((await client.send('GET', '/collections')).status).toBe(200);
  });
});
