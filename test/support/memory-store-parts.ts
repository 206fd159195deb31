import type { Erasure, ErasureLog } from '../../src/conversation/erasure-log.ts';
import type { Item, MessageItem } from '../../src/conversation/item.ts';
import type {
  MemoryOutbox,
  OutboxChanges,
  OutboxItem,
  OutboxStage,
  OutboxSummary,
} from '../../src/conversation/memory-outbox.ts';
import { erasureIdTaken } from '../../src/conversation/not-found.ts';
import type { ConversationRecord, Owner } from '../../src/conversation/store.ts';
import * as input from '../../src/conversation/store-input.ts';
import type { ConversationSummary, SummaryStore } from '../../src/conversation/summary-store.ts';

/** A conversation with all that hangs on it. */
export interface Entry {
  readonly owner: Owner;
  record: ConversationRecord;
  items: Item[];
  /** Of the items that wait for memory, by id. */
  readonly stages: Map<string, OutboxStage>;
  summary: ConversationSummary | null;
}

type Entries = Map<string, Entry>;

/** The outbox of a `MemoryStore`. */
export class MemoryOutboxDouble implements MemoryOutbox {
  readonly #entries: Entries;
  #sequence = 0;
  #decided: (OutboxChanges & { readonly beganAtMs: number })[] = [];

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  async waiting(limit: number): Promise<readonly OutboxSummary[]> {
    input.checkLimit(limit);
    return [...this.#entries.values()]
      .map((entry) => {
        const items = waitingIn(entry, ['new', 'noted']);
        const times = items.map(({ item }) => item.createdAtMs);
        const newItems = items.filter(({ stage }) => stage === 'new').length;
        const notedItems = items.length - newItems;
        const newestAtMs = Math.max(...times);
        const oldestAtMs = Math.min(...times);
        return {
          summary: { owner: entry.owner, conversationId: entry.record.id, newItems, notedItems, newestAtMs },
          oldestAtMs,
        };
      })
      .filter(({ summary }) => summary.newItems + summary.notedItems > 0)
      .sort(
        (a, b) =>
          Number(a.summary.newItems === 0) - Number(b.summary.newItems === 0) || a.oldestAtMs - b.oldestAtMs,
      )
      .slice(0, limit)
      .map(({ summary }) => structuredClone(summary));
  }

  async waitingIn(
    owner: Owner,
    conversationId: string,
    stages: readonly OutboxStage[],
    limit: number,
  ): Promise<readonly OutboxItem[]> {
    input.checkConversation(owner, conversationId);
    input.checkLimit(limit);
    const entry = ownEntry(this.#entries, owner, conversationId);
    return entry ? structuredClone(waitingIn(entry, stages).slice(0, limit)) : [];
  }

  async newestOf(owner: Owner, limit: number): Promise<readonly OutboxItem[]> {
    input.checkOwner(owner);
    input.checkLimit(limit);
    const own = [...this.#entries.values()].filter((entry) => isSame(entry.owner, owner));
    const oldestFirst = own
      .sort((a, b) => a.record.updatedAtMs - b.record.updatedAtMs)
      .flatMap((entry) => waitingIn(entry, ['new', 'noted']));
    return structuredClone(oldestFirst.reverse().slice(0, limit));
  }

  async quarantined(): Promise<number> {
    return [...this.#entries.values()].flatMap((entry) => waitingIn(entry, ['quarantined'])).length;
  }

  async settle(
    owner: Owner,
    conversationId: string,
    { items, changes }: Parameters<MemoryOutbox['settle']>[2],
  ): Promise<void> {
    input.checkConversation(owner, conversationId);
    for (const { id } of items) input.checkName(id, 'item_id');
    const entry = ownEntry(this.#entries, owner, conversationId);
    if (!entry) return;
    const moving = items.filter(({ id, to }) => entry.stages.has(id) && entry.stages.get(id) !== to);
    for (const { id, to } of moving) {
      if (to === 'done') entry.stages.delete(id);
      else entry.stages.set(id, to);
    }
    if (moving.length === 0 || changes === null) return;
    const sequence = ++this.#sequence;
    this.#decided.push({ sequence, owner: entry.owner, changes, beganAtMs: entry.record.createdAtMs });
  }

  async decided(limit: number): Promise<readonly OutboxChanges[]> {
    input.checkLimit(limit);
    return this.#decided
      .slice(0, limit)
      .map(({ sequence, owner, changes }) => structuredClone({ sequence, owner, changes }));
  }

  async applied(sequences: readonly number[]): Promise<void> {
    this.#decided = this.#decided.filter(({ sequence }) => !sequences.includes(sequence));
  }

  /** Drops what was decided from conversations that began by then. */
  undecide(owner: Owner, untilMs: number): void {
    this.#decided = this.#decided.filter(
      (changes) => !isSame(changes.owner, owner) || changes.beganAtMs > untilMs,
    );
  }
}

/** The summaries of a `MemoryStore`. */
export class MemorySummaries implements SummaryStore {
  readonly #entries: Entries;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  async findSummary(owner: Owner, conversationId: string): Promise<ConversationSummary | null> {
    input.checkConversation(owner, conversationId);
    return structuredClone(ownEntry(this.#entries, owner, conversationId)?.summary ?? null);
  }

  async saveSummary(owner: Owner, conversationId: string, summary: ConversationSummary): Promise<void> {
    input.checkConversation(owner, conversationId);
    input.checkName(summary.throughItemId, 'throughItemId');
    input.checkTime(summary.createdAtMs, 'createdAtMs');
    const entry = ownEntry(this.#entries, owner, conversationId);
    if (!entry?.items.some(({ id }) => id === summary.throughItemId)) return;
    entry.summary = structuredClone(summary);
  }
}

/** The erasures of a `MemoryStore`. */
export class MemoryErasures implements ErasureLog {
  readonly #entries: Entries;
  readonly #outbox: MemoryOutboxDouble;
  readonly #erasures: Erasure[] = [];

  constructor(entries: Entries, outbox: MemoryOutboxDouble) {
    this.#entries = entries;
    this.#outbox = outbox;
  }

  async requestErasure(
    owner: Owner,
    { id, requestedAtMs }: { readonly id: string; readonly requestedAtMs: number },
  ): Promise<Erasure> {
    input.checkOwner(owner);
    input.checkName(id, 'erasure_id');
    input.checkTime(requestedAtMs, 'requestedAtMs');
    const own = this.#erasures.filter((erasure) => isSame(erasure.owner, owner));
    const underWay = own.find(({ completedAtMs }) => completedAtMs === null);
    if (underWay) return structuredClone(underWay);
    if (own.some((erasure) => erasure.id === id)) throw erasureIdTaken(id);
    const erasure = { id, owner: input.bareOwner(owner), requestedAtMs, completedAtMs: null };
    this.#erasures.push(erasure);
    return structuredClone(erasure);
  }

  async findErasure(owner: Owner, id: string): Promise<Erasure | null> {
    input.checkOwner(owner);
    input.checkName(id, 'erasure_id');
    return structuredClone(this.#erasures[this.#indexOf(owner, id)] ?? null);
  }

  async openErasures(): Promise<readonly Erasure[]> {
    return structuredClone(this.#erasures.filter(({ completedAtMs }) => completedAtMs === null));
  }

  async completeErasure(owner: Owner, id: string, atMs: number): Promise<void> {
    input.checkOwner(owner);
    input.checkName(id, 'erasure_id');
    input.checkTime(atMs, 'atMs');
    const index = this.#indexOf(owner, id);
    const erasure = this.#erasures[index];
    if (erasure?.completedAtMs === null) this.#erasures[index] = { ...erasure, completedAtMs: atMs };
  }

  async eraseConversations(owner: Owner, untilMs: number, limit: number): Promise<readonly string[]> {
    input.checkOwner(owner);
    input.checkTime(untilMs, 'untilMs');
    input.checkLimit(limit);
    this.#outbox.undecide(owner, untilMs);
    const ids = [...this.#entries.values()]
      .filter((entry) => isSame(entry.owner, owner) && entry.record.createdAtMs <= untilMs)
      .map(({ record }) => record.id)
      .slice(0, limit);
    for (const id of ids) this.#entries.delete(id);
    return ids;
  }

  #indexOf(owner: Owner, id: string): number {
    return this.#erasures.findIndex((erasure) => erasure.id === id && isSame(erasure.owner, owner));
  }
}

/** In the order of the conversation. */
function waitingIn({ record, items, stages }: Entry, wanted: readonly OutboxStage[]): OutboxItem[] {
  return items.flatMap((item) => {
    const stage = stages.get(item.id);
    // Only messages of a person wait.
    return stage && wanted.includes(stage)
      ? [{ conversationId: record.id, item: item as MessageItem, stage }]
      : [];
  });
}

export function ownEntry(entries: ReadonlyMap<string, Entry>, owner: Owner, id: string): Entry | null {
  const entry = entries.get(id);
  return entry && isSame(entry.owner, owner) ? entry : null;
}

export function isSame(one: Owner, other: Owner): boolean {
  return one.key === other.key && one.user === other.user;
}
