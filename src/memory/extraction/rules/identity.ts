import { ended, factAbout, factOf, profileOf, type RuleFinding, USER, type Who } from './finding.ts';
import { called, has } from './relatives.ts';
import type { Rule } from './rule.ts';
import { capitals, dateIn, nameIn, numberIn } from './values.ts';
import { GIVEN_NAMES, LANGUAGES, NATIONALITIES } from './words.ts';

/** Who somebody is: name, pronouns, age, languages, nation. */
export const IDENTITY: readonly Rule[] = [
  {
    thing: /^(?:first |full |real )?name$/,
    shape: /^is (?:called )?(.+)$/,
    learn: ({ who, negated, heard }, called) => named(who, nameIn(called, heard), negated),
  },
  {
    shape: /^is (?:called|named) (.+)$/,
    learn: ({ who, negated, heard }, called) => named(who, nameIn(called, heard), negated),
  },
  {
    thing: /^(?:last|family) name$|^surname$/,
    shape: /^is (.+)$/,
    learn: ({ who, negated, heard }, said) => {
      const name = nameIn(said, heard);
      if (name === null) return null;
      if (negated) return [ended(who, 'last name', name)];
      const details = { kind: profileOf(who), attribute: 'last name', value: name, importance: 0.9 } as const;
      return [factAbout(who, `last name is ${name}`, details)];
    },
  },
  {
    thing: /^nickname$/,
    shape: /^is (.+)$/,
    learn: ({ who, negated, heard }, called) => nicknamed(who, nameIn(called, heard), negated),
  },
  {
    shape: /^(?:goes by|wants? to be called|prefers? to be called|likes to be called) (.+)$/,
    learn: ({ who, negated, heard }, called) => nicknamed(who, nameIn(called, heard), negated),
  },
  {
    thing: /^(?:preferred )?pronouns$/,
    shape: /^are (.+)$/,
    learn: ({ who, negated }, said) => withPronouns(who, said, negated),
  },
  {
    shape: /^uses (.+?)(?: pronouns)?$/,
    learn: ({ who, negated }, said) => withPronouns(who, said, negated),
  },
  {
    shape: /^(?:was|is) born in ((?:19|20)\d{2})$/,
    learn: ({ who }, year) => [
      factOf(who, `was born in ${year}`, { attribute: 'birth year', value: year, importance: 0.8 }),
    ],
  },
  {
    shape: /^(?:was|is) born (?:on )?(.+)$/,
    learn: ({ who }, when) => bornOn(who, when),
  },
  {
    thing: /^birthday$/,
    shape: /^is (?:on )?(.+)$/,
    learn: ({ who, negated }, when) => (negated ? null : bornOn(who, when)),
  },
  {
    shape:
      /^(?:is|has (?:just )?turned|turned) ([\p{L}\d -]+?)(?: years? old| years of age)?(?: yesterday| today| last week| last month)?$/u,
    learn: ({ who, predicate, negated }, said) => {
      const years = numberIn(said);
      // `I am one` and `I'm 2` are no ages that somebody tells.
      if (years === null || years > 120 || (years < 5 && !/years? old/.test(predicate))) return null;
      if (negated) return [ended(who, 'age', String(years))];
      return [
        factOf(who, `is ${years} years old`, { attribute: 'age', value: String(years), importance: 0.75 }),
      ];
    },
  },
  {
    shape: /^(?:speaks|is fluent in|is speaking) (.+?)(?: (?:fluently|well|at home|at work))?$/,
    learn: ({ who, negated }, said) => {
      const spoken = said
        .split(/,? and |, /)
        .map((each) => each.replace(/^(?:a little|some|a bit of|fluent) /, ''));
      if (!spoken.every((each) => LANGUAGES.has(each.toLowerCase()))) return null;
      return spoken
        .map(capitals)
        .map((language) =>
          negated
            ? ended(who, null, language)
            : factOf(who, `speaks ${language}`, { attribute: null, value: language, importance: 0.7 }),
        );
    },
  },
  {
    shape: /^is learning ([\p{L}]+)$/u,
    learn: ({ who, negated }, language) =>
      LANGUAGES.has(language.toLowerCase()) && !negated
        ? [
            factOf(who, `is learning ${capitals(language)}`, {
              attribute: null,
              value: null,
              importance: 0.6,
            }),
          ]
        : null,
  },
  {
    thing: /^(?:native |first |mother )(?:language|tongue)$|^language$/,
    shape: /^is (\p{L}+)$/u,
    learn: ({ who, negated }, said) => {
      if (negated || !LANGUAGES.has(said.toLowerCase())) return null;
      const details = {
        kind: profileOf(who),
        attribute: 'language',
        value: capitals(said),
        importance: 0.8,
      } as const;
      return [factAbout(who, `native language is ${capitals(said)}`, details)];
    },
  },
  {
    thing: /^time ?zone$/,
    shape: /^is (.{2,40})$/,
    learn: ({ who, negated, heard }, said) => {
      const zone = heard && !/[/]/.test(said) ? said.split(' ').map(capitals).join(' ') : said;
      if (negated || !/^(?:[A-Z]\w+\/\w+|utc|gmt|[a-z]{3,4}|.+ time)(?:[ ]?[+-]\d{1,2})?$/i.test(zone))
        return null;
      const details = { kind: profileOf(who), attribute: 'timezone', value: zone, importance: 0.85 } as const;
      return [factAbout(who, `time zone is ${zone}`, details)];
    },
  },
  {
    shape: /^is (\p{L}+)$/u,
    learn: ({ who, negated }, said) => {
      if (!NATIONALITIES.has(said.toLowerCase())) return null;
      const nation = capitals(said);
      if (negated) return [ended(who, 'nationality', nation)];
      return [factOf(who, `is ${nation}`, { attribute: 'nationality', value: nation, importance: 0.7 })];
    },
  },
  {
    // `My boss is Peter`
    shape: /^is (\p{L}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)?)$/u,
    learn: ({ who, negated, heard }, said) =>
      who.subject === USER.subject || (heard && !GIVEN_NAMES.has(said.toLowerCase()))
        ? null
        : named(who, nameIn(said, heard), negated),
  },
];

