import { ended, type RuleFinding, type RuleRetraction, USER } from './finding.ts';
import { related } from './relatives.ts';
import { RELATION } from './words.ts';

const THINGS: Readonly<Record<string, readonly string[]>> = {
  name: ['name', 'nickname', 'last name'],
  nickname: ['nickname'],
  surname: ['last name'],
  birthday: ['birthday', 'birth year'],
  age: ['age', 'birth year'],
  job: ['job', 'employer'],
  employer: ['employer'],
  address: ['home'],
  home: ['home'],
  hometown: ['hometown'],
  diet: ['diet'],
  pronouns: ['pronouns'],
  relationship: ['relationship'],
};
const THING = new RegExp(`^(?:my|our) (${Object.keys(THINGS).join('|')})$`, 'i');
const WHOSE = new RegExp(`^(?:my|our) (${RELATION})(?:'s .+)?$`, 'i');
const WHERE: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^where I live$/i, ['home']],
  [/^where I (?:come|am) from$/i, ['hometown']],
  [/^(?:where I work|what I do(?: for a living)?)$/i, ['job', 'employer']],
  [/^(?:who I am|what I am called)$/i, ['name', 'nickname', 'last name']],
  [/^how old I am$/i, ['age', 'birth year']],
];

/**
 * What somebody asks to be forgotten: `my name`, `where I live`, `my dog`, or what a statement says.
 *
 * @param stated what the rules understand of the words, if they are a statement
 */
export function forgotten(text: string, stated: readonly RuleFinding[]): readonly RuleRetraction[] {
  const attributes =
    THINGS[THING.exec(text)?.[1]?.toLowerCase() ?? ''] ?? WHERE.find(([shape]) => shape.test(text))?.[1];
  if (attributes) return attributes.map((attribute) => ended(USER, attribute, null));
  const relation = WHOSE.exec(text)?.[1];
  if (relation !== undefined) return [ended(related(relation), null, null)];
  return stated.flatMap((finding) => {
    if (finding.type !== 'fact') return [];
    const { subject, attribute, value } = finding;
    // With neither it would be everything about them.
    return attribute === null && value === null ? [] : [{ type: 'retraction', subject, attribute, value }];
  });
}
