import type { MemoryKind } from '../memory.ts';
import type { LearnedFact } from './extraction-facts.ts';
import type { RuleRetraction } from './rules/finding.ts';
import { learned } from './rules/rule.ts';
import { RULES } from './rules/rule-list.ts';
import { statementOfMemory } from './rules/statement.ts';

/** A fact under the names that the rules give to what they learn, so that both speak of the same attribute. */
export interface NamedFact extends Omit<LearnedFact, 'kind'> {
  readonly kind: MemoryKind;
  readonly attribute: string | null;
  readonly value: string | null;
}

/** What a sentence adds, and what it says to be over. */
export interface NamedFacts {
  readonly facts: readonly NamedFact[];
  readonly ends: readonly RuleRetraction[];
}

/**
 * Has the rules read what a model wrote. They say which attribute it is and which value it has; what they cannot read is
 * one of many facts, without an attribute. A model is not asked: it would invent an attribute, and lose with it what has the same.
 */
export function named(fact: LearnedFact): NamedFacts {
  const statement = statementOfMemory(fact.text);
  const findings = (statement && learned(RULES, statement)) ?? [];
  const subject = statement?.who.subject ?? fact.subject;
  const ends = findings.filter((finding) => finding.type === 'retraction');
  const found = findings.filter((finding) => finding.type === 'fact');
  const plain: NamedFact = { ...fact, subject, attribute: null, value: null };
  if (found.length === 0) return { facts: ends.length > 0 ? [] : [plain], ends };
  const only = found.length === 1 ? found[0] : undefined;
  // Its own words say more than those of a rule, which reads only what it knows.
  if (only && only.attribute === null) return { facts: [plain], ends };
  return {
    facts: found.map(({ kind, text, subject, attribute, value }) => ({
      ...fact,
      ...{ kind, subject, attribute, value },
      text: only ? fact.text : text,
    })),
    ends,
  };
}
