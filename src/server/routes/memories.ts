import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Response, Router } from 'express';
import type { Erasure } from '../../conversation/erasure-log.ts';
import type { Owner } from '../../conversation/store.ts';
import { VivavoceError } from '../../errors.ts';
import type { Memory, MemoryEdit } from '../../memory/memory.ts';
import type { MemoryKeeper } from '../../memory/memory-keeper.ts';
import type { MemoryStatistics } from '../../memory/memory-statistics.ts';
import {
  createMemoryRequest,
  eraseMemoriesQuery,
  memoryListQuery,
  memorySearchQuery,
  type UpdateMemoryRequest,
  updateMemoryRequest,
} from '../../protocol/rest-memories.ts';
import { ownerOf, requireScope } from '../caller.ts';
import { toList } from '../rest-list.ts';
import { toRestErasure, toRestMemory, toRestStatistics } from '../rest-memory.ts';
import { validate } from '../validate.ts';

/** What erases everything of a person, in the background and across restarts. */
interface Erasing {
  /** While one of this owner is under way, that one is answered. */
  request(owner: Owner): Promise<Erasure>;
  find(owner: Owner, id: string): Promise<Erasure | null>;
}

interface Deps {
  readonly keeper: MemoryKeeper;
  readonly erasing: Erasing;
  readonly statistics: Pick<MemoryStatistics, 'counts'>;
}

/** What is remembered of a person: list, search, read, write, correct, delete, take away and erase it. */
export function memoryRoutes({ keeper, erasing, statistics }: Deps): Router {
  const router = Router();
  router.use('/memories', requireScope('memory'));

  router.get('/memories', async (request, response) => {
    const { after, history, ...query } = validate(memoryListQuery, request.query);
    const { data, hasMore } = await keeper.list(ownerOf(request), {
      ...query,
      withHistory: history === 'true',
      ...(after !== undefined && { after }),
    });
    response.json(toList(data.map(toRestMemory), hasMore));
  });

  router.post('/memories', async (request, response) => {
    const written = validate(createMemoryRequest, request.body ?? {});
    response.json(toRestMemory(await keeper.add(ownerOf(request), written)));
  });

  router.delete('/memories', async (request, response) => {
    validate(eraseMemoriesQuery, request.query);
    const erasure = await erasing.request(ownerOf(request));
    response.status(202).location(`/v1/memories/erasures/${erasure.id}`).json(toRestErasure(erasure));
  });

  router.get('/memories/search', async (request, response) => {
    const { q, limit } = validate(memorySearchQuery, request.query);
    const found = await keeper.search(ownerOf(request), { text: q, limit }, untilLeft(response));
    const data = found.map(({ memory, score, relevance }) => ({ ...toRestMemory(memory), score, relevance }));
    response.json(toList(data, false));
  });

  router.get('/memories/statistics', (_request, response) => {
    response.json(toRestStatistics(statistics.counts));
  });

  router.get('/memories/profile', async (request, response) => {
    const memories = await keeper.profile(ownerOf(request), untilLeft(response));
    response.json({ object: 'memory.profile', data: memories.map(toRestMemory) });
  });

  router.get('/memories/export', async (request, response) => {
    const memories = keeper.export(ownerOf(request));
    // Before the first byte a failure has a status.
    const first = await memories.next();
    response.attachment('memories.ndjson').type('application/x-ndjson');
    await pipeline(Readable.from(lines(first.done ? [] : [first.value], memories)), response);
  });

  router.get('/memories/erasures/:id', async (request, response) => {
    const { id } = request.params;
    const erasure = await erasing.find(ownerOf(request), id);
    if (!erasure) throw missing(`There is no erasure ${id}.`, 'erasure_id');
    response.json(toRestErasure(erasure));
  });

  router.get('/memories/:id', async (request, response) => {
    const { id } = request.params;
    const owner = ownerOf(request);
    const [memory, history] = await Promise.all([keeper.get(owner, id), keeper.history(owner, id)]);
    response.json({ ...toRestMemory(memory), history: history.map(toRestMemory) });
  });

  router.patch('/memories/:id', async (request, response) => {
    const given = validate(updateMemoryRequest, request.body ?? {});
    const { id } = request.params;
    const owner = ownerOf(request);
    const { text } = await keeper.get(owner, id);
    response.json(toRestMemory(await keeper.edit(owner, id, toEdit(given, text))));
  });

  router.delete('/memories/:id', async (request, response) => {
    const { id } = request.params;
    const isGone = await keeper.delete(ownerOf(request), id);
    if (!isGone) throw missing(`There is no memory ${id}.`, 'memory_id');
    response.json({ id, object: 'memory.deleted', deleted: true });
  });

  return router;
}

/** The value of other words is another one, or none. */
function toEdit({ text, kind, value, importance }: UpdateMemoryRequest, oldText: string): MemoryEdit {
  const newValue = value === undefined && text !== undefined && text !== oldText ? null : value;
  return {
    ...(text !== undefined && { text }),
    ...(kind !== undefined && { kind }),
    ...(newValue !== undefined && { value: newValue }),
    ...(importance !== undefined && { importance }),
  };
}

async function* lines(first: readonly Memory[], rest: AsyncIterable<Memory>): AsyncGenerator<string> {
  for (const memory of first) yield `${JSON.stringify(toRestMemory(memory))}\n`;
  for await (const memory of rest) yield `${JSON.stringify(toRestMemory(memory))}\n`;
}

/** Aborted when whoever asked is gone. */
function untilLeft(response: Response): AbortSignal {
  const left = new AbortController();
  response.on('close', () => left.abort());
  return left.signal;
}

function missing(message: string, param: string): VivavoceError {
  return new VivavoceError('not_found', message, { param });
}
