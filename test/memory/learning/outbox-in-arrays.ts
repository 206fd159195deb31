import type { Item, MessageItem } from '../../../src/conversation/item.ts';
import type {
  MemoryOutbox,
  OutboxChanges,
  OutboxItem,
  OutboxStage,
  OutboxSummary,
} from '../../../src/conversation/memory-outbox.ts';
import { cursorNotFound } from '../../../src/conversation/not-found.ts';
import type { Owner, Page, PageQuery } from '../../../src/conversation/store.ts';
import { agentSays, START_MS, userSays } from '../../conversation/sample-items.ts';

interface Conversation {
  readonly owner: Owner;
  readonly id: string;
  items: Item[];
}

type Settled = Parameters<MemoryOutbox['settle']>[2];

/** The outbox of a store with its conversations, in arrays: what a restart finds is what is in here. */
export class OutboxInArrays implements MemoryOutbox {
  /** What the next calls of a method are answered with instead. */
  readonly failures: Partial<Record<keyof MemoryOutbox, Error>> = {};
  /** Every settlement, in order. */
  readonly settlements: (Settled & { readonly conversationId: string })[] = [];
  #conversations: Conversation[] = [];
  #stages = new Map<string, OutboxStage>();
  #decided: OutboxChanges[] = [];
  #count = 0;

  /** A message of a person becomes durable. */
  say(owner: Owner, conversationId: string, text: string, stage: OutboxStage = 'new'): MessageItem {
    const number = ++this.#count;
    const item = userSays(`item_${number}`, text, START_MS + number * 1_000);
    this.#of(owner, conversationId).items.push(item);
    this.#stages.set(item.id, stage);
    return item;
  }

  answer(owner: Owner, conversationId: string, text: string): void {
    const number = ++this.#count;
    const atMs = START_MS + number * 1_000;
    this.#of(owner, conversationId).items.push(agentSays(`item_${number}`, text, { createdAtMs: atMs }));
  }

  decide(owner: Owner, changes: string): void {
    this.#decided.push({ sequence: ++this.#count, owner, changes });
  }

  /** The stage of a message; null when it has left the outbox. */
  stageOf({ id }: Item): OutboxStage | null {
    return this.#stages.get(id) ?? null;
  }

  /** How many messages are in one of these stages. */
  count(...stages: OutboxStage[]): number {
    return [...this.#stages.values()].filter((stage) => stages.includes(stage)).length;
  }

  erase(owner: Owner): void {
    const gone = this.#conversations.filter((conversation) => isSame(conversation.owner, owner));
    for (const { items } of gone) for (const { id } of items) this.#stages.delete(id);
    this.#conversations = this.#conversations.filter((conversation) => !gone.includes(conversation));
    this.#decided = this.#decided.filter((changes) => !isSame(changes.owner, owner));
  }

  async waiting(limit: number): Promise<readonly OutboxSummary[]> {
    await this.#called('waiting');
    const summaries = this.#conversations.map(({ owner, id, items }) => {
      const stages = items.map((item) => this.stageOf(item));
      const newItems = stages.filter((stage) => stage === 'new').length;
      const notedItems = stages.filter((stage) => stage === 'noted').length;
      return { owner, conversationId: id, newItems, notedItems, newestAtMs: items.at(-1)?.createdAtMs ?? 0 };
    });
    return summaries
      .filter(({ newItems, notedItems }) => newItems + notedItems > 0)
      .toSorted((one, other) => Number(one.newItems === 0) - Number(other.newItems === 0))
      .slice(0, limit);
  }

  async waitingIn(owner: Owner, id: string, stages: readonly OutboxStage[], limit: number) {
    await this.#called('waitingIn');
    return this.#waiting(owner)
      .filter(({ conversationId, stage }) => conversationId === id && stages.includes(stage))
      .slice(0, limit);
  }

  async newestOf(owner: Owner, limit: number): Promise<readonly OutboxItem[]> {
    await this.#called('newestOf');
    return this.#waiting(owner)
      .filter(({ stage }) => stage !== 'quarantined')
      .reverse()
      .slice(0, limit);
  }

  async quarantined(): Promise<number> {
    return this.count('quarantined');
  }

  async settle(owner: Owner, conversationId: string, settled: Settled): Promise<void> {
    await this.#called('settle');
    const moved = settled.items.filter(({ id, to }) => this.#stages.has(id) && this.#stages.get(id) !== to);
    for (const { id, to } of moved) {
      if (to === 'done') this.#stages.delete(id);
      else this.#stages.set(id, to);
    }
    if (moved.length === 0) return;
    this.settlements.push({ conversationId, ...settled });
    if (settled.changes !== null) this.decide(owner, settled.changes);
  }

  async decided(limit: number): Promise<readonly OutboxChanges[]> {
    await this.#called('decided');
    return this.#decided.slice(0, limit);
  }

  async applied(sequences: readonly number[]): Promise<void> {
    await this.#called('applied');
    this.#decided = this.#decided.filter(({ sequence }) => !sequences.includes(sequence));
  }

  async listItems(owner: Owner, conversationId: string, page: PageQuery): Promise<Page<Item>> {
    const { items } = this.#of(owner, conversationId);
    const all = page.order === 'asc' ? items : items.toReversed();
    const cursor = all.findIndex(({ id }) => id === page.after);
    if (page.after !== undefined && cursor < 0) throw cursorNotFound(page.after, 'after');
    const rest = all.slice(cursor + 1);
    return { data: rest.slice(0, page.limit), hasMore: rest.length > page.limit };
  }

  /** Answers come in a later microtask, as from a real store. */
  async #called(method: keyof MemoryOutbox): Promise<void> {
    const failure = this.failures[method];
    if (failure) throw failure;
  }

  #of(owner: Owner, id: string): Conversation {
    const known = this.#conversations.find((each) => each.id === id && isSame(each.owner, owner));
    if (known) return known;
    const conversation: Conversation = { owner, id, items: [] };
    this.#conversations.push(conversation);
    return conversation;
  }

  #waiting(owner: Owner): OutboxItem[] {
    return this.#conversations
      .filter((conversation) => isSame(conversation.owner, owner))
      .flatMap(({ id, items }) =>
        items.flatMap((item) => {
          const stage = this.stageOf(item);
          if (stage === null || item.type !== 'message') return [];
          return [{ conversationId: id, item, stage }];
        }),
      )
      .toSorted((one, other) => one.item.createdAtMs - other.item.createdAtMs);
  }
}

function isSame(one: Owner, other: Owner): boolean {
  return one.key === other.key && one.user === other.user;
}
