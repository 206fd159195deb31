import { factOf, profileOf, type RuleFact, USER, type Who } from './finding.ts';
import { canBeMany, relationOf } from './words.ts';

/** `older sister` → `The user's older sister` */
export function related(relation: string): Who {
  const subject = relationOf(relation);
  return { subject, noun: `The user's ${subject}` };
}

/** That the user has them, and what they are called. Somebody may have many friends, so that none takes another's place. */
export function has(whose: Who, name: string | null): RuleFact {
  const relation = whose.subject;
  if (name !== null && !canBeMany(relation)) return called(whose, name);
  const told = `has ${/^[aeiou]/.test(relation) ? 'an' : 'a'} ${relation}`;
  const details = { attribute: null, value: name, importance: 0.7 };
  if (name === null) return factOf({ subject: relation, noun: USER.noun }, told, details);
  return factOf({ subject: name.toLowerCase(), noun: USER.noun }, `${told} called ${name}`, details);
}

/** What somebody is called, in the words that are used for all. */
export function called(who: Who, name: string): RuleFact {
  const told = { kind: profileOf(who), attribute: 'name', value: name } as const;
  return who.subject === USER.subject
    ? factOf({ ...who, noun: `${who.noun}'s name` }, `is ${name}`, { ...told, importance: 0.95 })
    : factOf(who, `is called ${name}`, { ...told, importance: 0.8 });
}
