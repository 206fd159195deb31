import { describe, expect, test } from 'vitest';
import { ALICE, filled, idsOf, type Json, POINTS } from './qdrant-requests.ts';

describe('a query', () => {
  test('by meaning compares directions', async () => {
    await using client = await filled();
    expect(await client.scores({ query: [2, 0], using: 'dense' })).toEqual([
      [1, 1],
      [2, 0.6],
      [3, 0],
    ]);
    expect(await client.scores({ query: [2, 0], using: 'dense', score_threshold: 0.5, offset: 1 })).toEqual([
      [2, 0.6],
    ]);
  });

  test('by words weighs each word by how rare it is at that moment', async () => {
    await using client = await filled();
    const idf = (n: number, df: number) => Math.round(Math.log((n - df + 0.5) / (df + 0.5) + 1) * 1e4) / 1e4;
    const byWord = (index: number) =>
      client.scores({ query: { indices: [index], values: [1] }, using: 'bm25', limit: 1 });
    expect(await byWord(2)).toEqual([[1, idf(4, 1)]]);
    expect(await byWord(3)).toEqual([[3, idf(4, 2)]]);
    await client.result('POST', `${POINTS}/delete?wait=true`, { points: [4] });
    expect(await byWord(3)).toEqual([[3, idf(3, 1)]]);
    expect(await byWord(9)).toEqual([]);
  });

  test('brings rankings together by their places', async () => {
    await using client = await filled();
    const prefetch = [
      { query: [1, 0], using: 'dense', limit: 2 },
      { query: { indices: [3], values: [1] }, using: 'bm25' },
    ];
    const round = (score: number) => Math.round(score * 1e4) / 1e4;
    expect(await client.scores({ prefetch, query: { fusion: 'rrf' } })).toEqual([
      [1, 0.5],
      [3, 0.5],
      [2, round(1 / 3)],
      [4, round(1 / 3)],
    ]);
    expect(await client.scores({ prefetch, query: { rrf: { k: 60 } }, filter: ALICE })).toEqual([
      [1, round(1 / 60)],
      [3, round(1 / 60)],
      [2, round(1 / 61)],
    ]);
  });

  test('of what another one has found gives that a new order', async () => {
    await using client = await filled();
    const prefetch = { query: { indices: [1], values: [1] }, using: 'bm25' };
    expect(await client.scores({ prefetch, query: [0, 1], using: 'dense' })).toEqual([
      [2, 0.8],
      [1, 0],
    ]);
  });

  test('comes with several others', async () => {
    await using client = await filled();
    const search = { query: [1, 0], using: 'dense', limit: 1, with_payload: ['n'], with_vector: ['dense'] };
    const found = await client.result('POST', `${POINTS}/query/batch`, {
      searches: [search, { ...search, query: [0, 1] }],
    });
    expect(found.map(({ points }: Json) => points[0])).toEqual([
      { id: 1, version: expect.any(Number), score: 1, payload: { n: 1 }, vector: { dense: [1, 0] } },
      { id: 3, version: expect.any(Number), score: 1, payload: { n: 2 }, vector: { dense: [0, 1] } },
    ]);
  });
});

test.each<[Json, number[]]>([
  [{ must: [{ key: 'n', match: { value: 2 } }] }, [2, 3]],
  [{ must: [{ key: 'n', match: { any: [1, 4] } }] }, [1, 4]],
  [{ must_not: [{ key: 'n', match: { any: [1, 4] } }] }, [2, 3]],
  [{ must: [{ key: 'n', match: { except: [2] } }] }, [1, 4]],
  [{ must: [{ key: 'n', range: { gt: 1, lte: 2 } }] }, [2, 3]],
  [{ must: [{ key: 'tags', match: { value: 'b' } }] }, [1]],
  [{ must: [{ is_empty: { key: 'tags' } }] }, [2, 3, 4]],
  [{ must: [{ is_null: { key: 'none' } }] }, [3]],
  [{ must: [{ key: 'is', match: { value: true } }] }, [4]],
  [{ should: [{ has_id: [1] }, { must: [{ has_id: [2] }, { key: 'n', match: { value: 2 } }] }] }, [1, 2]],
  [{ min_should: { conditions: [{ has_id: [1, 2] }, { has_id: [2, 3] }], min_count: 2 } }, [2]],
  [{ must_not: [{ has_vector: 'dense' }] }, [4]],
])('the filter %j finds %j', async (filter, ids) => {
  await using client = await filled();
  expect(await idsOf(client, filter)).toEqual(ids);
});
