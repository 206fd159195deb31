import { ended, factAbout, factOf, type RuleFinding, type Who } from './finding.ts';
import { has, related } from './relatives.ts';
import type { Rule } from './rule.ts';
import { capitals, fromOutside, listIn, nameIn, withProperNames } from './values.ts';
import { CONDITION, RELATION, RELATIONS, RELATIONSHIP } from './words.ts';

const COUNT = '(two|three|four|five|six|seven|eight|nine|ten|\\d{1,2}|no)';
const WEEKDAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const MONTH = '(?:january|february|march|april|may|june|july|august|september|october|november|december)';
/** A day to come. */
const WHEN = new RegExp(
  `\\b(?:tomorrow|on ${WEEKDAY}|(?:next|this|the coming) (?:week(?:end)?|month|year|spring|summer|autumn|fall|winter|${WEEKDAY}|${MONTH})|in (?:a|an|one|two|three|four|five|six|\\d+) (?:days?|weeks?|months?|years?)|(?:in|on|at) (?:the )?(?:\\d{1,2}(?:st|nd|rd|th)?(?: of)? )?${MONTH}(?: \\d{1,2}(?:st|nd|rd|th)?)?|on the \\d{1,2}(?:st|nd|rd|th)|at (?:christmas|easter))\\b`,
  'i',
);
const MAX_PLAN = 120;
/** `a peanut allergy` is one to peanuts. */
const COUNTABLE = /^((?:\w+ )?(?:peanut|nut|walnut|hazelnut|almond|egg|cat|dog|horse|bee|wasp|apple))$/i;

/** Family and pets, health, plans. */
export const LIFE: readonly Rule[] = [
  {
    shape: new RegExp(
      `^has (?:got )?(?:an? |one )(${RELATION})(?:,? (?:(?:called|named|by the name of|whose name is) )?(.+))?$`,
    ),
    learn: ({ who, negated, heard }, relation, said) => {
      if (who.subject !== 'user') return null;
      const whose = related(relation);
      const name = said === '' ? null : nameIn(said, heard);
      if (said !== '' && name === null) return null;
      if (negated) return [ended(whose, null, null)];
      return [has(whose, name)];
    },
  },
  {
    shape: new RegExp(`^has (?:got )?any (${RELATION}|${RELATIONS})$`),
    learn: ({ negated }, relation) => (negated ? [ended(related(relation), null, null)] : null),
  },
  {
    shape: new RegExp(`^has (?:got )?${COUNT} (${RELATIONS})$`),
    learn: ({ who, negated }, count, relations) => {
      if (negated || count === 'no') return null;
      const subject = relations.toLowerCase().replace(/^kids$/, 'children');
      return [
        factOf(who, `has ${count} ${subject}`, {
          attribute: `number of ${subject}`,
          value: count,
          importance: 0.75,
        }),
      ];
    },
  },
  {
    shape:
      /^(?:is|got|has got|has been) (?:(?:happily|newly|recently|now) )?(.+?)(?: to (.+))?(?: last \w+| this \w+| in \d{4})?$/,
    learn: ({ who, negated, heard }, state, to) => {
      if (!RELATIONSHIP.test(state)) return null;
      if (negated) return [ended(who, 'relationship', state)];
      const name = to === '' ? null : nameIn(to, heard);
      if (to !== '' && name === null) return null;
      const fact = factOf(who, `is ${state.toLowerCase()}`, {
        attribute: 'relationship',
        value: state.toLowerCase(),
        importance: 0.75,
      });
      return name !== null && who.subject === 'user' ? [fact, has(related('partner'), name)] : [fact];
    },
  },
  {
    shape: /^is (?:(?:severely|very|highly|extremely|also|slightly) )?allergic to (.+)$/,
    learn: ({ who, negated }, said) => allergies(who, said, negated),
  },
  {
    shape:
      /^has (?:got )?(?:an? )?(?:(?:severe|strong|bad|bit of a) )?(?:allergy to (.+)|([\p{L}]+) allergy)$/u,
    learn: ({ who, negated }, to, of) => allergies(who, to === '' ? of : to, negated),
  },
  {
    shape:
      /^is ((?:lactose|gluten|fructose|histamine)[- ]intolerant|(?:a )?coeliac|(?:a )?celiac|(?:a )?diabetic|(?:an )?asthmatic|colou?r[- ]?blind|deaf|blind|hard of hearing|left-handed|pregnant|dyslexic|autistic)$/,
    learn: ({ who, negated }, state) => {
      const value = state.replace(/^an? /, '');
      if (negated) return [ended(who, null, value)];
      return [factOf(who, `is ${state}`, { attribute: null, value, importance: 0.9 })];
    },
  },
  {
    shape: /^(?:has|suffers from|was diagnosed with|has been diagnosed with) (.+)$/,
    learn: ({ who, negated }, said) => {
      const condition = CONDITION.exec(said)?.[1]?.toLowerCase();
      if (condition === undefined) return null;
      const value = condition
        .replace(/^an? /, '')
        .replace(/^crohn|^parkinson|^alzheimer/, (name) => name.charAt(0).toUpperCase() + name.slice(1));
      if (negated) return [ended(who, null, value)];
      const article = /^(?:pacemaker|heart condition)$/.test(value) ? 'a ' : '';
      return [factOf(who, `has ${article}${value}`, { attribute: null, value, importance: 0.95 })];
    },
  },
  {
    shape: /^(?:has )?(?:died|passed away)(?: .{1,30})?$/,
    learn: ({ who, negated }) =>
      negated || who.subject === 'user'
        ? null
        : [factOf(who, 'has died', { attribute: null, value: null, importance: 0.9 })],
  },
  {
    shape:
      /^(is (?:going to \w+|[a-z]+ing)\b.+|will \w+\b.+|has (?:got )?(?:an? |my )?(?:\w+ ){0,2}(?:appointment|meeting|exam|interview|flight|surgery|operation|date|concert|test|wedding|party|trip|holiday)\b.+)$/i,
    learn: ({ who, negated, heard }, plan) => (negated ? null : planned(who, heard ? withPlace(plan) : plan)),
  },
  {
    thing:
      /^(?:\w+ )?(?:wedding|appointment|exam|interview|flight|surgery|operation|anniversary|graduation|party|trip|holiday|concert|deadline|due date|move|meeting)$/,
    shape: /^is (.+)$/,
    learn: ({ who, thing, negated }, when) => {
      if (negated || thing === null || !WHEN.test(when) || when.length > MAX_PLAN) return null;
      return [
        factAbout(who, `${thing} is ${withProperNames(fromOutside(when))}`, {
          kind: 'event',
          attribute: `date of ${thing}`,
          value: null,
          importance: 0.75,
        }),
      ];
    },
  },
];

