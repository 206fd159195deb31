import type { Owner } from '../../conversation/store.ts';
import type { Memory, MemoryChange, MemorySource, NewMemory } from '../memory.ts';
import { fingerprintOf, memoryId } from '../memory-id.ts';
import { corrected } from './rules/corrected.ts';
import type { RuleCorrection, RuleFact, RuleFinding, RuleRetraction } from './rules/finding.ts';
import { factsIn, findingsIn } from './rules.ts';

/** A message of a person. */
export interface SaidMessage {
  readonly source: MemorySource;
  readonly text: string;
  readonly saidAtMs: number;
}

/** What must be known of a memory to end it or to set it right. */
export type HeldMemory = Pick<Memory, 'id' | 'text' | 'subject' | 'attribute' | 'value'>;

export interface RuleReading {
  readonly owner: Owner;
  readonly message: SaidMessage;
  /** What the person said before it in the same conversation: `I meant Bergen` is about that. Null when it is the first. */
  readonly previousText: string | null;
  /**
   * What is remembered of the person and holds, oldest first. What is not given cannot be ended or set right by this
   * message (its subject and attribute are superseded by the store all the same). Of a batch, each message needs what the
   * ones before it have changed: `heldAfter`.
   */
  readonly held: readonly HeldMemory[];
  readonly nowMs: number;
}

/** What the rules make of a message, as changes of the memory. The same message makes the same changes. */
export function ruleChanges(reading: RuleReading): MemoryChange[] {
  const changes: MemoryChange[] = [];
  let held = reading.held;
  for (const finding of findingsIn(reading.message.text)) {
    const next = changesOf(finding, { ...reading, held });
    changes.push(...next);
    held = heldAfter(held, next);
  }
  return changes;
}

function changesOf(finding: RuleFinding, reading: RuleReading): MemoryChange[] {
  const { message, previousText, held } = reading;
  switch (finding.type) {
    case 'fact':
      return [addition(finding, [], reading)];
    case 'retraction':
      return held
        .filter((memory) => isEnded(memory, finding))
        .map(({ id }) => ({ type: 'end', id, atMs: message.saidAtMs }));
    case 'correction': {
      const right = setRight(finding, previousText, held);
      return right ? [addition(right.fact, right.wrongId === null ? [] : [right.wrongId], reading)] : [];
    }
  }
}

function addition(
  { type: _, ...told }: RuleFact,
  supersedes: readonly string[],
  { owner, message: { source, text, saidAtMs }, nowMs }: RuleReading,
): MemoryChange {
  const id = memoryId(owner, source, told.text);
  const memory: NewMemory = { ...told, id, validAtMs: saidAtMs, source, createdAtMs: nowMs, context: text };
  return { type: 'add', memory, supersedes };
}

/** What holds when these changes are applied. */
export function heldAfter(
  held: readonly HeldMemory[],
  changes: readonly MemoryChange[],
): readonly HeldMemory[] {
  return changes.reduce((before: readonly HeldMemory[], change) => {
    if (change.type === 'end') return before.filter(({ id }) => id !== change.id);
    if (change.type === 'edit') return before;
    const { memory, supersedes } = change;
    if (before.some((one) => saysTheSame(one, memory))) return before;
    return [...before.filter((one) => !isRival(one, memory) && !supersedes.includes(one.id)), memory];
  }, held);
}

type Said = Omit<HeldMemory, 'id'>;

function isRival(one: Said, other: Said): boolean {
  return one.attribute !== null && one.attribute === other.attribute && one.subject === other.subject;
}

function saysTheSame(one: Said, other: Said): boolean {
  return (
    fingerprintOf(one.text) === fingerprintOf(other.text) ||
    (isRival(one, other) && isSameValue(one.value, other.value))
  );
}

function isSameValue(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && fingerprintOf(one) === fingerprintOf(other);
}

/** Whether a memory is what no longer holds. */
export function isEnded(memory: HeldMemory, { subject, attribute, value }: RuleRetraction): boolean {
  return (
    memory.subject === subject &&
    (attribute === null || memory.attribute === attribute) &&
    (value === null || isSameValue(memory.value, value))
  );
}

/** What was said before is what is set right; when that has nothing of the kind, what is remembered and has the wrong value. */
function setRight(
  correction: RuleCorrection,
  previousText: string | null,
  held: readonly HeldMemory[],
): { readonly fact: RuleFact; readonly wrongId: string | null } | null {
  for (const before of factsIn(previousText ?? '').toReversed()) {
    const fact = corrected(before, correction);
    if (fact) return { fact, wrongId: null };
  }
  if (correction.wrong === null) return null;
  for (const memory of held.toReversed()) {
    const fact = corrected(memory, correction);
    if (fact) return { fact, wrongId: memory.id };
  }
  return null;
}
