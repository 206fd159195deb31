import { LRUCache } from 'lru-cache';
import type { MessageItem } from '../../conversation/item.ts';
import type { MemoryOutbox } from '../../conversation/memory-outbox.ts';
import type { Owner } from '../../conversation/store.ts';
import { statesSomething } from '../extraction/sentence-kind.ts';
import { termsOf } from '../terms.ts';
import type { Recalled } from './recollection.ts';
import { ownerKey } from './search-cache.ts';

/** So many of an owner's newest messages are searched before anything was learned from them. */
const MESSAGES = 200;
const OWNERS = 1_000;
/** Nobody states something only after pages of questions. */
const MAX_CHARACTERS = 4_000;

interface Said {
  readonly conversationId: string;
  readonly itemId: string;
  readonly text: string;
  readonly atMs: number;
  readonly terms: ReadonlySet<string>;
}

/** What people have said lately and nothing was learned from yet, so that it is known all the same. */
export class RecentlySaid {
  readonly #outbox: Pick<MemoryOutbox, 'newestOf'>;
  /** By item, oldest first. Those of an owner are read from the outbox once and kept up to date from then on. */
  readonly #owners = new LRUCache<string, Promise<Map<string, Said>>>({ max: OWNERS });
  /** Those that were read, for who cannot wait. */
  readonly #read = new WeakMap<Promise<Map<string, Said>>, Map<string, Said>>();

  constructor(outbox: Pick<MemoryOutbox, 'newestOf'>) {
    this.#outbox = outbox;
  }

  /** A message has become durable. Never rejects. */
  async said(owner: Owner, conversationId: string, item: MessageItem, text: string): Promise<void> {
    const messages = await this.#known(owner);
    if (!messages) return;
    messages.delete(item.id);
    if (!tells(text)) return;
    messages.set(item.id, toSaid(conversationId, item, text));
    const [oldest] = messages.keys();
    if (messages.size > MESSAGES && oldest !== undefined) messages.delete(oldest);
  }

  /** Something was learned from these, or they are gone. Never rejects. */
  async settled(owner: Owner, itemIds: readonly string[]): Promise<void> {
    const messages = await this.#known(owner);
    for (const id of itemIds) messages?.delete(id);
  }

  forget(owner: Owner): void {
    this.#owners.delete(ownerKey(owner));
  }

  /** Those that share the most telling words with `text`, best first. Rare words among them tell more than frequent ones. */
  async search(owner: Owner, text: string): Promise<readonly FoundWords[]> {
    const wanted = new Set(termsOf(text));
    return wanted.size === 0 ? [] : found(await this.#of(owner), wanted);
  }

  /** The same at once; nothing of an owner whose messages were not read yet. */
  searchNow(owner: Owner, text: string): readonly FoundWords[] {
    const reading = this.#owners.get(ownerKey(owner));
    const messages = reading && this.#read.get(reading);
    return messages ? found(messages, new Set(termsOf(text))) : [];
  }

  #of(owner: Owner): Promise<Map<string, Said>> {
    const key = ownerKey(owner);
    const known = this.#owners.get(key);
    if (known) return known;
    const read = this.#outbox.newestOf(owner, MESSAGES).then(
      (waiting) =>
        new Map(
          waiting
            .toReversed()
            .map(({ conversationId, item }) => toSaid(conversationId, item, wordsOf(item)))
            .filter(({ text }) => tells(text))
            .map((said) => [said.itemId, said]),
        ),
    );
    this.#owners.set(key, read);
    read.then(
      (messages) => this.#read.set(read, messages),
      () => {
        // Not kept: the next search asks again.
        if (this.#owners.peek(key) === read) this.#owners.delete(key);
      },
    );
    return read;
  }

  /** Of an owner who has not asked yet there is nothing to keep up to date. */
  #known(owner: Owner): Promise<Map<string, Said> | undefined> {
    return Promise.resolve(this.#owners.peek(ownerKey(owner))).catch(() => undefined);
  }
}

/** Words of a person that fit, and where they were said. */
type FoundWords = Recalled & { readonly conversationId: string; readonly itemId: string };

function found(messages: ReadonlyMap<string, Said>, wanted: ReadonlySet<string>): FoundWords[] {
  const scores = new Map<Said, number>();
  let all = 0;
  for (const term of wanted) {
    const having: Said[] = [];
    for (const said of messages.values()) if (said.terms.has(term)) having.push(said);
    const weight = Math.log(1 + (messages.size - having.length + 0.5) / (having.length + 0.5));
    for (const said of having) scores.set(said, (scores.get(said) ?? 0) + weight);
    all += weight;
  }
  return [...scores]
    .map(([said, score]) => ({ said, score }))
    .sort((a, b) => b.score - a.score || b.said.atMs - a.said.atMs)
    .map(({ said, score }) => ({
      id: null,
      kind: 'said',
      text: said.text,
      validAtMs: said.atMs,
      score: score / all,
      conversationId: said.conversationId,
      itemId: said.itemId,
    }));
}

/** The words of a message of a person. */
export function wordsOf({ content }: MessageItem): string {
  return content
    .map((part) => ('text' in part ? part.text : 'transcript' in part ? (part.transcript ?? '') : ''))
    .join('');
}

/** Questions tell nothing, and who asks the same again would find them before the answer. */
function tells(text: string): boolean {
  return statesSomething(text.slice(0, MAX_CHARACTERS));
}

function toSaid(conversationId: string, item: MessageItem, text: string): Said {
  return { conversationId, itemId: item.id, text, atMs: item.createdAtMs, terms: new Set(termsOf(text)) };
}
