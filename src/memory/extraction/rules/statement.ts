import type { Clause } from './clauses.ts';
import { USER, type Who } from './finding.ts';
import { related } from './relatives.ts';
import { nameIn, plainThing } from './values.ts';
import { baseForm, habitOf, thirdPerson } from './verbs.ts';
import { canBeMany, fitsPronoun, GIVEN_NAMES, RELATION } from './words.ts';

/** What a clause says of whom, in the third person, so that one rule reads `I live` and `my sister lives`. */
export interface Statement {
  readonly who: Who;
  /** What of them it speaks of: `name`, `favourite colour`; null: of themselves. */
  readonly thing: string | null;
  /** From the verb on, positive: `lives in Berlin` */
  readonly predicate: string;
  /** `does not live in Berlin`, `no longer lives in Berlin` */
  readonly negated: boolean;
  /** The name that was said in passing: `my sister Mona …` */
  readonly name: string | null;
  readonly heard: boolean;
}

const FIRST_PERSON = /^(?:I|we) (.+)$/i;
const OWN = /^(?:my|our) (.+)$/i;
const OUTSIDE = /^the user(?:'s (.+)| (.+))$/i;
const PRONOUN = /^(?:(he|she|they|it)|(his|her|their|its)) (.+)$/i;
const RELATED = new RegExp(`^(${RELATION})('s?)? (.+)$`, 'i');
const BELONGING =
  /^((?:first |last |full |middle |real )?(?:name|nickname|birthday|age|job|profession|pronouns|hobby|hometown|favou?rite (?:\p{L}+ ?){1,3}?)) (is|are|was|were) (.+)$/iu;
const THING = /^(.{2,40}?) (is|are|was|were) (.+)$/i;
const PRESENT =
  /^(?:is|has|lives|works|likes|loves|hates|comes|moved|speaks|plays|studies|died|does|can|was|turned)\b/i;

/** What no statement needs at its end. */
const TAIL =
  /[\s,]+(?:now|right now|at the moment|these days|nowadays|currently|already|actually|as well|too|also|again|by the way|though|please|any ?more|any longer|very much|so much|a lot|really|indeed|of course|yet|you know|as i said|thank you|thanks|just so you know|if you (?:must|want to) know|ok(?:ay)?|haha|lol|i guess|i think|after all|for now|instead|(?:,? ?)since (?:then|\S+(?: \S+){0,3})|for (?:\S+ ){1,2}(?:years?|months?|weeks?|ages|long))$/i;
const CONDITION = / (?:if|unless|whenever|until|when|while)\b/i;
const ADVERB =
  /^(?:really|also|just|currently|now|actually|still|always|usually|absolutely|totally|simply|truly|definitely|recently|finally|originally|personally|honestly|kind of|sort of|particularly|especially|mostly|officially|already|both|all|quite|rather|only|deeply) (?=\p{L})/iu;

/** @param referent whom `she` means: the relation that the clause before was about */
export function statementOf({ text, heard }: Clause, referent: Who | null): Statement | null {
  const plain = trimmed(text);
  if (plain === null) return null;
  const first = FIRST_PERSON.exec(plain)?.[1];
  if (first !== undefined) return acting(USER, first, { heard, name: null, base: true });
  const own = OWN.exec(plain)?.[1];
  if (own !== undefined) return belonging(own, heard);
  const [, pronoun, possessive, rest = ''] = PRONOUN.exec(plain) ?? [];
  if (referent === null || rest === '') return null;
  if (possessive !== undefined) {
    const fits = fitsPronoun(
      referent.subject,
      { his: 'he', her: 'she', its: 'it' }[possessive.toLowerCase()] ?? 'they',
    );
    return fits ? thingOf(referent, BELONGING.exec(rest), heard) : null;
  }
  if (pronoun === undefined || !fitsPronoun(referent.subject, pronoun.toLowerCase())) return null;
  return acting(referent, rest, { heard, name: null, base: pronoun.toLowerCase() === 'they' });
}

/** What a memory says, for a rule to read it again: `The user's sister lives in Rome.` */
export function statementOfMemory(text: string): Statement | null {
  const [, own, rest] = OUTSIDE.exec(text.replace(/\.$/, '')) ?? [];
  if (own !== undefined) return belonging(own, false);
  return rest === undefined ? null : acting(USER, rest, { heard: false, name: null, base: false });
}

function trimmed(text: string): string | null {
  if (CONDITION.test(text)) return null;
  let plain = text;
  for (let shorter = plain.replace(TAIL, ''); shorter !== plain; shorter = plain.replace(TAIL, ''))
    plain = shorter;
  return withoutWrong(plain);
}

/** `is not called Bruno but Brutus`, `is called Brutus, not Bruno` → `is called Brutus` */
function withoutWrong(text: string): string {
  const but =
    /^(.*?) not ((?:called|named|from|in|at|on|a|an|the|for|as)(?: (?=\S))(?:an? |the )?)?([^,]+?),? but (?:rather )?(?:\2)?(.+)$/i.exec(
      text,
    );
  if (but) return `${but[1]} ${but[2] ?? ''}${but[4]}`;
  return text.replace(
    /,? (?:and )?not (?:in |at |a |an |the |from |for )?(?:[\p{L}\d-]+ ?){1,3}$/iu,
    (wrong, offset: number) =>
      // `I am not vegan` and `I do not like it` are plain negations.
      /(?:\b(?:am|is|are|do|does|did|have|has|was|were|can|could|will|would)|'s)$/i.test(
        text.slice(0, offset),
      )
        ? wrong
        : '',
  );
}

function belonging(own: string, heard: boolean): Statement | null {
  const [, relation, genitive, rest = ''] = RELATED.exec(own) ?? [];
  if (relation === undefined) return thingOf(USER, THING.exec(own), heard);
  const who = related(relation);
  if (genitive !== undefined) {
    const thing = thingOf(who, BELONGING.exec(rest), heard);
    if (thing) return thing;
    return acting(who, /^got\b/i.test(rest) ? `has ${rest}` : `is ${rest}`, {
      heard,
      name: null,
      base: false,
    });
  }
  const [, called, after = ''] = /^([\p{L}'-]+),? (.+)$/u.exec(rest) ?? [];
  const isNamed =
    called !== undefined &&
    PRESENT.test(after) &&
    !PRESENT.test(`${called} `) &&
    (heard ? GIVEN_NAMES.has(called.toLowerCase()) : /^\p{Lu}/u.test(called));
  const name = isNamed ? nameIn(called, heard) : null;
  if (canBeMany(who.subject) && name !== null) {
    const friend = { subject: name.toLowerCase(), noun: `${who.noun} ${name}` };
    return acting(friend, after, { heard, name: null, base: false });
  }
  return acting(who, name === null ? rest : after, { heard, name, base: false });
}

function thingOf(who: Who, match: RegExpExecArray | null, heard: boolean): Statement | null {
  if (!match) return null;
  const [, thing = '', verb = '', rest = ''] = match;
  const denied = /^(?:not|no longer) (?:called )?(.+)$/i.exec(rest)?.[1];
  const predicate = `${verb.toLowerCase()} ${(denied ?? rest).replace(/^(?:now|actually|still|definitely|currently|really) /i, '')}`;
  return {
    who,
    thing: plainThing(thing),
    predicate,
    negated: denied !== undefined,
    name: null,
    heard,
  };
}

interface Manner {
  readonly heard: boolean;
  readonly name: string | null;
  /** The verb stands in its plain form: `I live`, `they live`. */
  readonly base: boolean;
}

/** What stands in the first group is denied; the second part says how it begins in the third person. */
const DENIED: readonly (readonly [shape: RegExp, begin: 'is' | 'has' | 'verb'])[] = [
  [/^(?:am|is|are) (?:not|no longer|never) (.+)$/i, 'is'],
  [/^(?:do|does) not (.+)$/i, 'verb'],
  [/^no longer (.+)$/i, 'verb'],
  [/^never (.+)$/i, 'verb'],
  [/^(?:have|has) (?:not|no(?! idea)) (.+)$/i, 'has'],
];
const GIVEN_UP = /^(?:(?:have|has) )?(?:quit|stopped|given up|gave up) ([a-z]+ing)\b(.*)$/i;
const CAN_NOT_STAND = /^can not (?:stand|bear) (.+)$/i;

function acting(who: Who, said: string, { heard, name, base }: Manner): Statement {
  const rest = withoutAdverbs(said).replace(
    /^(have|has|am|is|are) (.+)$/i,
    (_, verb: string, of: string) => `${verb} ${withoutAdverbs(of)}`,
  );
  const [, given = '', of = ''] = GIVEN_UP.exec(rest) ?? [];
  const habit = habitOf(given.toLowerCase());
  if (habit !== null)
    return { who, thing: null, predicate: `${thirdPerson(habit)}${of}`, negated: true, name, heard };
  for (const [shape, begin] of DENIED) {
    const denied = shape.exec(rest)?.[1];
    if (denied === undefined) continue;
    const plain = withoutAdverbs(denied);
    const predicate =
      begin === 'verb' ? withVerb(plain, (verb) => thirdPerson(baseForm(verb))) : `${begin} ${plain}`;
    return { who, thing: null, predicate, negated: true, name, heard };
  }
  const predicate = withVerb(rest.replace(CAN_NOT_STAND, 'hate $1'), (verb) =>
    base || /^(?:am|are|have|hate)$/.test(verb) ? thirdPerson(verb) : verb,
  );
  return { who, thing: null, predicate, negated: false, name, heard };
}

function withVerb(text: string, change: (verb: string) => string): string {
  return text.replace(/^[\p{L}']+/u, (verb) => change(verb.toLowerCase()));
}

function withoutAdverbs(text: string): string {
  let rest = text;
  for (let shorter = rest.replace(ADVERB, ''); shorter !== rest; shorter = rest.replace(ADVERB, ''))
    rest = shorter;
  return rest;
}
