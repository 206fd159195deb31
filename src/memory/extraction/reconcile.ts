import type { Owner } from '../../conversation/store.ts';
import type { Memory, MemoryChange } from '../memory.ts';
import { fingerprintOf, memoryId } from '../memory-id.ts';
import { termsOf } from '../terms.ts';
import { type NamedFact, named } from './extraction-attribute.ts';
import type { LearnedFact } from './extraction-facts.ts';
import { isEnded } from './rule-changes.ts';

export interface Learned {
  readonly owner: Owner;
  readonly conversationId: string;
  readonly facts: readonly LearnedFact[];
  /** As they were numbered for the model, from 1. */
  readonly known: readonly Memory[];
  readonly nowMs: number;
}

export interface Reconciled {
  readonly changes: readonly MemoryChange[];
  /** Facts that were known already, in these or in other words. */
  readonly repeated: number;
}

type Said = Pick<Memory, 'kind' | 'text' | 'subject' | 'attribute' | 'value'>;

/** What facts change of what is known: each is added, takes the place of something, ends something, or is nothing new. */
export function reconcile({ owner, conversationId, facts, known, nowMs }: Learned): Reconciled {
  const changes: MemoryChange[] = [];
  const said: Said[] = known.filter(({ invalidAtMs }) => invalidAtMs === null);
  let repeated = 0;
  for (const fact of facts) {
    const { facts: news, ends } = named(fact);
    const replaced = fact.replaces.flatMap((number) => known[number - 1] ?? []);
    const atMs = fact.source.saidAtMs;
    for (const end of ends) {
      for (const memory of known.filter((each) => isEnded(each, end)))
        changes.push({ type: 'end', id: memory.id, atMs });
    }
    for (const one of news) {
      const over = replaced.filter((memory) => canReplace(one, memory));
      const same = said.find((other) => !over.some((gone) => gone === other) && saysNothingNew(one, other));
      if (same) {
        repeated++;
        for (const { id } of over) changes.push({ type: 'end', id, atMs });
        continue;
      }
      said.push(one);
      const source = { conversationId, itemId: fact.source.itemId };
      const { text, kind, subject, attribute, value, importance, context } = one;
      const memory = { text, kind, subject, attribute, value, importance, context, source };
      const id = memoryId(owner, source, text);
      changes.push({
        type: 'add',
        memory: { ...memory, id, validAtMs: atMs, createdAtMs: nowMs },
        supersedes: over.map((each) => each.id),
      });
    }
  }
  return { changes, repeated };
}

/**
 * Whether a fact may take the place of a memory that the model says it replaces. A number is soon mistaken and a memory
 * soon lost, so they must be about the same: the same attribute, or the same subject and a word that says what.
 */
function canReplace(fact: NamedFact, memory: Memory): boolean {
  if (memory.subject !== fact.subject) return false;
  if (memory.attribute !== null && memory.attribute === fact.attribute) return true;
  const words = contentOf(memory).words;
  return [...contentOf(fact).words].some((word) => words.has(word));
}

/** Whether all that a fact says is said already, in these or in other words. */
function saysNothingNew(fact: Said, other: Said): boolean {
  if (fingerprintOf(fact.text) === fingerprintOf(other.text)) return true;
  if (fact.subject !== other.subject) return false;
  if (fact.attribute !== null && other.attribute !== null) {
    return (
      fact.attribute === other.attribute &&
      fingerprintOf(fact.value ?? '') === fingerprintOf(other.value ?? '')
    );
  }
  const [mine, theirs] = [contentOf(fact), contentOf(other)];
  return (
    mine.words.size > 0 &&
    mine.words.isSubsetOf(theirs.words) &&
    mine.turns.size === theirs.turns.size &&
    mine.turns.isSubsetOf(theirs.turns)
  );
}

/** Words of the notes themselves. */
const COMMON: ReadonlySet<string> = new Set(termsOf('user person called named name'));
/** They turn what is said into something else: `used to live in Rome` does not say `lives in Rome`. */
const TURNS: ReadonlySet<string> = new Set(
  termsOf(
    'not never no nor without longer stopped quit used former past previous want wish hope plan maybe might until since before after',
  ),
);
const SAME: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['like', 'love', 'enjoy', 'adore'],
    ['hate', 'dislike', 'detest', 'loathe'],
    ['live', 'reside'],
  ].flatMap(([first = '', ...others]) =>
    others.map((other) => [termsOf(other)[0] ?? other, termsOf(first)[0] ?? first]),
  ),
);

/** What a sentence is about, and what turns it. Numbers turn it too: in May is not in June, and two are not three. */
function contentOf({ text, kind }: Said): { words: Set<string>; turns: Set<string> } {
  const terms = termsOf(text)
    .filter((term) => !COMMON.has(term))
    .map((term) => SAME[term] ?? term);
  const turns = (term: string) => TURNS.has(term) || (kind === 'event' && /\d/.test(term));
  return {
    words: new Set(terms.filter((term) => !turns(term))),
    turns: new Set(terms.filter(turns)),
  };
}
