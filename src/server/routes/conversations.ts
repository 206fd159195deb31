import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import type { Clock, IdSource } from '../../clock.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Item } from '../../conversation/item.ts';
import type { ConversationRecord, ConversationStore, Owner, Page } from '../../conversation/store.ts';
import { transcriptChunks, transcriptContentType } from '../../conversation/transcript.ts';
import { VivavoceError } from '../../errors.ts';
import { listQuery } from '../../protocol/rest.ts';
import {
  type ConversationItemInput,
  createConversationRequest,
  createItemsRequest,
  type RestConversation,
  transcriptQuery,
  updateConversationRequest,
} from '../../protocol/rest-conversations.ts';
import { ownerOf, requireScope } from '../caller.ts';
import { fromRestItem, toRestItem } from '../rest-item.ts';
import { toList } from '../rest-list.ts';
import { validate } from '../validate.ts';

interface Deps {
  readonly store: ConversationStore;
  readonly conversations: Conversations;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** What was said: list, read, write and delete it. */
export function conversationRoutes({ store, conversations, clock, ids }: Deps): Router {
  const router = Router();
  router.use('/conversations', requireScope('history'));

  const toItems = (inputs: readonly ConversationItemInput[]) =>
    inputs.map((input) => fromRestItem(input, ids.next('item'), clock.nowMs()));

  router.post('/conversations', async (request, response) => {
    const { metadata, items } = validate(createConversationRequest, request.body ?? {});
    const owner = ownerOf(request);
    const id = ids.next('conv');
    // It is stored with its first items: when they cannot be, there is none.
    if (items && items.length > 0) {
      using lease = await conversations.begin(owner, { id, metadata: metadata ?? {} });
      await lease.conversation.addNew(toItems(items));
    } else await store.create(owner, { id, createdAtMs: clock.nowMs(), metadata: metadata ?? {} });
    response.json(toRest(await found(store, owner, id)));
  });

  router.get('/conversations', async (request, response) => {
    const { after, ...query } = validate(listQuery, request.query);
    const page = await store.list(ownerOf(request), { ...query, ...(after !== undefined && { after }) });
    response.json(toList(page.data.map(toRest), page.hasMore));
  });

  router.get('/conversations/:id', async (request, response) => {
    response.json(toRest(await found(store, ownerOf(request), request.params.id)));
  });

  router.post('/conversations/:id', async (request, response) => {
    const { metadata } = validate(updateConversationRequest, request.body ?? {});
    response.json(toRest(await store.replaceMetadata(ownerOf(request), request.params.id, metadata ?? {})));
  });

  router.delete('/conversations/:id', async (request, response) => {
    const { id } = request.params;
    if (!(await conversations.delete(ownerOf(request), id))) throw noConversation(id);
    response.json({ id, object: 'conversation.deleted', deleted: true });
  });

  router.post('/conversations/:id/items', async (request, response) => {
    const { items } = validate(createItemsRequest, request.body ?? {});
    const added = toItems(items);
    // Through the live conversation, so that an open connection knows of them at once.
    using lease = await conversations.open(ownerOf(request), request.params.id);
    await lease.conversation.addNew(added);
    response.json(toList(added.map(toRestItem), false));
  });

  router.get('/conversations/:id/items', async (request, response) => {
    const { after, ...query } = validate(listQuery, request.query);
    const page = await store.listItems(ownerOf(request), request.params.id, {
      ...query,
      ...(after !== undefined && { after }),
    });
    response.json(toList(page.data.map(toRestItem), page.hasMore));
  });

  router.get('/conversations/:id/items/:itemId', async (request, response) => {
    const { id, itemId } = request.params;
    const owner = ownerOf(request);
    const item = await store.findItem(owner, id, itemId);
    if (!item) throw noItem(itemId);
    response.json(toRestItem(item));
  });

  router.delete('/conversations/:id/items/:itemId', async (request, response) => {
    const { id, itemId } = request.params;
    const owner = ownerOf(request);
    using lease = await conversations.open(owner, id);
    if (!(await lease.conversation.remove(itemId))) throw noItem(itemId);
    response.json(toRest(await found(store, owner, id)));
  });

  router.get('/conversations/:id/transcript', async (request, response) => {
    const { format } = validate(transcriptQuery, request.query);
    const owner = ownerOf(request);
    const record = await found(store, owner, request.params.id);
    response.type(transcriptContentType(format));
    // A reader that is slow, or that leaves, holds up nothing but its own transcript.
    const chunks = transcriptChunks(format, record, allItems(store, owner, record.id));
    await pipeline(Readable.from(chunks), response);
  });

  return router;
}

async function* allItems(store: ConversationStore, owner: Owner, id: string): AsyncGenerator<Item> {
  for (let after: string | undefined, more = true; more; ) {
    const page: Page<Item> = await store.listItems(owner, id, {
      limit: 100,
      order: 'asc',
      ...(after !== undefined && { after }),
    });
    yield* page.data;
    after = page.data.at(-1)?.id;
    more = page.hasMore;
  }
}

async function found(store: ConversationStore, owner: Owner, id: string): Promise<ConversationRecord> {
  const record = await store.find(owner, id);
  if (!record) throw noConversation(id);
  return record;
}

function toRest({ id, createdAtMs, metadata }: ConversationRecord): RestConversation {
  return { id, object: 'conversation', created_at: Math.floor(createdAtMs / 1000), metadata };
}

function noConversation(id: string): VivavoceError {
  return new VivavoceError('not_found', `There is no conversation ${id}.`, { param: 'conversation_id' });
}

function noItem(id: string): VivavoceError {
  return new VivavoceError('not_found', `There is no item ${id} in this conversation.`, { param: 'item_id' });
}
