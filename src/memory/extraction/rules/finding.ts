import type { MemoryKind } from '../../memory.ts';

/** Something that holds from now on. */
export interface RuleFact {
  readonly type: 'fact';
  readonly kind: MemoryKind;
  /** `The user lives in Berlin.` */
  readonly text: string;
  /** `user`, `sister`, `older sister`, `dog` */
  readonly subject: string;
  /** As in `Memory`: null when many can be true at a time. */
  readonly attribute: string | null;
  readonly value: string | null;
  readonly importance: number;
}

/** What no longer holds, with nothing in its place. Null: whatever it is. */
export interface RuleRetraction {
  readonly type: 'retraction';
  readonly subject: string;
  readonly attribute: string | null;
  readonly value: string | null;
}

/** `It's Alicia, not Alice.` Of what, the message before or the memory tells. */
export interface RuleCorrection {
  readonly type: 'correction';
  /** Null when it is not said: it is what was said last. */
  readonly wrong: string | null;
  readonly right: string;
}

export type RuleFinding = RuleFact | RuleRetraction | RuleCorrection;

/** Whom a statement is about. */
export interface Who {
  readonly subject: string;
  /** At the beginning of a sentence: `The user`, `The user's sister`. */
  readonly noun: string;
}

export const USER: Who = { subject: 'user', noun: 'The user' };

interface Told {
  readonly kind?: MemoryKind;
  readonly attribute: string | null;
  readonly value: string | null;
  readonly importance: number;
}

/** Longer ones are no attributes that somebody would mention again. */
const MAX_ATTRIBUTE = 64;

/** @param told the sentence without its subject and stop: `lives in Berlin` */
export function factOf(
  who: Who,
  told: string,
  { kind = 'fact', attribute, value, importance }: Told,
): RuleFact {
  return {
    type: 'fact',
    kind,
    text: `${who.noun} ${told}.`,
    subject: who.subject,
    attribute: attribute !== null && attribute.length > MAX_ATTRIBUTE ? null : attribute,
    value,
    importance,
  };
}

/** Of what belongs to somebody: `The user's favourite colour is blue.` */
export function factAbout(who: Who, told: string, details: Told): RuleFact {
  return factOf({ subject: who.subject, noun: `${who.noun}'s` }, told, details);
}

export function ended(who: Who, attribute: string | null, value: string | null): RuleRetraction {
  return { type: 'retraction', subject: who.subject, attribute, value };
}

/** Who people are goes into their profile; who somebody else is, is a fact about the person. */
export function profileOf(who: Who): MemoryKind {
  return who.subject === USER.subject ? 'profile' : 'fact';
}