function allergies(who: Who, said: string, negated: boolean): readonly RuleFinding[] | null {
  const causes = listIn(said);
  if (
    causes.some(
      (cause) =>
        cause.split(' ').length > 4 || /^(?:you|your|work|mondays?|it|that|this|him|her)\b/i.test(cause),
    )
  )
    return null;
  return causes.map((each) => {
    const cause = each.replace(COUNTABLE, '$1s');
    const attribute = `allergy to ${cause.toLowerCase().replace(/s$/, '')}`;
    if (negated) return ended(who, attribute, null);
    return factOf(who, `is allergic to ${withProperNames(cause)}`, {
      attribute,
      value: cause,
      importance: 0.95,
    });
  });
}

/** What is planned for a day. Whether that day is over, the date of the memory tells. */
function planned(who: Who, plan: string): readonly RuleFinding[] | null {
  if (plan.length > MAX_PLAN || !WHEN.test(plan) || /\b(?:you|your|there|it)\b/i.test(plan)) return null;
  return [
    factOf(who, withProperNames(fromOutside(plan)), {
      kind: 'event',
      attribute: null,
      value: null,
      importance: 0.7,
    }),
  ];
}

/** `flying to rome on friday` → `flying to Rome on friday` */
function withPlace(plan: string): string {
  return plan.replace(
    /(?<=\b(?:flying|travel+ing|moving|driving|sailing|trip|flight|train|holiday|fly|travel|move|drive) (?:to|in) )\p{L}+(?: (?!on\b|in\b|next\b|this\b|tomorrow\b|with\b|for\b|at\b|and\b)\p{L}+)?(?= |$)/giu,
    (place) => place.split(' ').map(capitals).join(' '),
  );
}
