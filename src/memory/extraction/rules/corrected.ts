import type { RuleCorrection, RuleFact } from './finding.ts';
import { learned } from './rule.ts';
import { RULES } from './rule-list.ts';
import { statementOfMemory } from './statement.ts';
import { dateIn } from './values.ts';

/** What is set right. */
export type Correctable = Pick<RuleFact, 'text' | 'subject' | 'attribute' | 'value'>;

/**
 * The fact with the right value in the place of the wrong one, read again by the rules: what is no name does not become
 * somebody's name. Null when the correction is about something else.
 */
export function corrected(fact: Correctable, { wrong, right }: RuleCorrection): RuleFact | null {
  const { text, attribute, value } = fact;
  if (attribute === null || value === null) return null;
  const isMeant = wrong === null || sameWords(wrong, value) || sameWords(dateIn(wrong) ?? wrong, value);
  if (!isMeant || !text.includes(value)) return null;
  const at = text.lastIndexOf(value);
  const put = /^\p{Lu}/u.test(value) ? right.charAt(0).toUpperCase() + right.slice(1) : right;
  const statement = statementOfMemory(`${text.slice(0, at)}${put}${text.slice(at + value.length)}`);
  const found = statement && learned(RULES, statement);
  const isSame = (one: { subject: string; attribute: string | null }) =>
    one.subject === fact.subject && one.attribute === attribute;
  return (
    found?.find((one): one is RuleFact => one.type === 'fact' && isSame(one) && one.value !== value) ?? null
  );
}

function sameWords(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
