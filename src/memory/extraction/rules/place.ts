import { ended, factOf, profileOf, type RuleFinding, type Who } from './finding.ts';
import type { Rule } from './rule.ts';
import { fromOutside, organisationIn, placeIn, withProperNames } from './values.ts';
import { COMMON, isOccupation } from './words.ts';

/** Where somebody lives and comes from, and what they do all day. */
export const PLACE: readonly Rule[] = [
  {
    shape: /^(?:lives|is based|resides|is living|is at home|has been living) in (.+)$/,
    learn: ({ who, negated, heard }, where) => living(who, where, negated, heard),
  },
  {
    shape: /^(?:has )?(?:moved|relocated)(?: from .+?)?(?: back| again,?)? to (.+)$/,
    learn: ({ who, negated, heard }, where) => living(who, where, negated, heard),
  },
  {
    thing: /^home$/,
    shape: /^is (?:now )?(?:in )?(.+)$/,
    learn: ({ who, negated, heard }, where) => living(who, where, negated, heard),
  },
  {
    shape: /^(?:used to live|lived) in (.+)$/,
    learn: ({ who, negated, heard }, where) => {
      const place = placeIn(where, heard);
      if (place === null || negated) return null;
      return [
        factOf(who, `used to live in ${place}`, { attribute: null, value: null, importance: 0.4 }),
        ended(who, 'home', place),
      ];
    },
  },
  {
    shape: /^(is from|comes from|is originally from|grew up in|is native to|was raised in) (.+)$/,
    learn: ({ who, negated, heard }, _, where) => {
      const place = placeIn(where, heard);
      if (place === null) return null;
      if (negated) return [ended(who, 'hometown', place)];
      return [factOf(who, `is from ${place}`, { attribute: 'hometown', value: place, importance: 0.7 })];
    },
  },
  {
    thing: /^home ?town$/,
    shape: /^is (.+)$/,
    learn: ({ who, negated, heard }, where) => {
      const place = placeIn(where, heard);
      if (place === null || negated) return null;
      return [factOf(who, `is from ${place}`, { attribute: 'hometown', value: place, importance: 0.7 })];
    },
  },
  {
    shape:
      /^lives (alone|by (?:my|him|her)self|with .{3,40}|in an? (?:[\p{L}-]+ ){0,2}(?:flat|apartment|house|studio|caravan|boat|village|suburb|farm|cottage|bungalow|shared flat|dorm|commune))$/u,
    learn: ({ who, negated }, said) => {
      if (/\b(?:you|your|it|this|that|fear|pain)\b/i.test(said)) return null;
      const told = /^by /.test(said) ? 'alone' : fromOutside(said);
      const attribute = /^in /.test(said) ? 'dwelling' : 'household';
      if (negated) return [ended(who, attribute, null)];
      return [factOf(who, `lives ${told}`, { attribute, value: told, importance: 0.65 })];
    },
  },
  {
    shape: /^(?:was|is) born in (.+)$/,
    learn: ({ who, heard }, where) => {
      const place = placeIn(where, heard);
      if (place === null) return null;
      return [
        factOf(who, `was born in ${place}`, { attribute: 'birthplace', value: place, importance: 0.7 }),
      ];
    },
  },
  {
    shape: /^works as (?:an? |the )?(.+?)(?: (?:at|for|in) (.+))?$/,
    learn: ({ who, negated, heard }, job, employer) => working(who, job, employer, negated, heard, false),
  },
  {
    thing: /^(?:job|profession|occupation)$/,
    shape: /^is (?:an? |to be an? )?(.+)$/,
    learn: ({ who, negated, heard }, job) =>
      isOccupation(job) ? working(who, job, '', negated, heard, false) : null,
  },
  {
    shape: /^is (?:an? |now an? )(.+?)(?: (?:at|for) (.+))?$/,
    learn: ({ who, negated, heard }, job, employer) => working(who, job, employer, negated, heard, true),
  },
  {
    shape: /^works (at|for) (.+)$/,
    learn: ({ who, negated, heard }, where, name) =>
      employed(who, where, organisationIn(name, heard), negated),
  },
  {
    // A field or a town
    shape: /^works in ((?!an?\b|the\b|shifts?\b|teams?\b|my\b|our\b)[\p{L}-]+(?: [\p{L}-]+){0,2})$/u,
    learn: ({ who, negated }, where) =>
      COMMON.has(where.toLowerCase())
        ? null
        : negated
          ? [ended(who, null, where)]
          : [factOf(who, `works in ${where}`, { attribute: null, value: where, importance: 0.7 })],
  },
  {
    shape: /^is (?:employed|working) (at|by|for) (.+)$/,
    learn: ({ who, negated, heard }, where, name) =>
      employed(who, where === 'by' ? 'for' : where, organisationIn(name, heard), negated),
  },
  {
    shape: /^(?:has )?(?:quit|left|lost) (?:my|his|her|their) job$/,
    learn: ({ who }) => [ended(who, 'job', null), ended(who, 'employer', null)],
  },
  {
    shape: /^(?:is|got|has) (retired|unemployed|self-employed)$/,
    learn: ({ who, negated }, state) => {
      if (negated) return [ended(who, 'job', state)];
      const job = factOf(who, `is ${state}`, {
        kind: profileOf(who),
        attribute: 'job',
        value: state,
        importance: 0.8,
      });
      return [job, ended(who, 'employer', null)];
    },
  },
  {
    shape: /^(?:studies|is studying) (?!for\b|hard\b|a lot\b|at\b)([\p{L} ]{3,40}?)(?: (?:at|in) (.+))?$/u,
    learn: ({ who, negated }, subject) => {
      if (negated) return [ended(who, 'studies', null)];
      const studies = withProperNames(subject);
      return [factOf(who, `studies ${studies}`, { attribute: 'studies', value: studies, importance: 0.75 })];
    },
  },
];

function living(who: Who, where: string, negated: boolean, heard: boolean): readonly RuleFinding[] | null {
  const place = placeIn(where, heard);
  if (place === null) return null;
  if (negated) return [ended(who, 'home', place)];
  return [
    factOf(who, `lives in ${place}`, {
      kind: profileOf(who),
      attribute: 'home',
      value: place,
      importance: 0.9,
    }),
  ];
}

function working(
  who: Who,
  job: string,
  employer: string,
  negated: boolean,
  heard: boolean,
  mayBeAnything: boolean,
): readonly RuleFinding[] | null {
  if (mayBeAnything ? !isOccupation(job) : job.split(' ').length > 5) return null;
  // `as fast as I can`
  if (/ as\b|\b(?:I|you|it|can)\b/.test(job)) return null;
  if (negated) return [ended(who, 'job', job)];
  const article = /^[aeio]/i.test(job) ? 'an' : 'a';
  const told = /\bstudent$|^retired\b/i.test(job) ? `is ${article} ${job}` : `works as ${article} ${job}`;
  const facts = [factOf(who, told, { kind: profileOf(who), attribute: 'job', value: job, importance: 0.85 })];
  const at = employer === '' ? null : employed(who, 'at', organisationIn(employer, heard), false);
  return [...facts, ...(at ?? [])];
}

function employed(
  who: Who,
  where: string,
  name: string | null,
  negated: boolean,
): readonly RuleFinding[] | null {
  if (name === null) return null;
  if (negated) return [ended(who, 'employer', name)];
  const details = { kind: profileOf(who), attribute: 'employer', value: name, importance: 0.8 } as const;
  return [factOf(who, `works ${where} ${name}`, details)];
}
