import type { Item } from './item.ts';
import type { Owner, WholeStore } from './store.ts';
import type { ConversationSummary } from './summary-store.ts';

/** So many items are kept in memory at least, and twice as many at most; older ones are read from the store. */
export const WINDOW_ITEMS = 300;
const PAGE_ITEMS = 100;

/** What is in memory of a conversation. */
export interface Window {
  readonly items: Item[];
  readonly summary: ConversationSummary | null;
  /** False when older items are in the store only. */
  readonly complete: boolean;
  /** The id of the newest item that is in the store only; null when there is none or it is not known. */
  readonly idBefore: string | null;
}

/** @throws VivavoceError `not_found` when the owner has no such conversation. */
export async function readWindow(store: WholeStore, owner: Owner, id: string): Promise<Window> {
  const newestFirst: Item[] = [];
  const older = async (limit: number) => {
    const after = newestFirst.at(-1)?.id;
    return await store.listItems(owner, id, {
      limit,
      order: 'desc',
      ...(after !== undefined && { after }),
    });
  };
  let hasMore = true;
  while (hasMore && newestFirst.length < WINDOW_ITEMS) {
    const page = await older(PAGE_ITEMS);
    newestFirst.push(...page.data);
    hasMore = page.hasMore;
  }
  const idBefore = hasMore ? ((await older(1)).data[0]?.id ?? null) : null;
  const summary = await store.summaries.findSummary(owner, id);
  return { items: newestFirst.reverse(), summary, complete: !hasMore, idBefore };
}
