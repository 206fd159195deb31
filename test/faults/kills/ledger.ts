import type { WireEvent } from '../../support/realtime-client.ts';
import { Facts } from './facts.ts';
import { answerTo, type Saying } from './sayings.ts';

/**
 * `asked`: nobody has said that it is kept; it may be there or not. `kept`: somebody has. `leaving`: to be deleted, and
 * nobody has said that it is; it may be there or not. `gone`: somebody has.
 */
type State = 'asked' | 'kept' | 'leaving' | 'gone';

interface Entry {
  readonly id: string;
  /** Null while nobody has said which it became. */
  conversationId: string | null;
  readonly role: 'user' | 'assistant';
  /** What left of its words; of an answer that is only asked for, all that can. */
  words: string;
  /** Null: not told yet. */
  status: string | null;
  state: State;
  /** What was heard of it; null: nobody has said, and of a spoken answer it may be less than what left. */
  heard: string | null;
  /** The one before it, which was kept when this one was asked for. */
  readonly after: string | null;
}

/** An item as the service shows it. */
export interface StoredItem {
  readonly id: string;
  readonly role: string;
  readonly status: string;
  /** Of an answer, what was heard. */
  readonly words: string;
  /** Of an answer, what left. */
  readonly sent: string | null;
}

/** What one person was told for certain, and what they have asked for and had no answer to. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #conversations = new Map<string, State>();
  readonly #facts = new Facts();
  /** Answers that were asked for and of which nobody has said that they are done. */
  readonly #unanswered: { readonly conversationId: string; readonly saying: Saying; isKnown: boolean }[] = [];
  /** The item of each conversation that was confirmed last. */
  readonly #last = new Map<string, string>();
  /** Errors that nobody expected. */
  readonly complaints: string[] = [];
  #confirmed = 0;
  /** How many answers were found that the service was killed in the middle of. */
  interrupted = 0;

  /** How often something was confirmed so far. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Somebody sends a message. */
  asked(saying: Saying, conversationId: string | null): string {
    const id = `item_${saying.name}`;
    const after = this.#last.get(conversationId ?? '') ?? null;
    const isCertain = after !== null && this.#entries.get(after)?.state === 'kept';
    this.#entries.set(id, {
      ...{ id, conversationId, role: 'user', words: saying.text, status: 'completed', state: 'asked' },
      ...{ heard: null, after: isCertain ? after : null },
    });
    if (saying.fact !== null) this.#facts.said(saying.fact, id);
    return id;
  }

  /** Somebody wants an answer. */
  answerAsked(saying: Saying, conversationId: string): void {
    this.#unanswered.push({ conversationId, saying, isKnown: false });
  }

  /** What a connection is told. */
  heard(conversationId: string, event: WireEvent): void {
    switch (event.type) {
      case 'conversation.item.added':
        if (event.item.role === 'assistant') this.#answerBegun(conversationId, event.item.id);
        return;
      case 'conversation.item.done':
        this.kept(event.item.id, wordsOf(event.item), event.item.status);
        return;
      case 'response.done':
        for (const item of event.response.output) this.kept(item.id, wordsOf(item), item.status);
        this.#answered(conversationId);
        return;
      case 'conversation.item.deleted':
        this.gone(event.item_id);
        return;
      case 'error':
        // It was answered faster than it was cancelled.
        if (event.error.code !== 'response_cancel_not_active')
          this.complaints.push(JSON.stringify(event.error));
    }
  }

  /** Somebody has said that it is there, with these words. */
  kept(id: string, words?: string, status?: string): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.state === 'gone' || entry.state === 'leaving') return;
    this.#confirmed++;
    // Who comes back is shown what was heard, which may be less than what left.
    if (entry.state === 'asked') {
      entry.words = words ?? entry.words;
      entry.status = status ?? entry.status;
    }
    entry.state = 'kept';
    if (entry.conversationId === null) return;
    this.#last.set(entry.conversationId, id);
    if (!this.#conversations.has(entry.conversationId)) this.#conversations.set(entry.conversationId, 'kept');
  }

  /** Which conversation an item became a part of. */
  keptIn(conversationId: string, id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.conversationId = conversationId;
    this.kept(id);
  }

  /** What was heard of it is going to change. */
  cutting(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.heard = null;
  }

  /** Somebody has shown what was heard of it. */
  cut(id: string, heard: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#confirmed++;
    entry.heard = heard;
  }

  leaving(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.state = 'leaving';
  }

  gone(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#confirmed++;
    entry.state = 'gone';
  }

  conversationLeaving(id: string): void {
    this.#conversations.set(id, 'leaving');
  }

  conversationGone(id: string): void {
    this.#confirmed++;
    this.#drop(id);
  }

  #drop(id: string): void {
    this.#conversations.set(id, 'gone');
    for (const entry of this.#entries.values()) if (entry.conversationId === id) entry.state = 'gone';
  }

  /** The conversations that are there for certain, oldest first. */
  get conversations(): string[] {
    return [...this.#conversations].filter(([, state]) => state === 'kept').map(([id]) => id);
  }

  /** The items of a conversation that are there for certain. */
  itemsOf(conversationId: string): readonly Readonly<Entry>[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.conversationId === conversationId && entry.state === 'kept',
    );
  }

  /**
   * What is wrong with what the service keeps, in words. What it shows is certain from now on, and what it does not show
   * is not to come back.
   */
  compare(stored: ReadonlyMap<string, readonly StoredItem[]>): string[] {
    const wrong: string[] = [];
    for (const [id, state] of this.#conversations) {
      if (state === 'gone' && stored.has(id)) wrong.push(`conversation ${id} was deleted and is there`);
      if (state !== 'leaving') continue;
      if (stored.has(id)) this.#conversations.set(id, 'kept');
      else this.#drop(id);
    }
    const seen = new Set<string>();
    for (const [conversationId, items] of stored) {
      const places = new Map(items.map(({ id }, index) => [id, index]));
      for (const [index, item] of items.entries()) {
        if (seen.has(item.id)) wrong.push(`item ${item.id} is there twice`);
        seen.add(item.id);
        const entry = this.#entries.get(item.id);
        if (!entry) {
          wrong.push(...this.#adopt(conversationId, item));
          continue;
        }
        if (entry.state === 'asked' && item.status === 'incomplete') this.interrupted++;
        wrong.push(...differences(entry, conversationId, item));
        if (entry.after !== null && (places.get(entry.after) ?? -1) > index)
          wrong.push(`item ${item.id} stands before ${entry.after}, which it follows`);
        settle(entry, conversationId, item);
        if (!this.#conversations.has(conversationId)) this.#conversations.set(conversationId, 'kept');
      }
    }
    for (const entry of this.#entries.values()) {
      if (seen.has(entry.id)) continue;
      if (entry.state === 'kept') wrong.push(`item ${entry.id} was kept and is lost: ${entry.words}`);
      if (entry.state !== 'asked') entry.state = 'gone';
      else {
        this.#entries.delete(entry.id);
        this.#facts.neverSaid(entry.id);
      }
    }
    this.#unanswered.length = 0;
    return wrong;
  }

  /** The same for what it remembers of them; to be asked for behind `compare`. */
  compareMemories(texts: readonly string[]): string[] {
    return this.#facts.compare(texts, (id) => this.#entries.get(id)?.state === 'kept');
  }

  #answerBegun(conversationId: string, id: string): void {
    const asked = this.#unanswered.findLast((one) => one.conversationId === conversationId);
    if (!asked || asked.isKnown || this.#entries.has(id)) return;
    asked.isKnown = true;
    this.#entries.set(id, {
      ...{ id, conversationId, role: 'assistant', words: answerTo(asked.saying.name), status: null },
      ...{ state: 'asked', heard: null, after: `item_${asked.saying.name}` },
    });
  }

  /** One answer after another: it is the newest that is done. */
  #answered(conversationId: string): void {
    const index = this.#unanswered.findLastIndex((one) => one.conversationId === conversationId);
    if (index >= 0) this.#unanswered.splice(index, 1);
  }

  /** An item that nobody was told of: an answer that had just begun, or something is wrong. */
  #adopt(conversationId: string, item: StoredItem): string[] {
    const asked = this.#unanswered.find(
      (one) =>
        one.conversationId === conversationId &&
        !one.isKnown &&
        answerTo(one.saying.name).startsWith(item.words),
    );
    if (!asked || item.role !== 'assistant')
      return [`item ${item.id} is there, and nobody has asked for it: ${item.words}`];
    asked.isKnown = true;
    const { id, words, status } = item;
    const entry: Entry = {
      ...{ id, conversationId, role: 'assistant', words, status, state: 'asked', heard: null, after: null },
    };
    this.#entries.set(id, entry);
    settle(entry, conversationId, item);
    if (item.status === 'incomplete') this.interrupted++;
    return isEnded(item) ? [] : [`item ${item.id} is still ${item.status}`];
  }
}