function named(who: Who, name: string | null, negated: boolean): readonly RuleFinding[] | null {
  if (name === null) return null;
  if (negated) return [ended(who, 'name', name)];
  return [who.subject === USER.subject ? called(who, name) : has(who, name)];
}

function nicknamed(who: Who, name: string | null, negated: boolean): readonly RuleFinding[] | null {
  if (name === null) return null;
  if (negated) return [ended(who, 'nickname', name)];
  const details = { kind: profileOf(who), attribute: 'nickname', value: name, importance: 0.9 } as const;
  return [factOf(who, `wants to be called ${name}`, details)];
}

function withPronouns(who: Who, said: string, negated: boolean): readonly RuleFinding[] | null {
  const parts = said
    .toLowerCase()
    .split(/\s*(?:\/|\s|\band\b|\bslash\b)\s*/)
    .filter((part) => part !== '');
  if (parts.length < 2 || negated) return null;
  if (
    !parts.every((part) =>
      /^(?:she|her|hers|he|him|his|they|them|theirs?|it|its|xe|xem|ze|zir|hir|any)$/.test(part),
    )
  )
    return null;
  const details = {
    kind: profileOf(who),
    attribute: 'pronouns',
    value: parts.join('/'),
    importance: 0.9,
  } as const;
  return [factAbout(who, `pronouns are ${parts.join('/')}`, details)];
}

function bornOn(who: Who, when: string): readonly RuleFinding[] | null {
  const date = dateIn(when);
  if (date === null) return null;
  return [
    factAbout(who, `birthday is ${date}`, {
      kind: profileOf(who),
      attribute: 'birthday',
      value: date,
      importance: 0.9,
    }),
  ];
}
