import type { RuleFinding } from './finding.ts';
import type { Statement } from './statement.ts';

/** What one kind of statement says. The shape must fit all of the predicate, so that half a sentence is never believed. */
export interface Rule {
  /** Of what the statement must speak; unset: of the person themselves. */
  readonly thing?: RegExp;
  readonly shape: RegExp;
  /** @returns what is learned; null when the words are not what they looked like, and the next rule has its turn */
  learn(statement: Statement, ...groups: string[]): readonly RuleFinding[] | null;
}

/** What the first rule that fits learns; null when none does. */
export function learned(rules: readonly Rule[], statement: Statement): readonly RuleFinding[] | null {
  for (const { thing, shape, learn } of rules) {
    if (thing === undefined ? statement.thing !== null : !thing.test(statement.thing ?? '')) continue;
    const match = shape.exec(statement.predicate);
    const found = match && learn(statement, ...match.slice(1).map((group) => group ?? ''));
    if (found) return found;
  }
  return null;
}