function differences(entry: Entry, conversationId: string, item: StoredItem): string[] {
  const { id, words, status, state } = entry;
  const wrong: string[] = [];
  if (state === 'gone') wrong.push(`item ${id} was deleted and is there`);
  if (entry.conversationId !== null && entry.conversationId !== conversationId)
    wrong.push(`item ${id} is in ${conversationId}, not in ${entry.conversationId}`);
  if (item.role !== entry.role) wrong.push(`item ${id} is of the ${item.role}`);
  const sent = item.sent ?? item.words;
  if (state === 'asked' ? !words.startsWith(sent) : words !== sent)
    wrong.push(`item ${id} says "${sent}", not "${words}"`);
  if (entry.heard === null ? !sent.startsWith(item.words) : entry.heard !== item.words)
    wrong.push(`item ${id} was heard as "${item.words}", not "${entry.heard ?? sent}"`);
  if (status === null ? !isEnded(item) : status !== item.status)
    wrong.push(`item ${id} is ${item.status}, not ${status ?? 'ended'}`);
  return wrong;
}

function settle(entry: Entry, conversationId: string, { words, sent, status }: StoredItem): void {
  entry.conversationId = conversationId;
  entry.words = sent ?? words;
  entry.heard = sent === null ? null : words;
  entry.status = status;
  entry.state = 'kept';
}

function isEnded({ status }: StoredItem): boolean {
  return status === 'completed' || status === 'incomplete';
}

/** The words of an item on either wire. */
export function wordsOf({ content }: WireEvent): string {
  const [part] = content;
  return part?.text ?? part?.transcript ?? '';
}
