import { ended, factAbout, factOf, type RuleFinding, type Who } from './finding.ts';
import type { Rule } from './rule.ts';
import { fromOutside, listIn, withProperNames } from './values.ts';
import { baseForm, gerund, thirdPerson } from './verbs.ts';
import { DIETS } from './words.ts';

/** What can be liked by itself: no `it`, nothing of the one who is spoken to, no whole sentence. */
const NOTHING_SAID =
  /^(?:it|that|this|these|those|them|they|him|her|you|your|me|what|how|when|where|who|why|if|whether|to be\b|being|having|the (?:idea|way|fact|sound|thought)|one|some|something|everything|anything|nothing|all)\b|\b(?:you|your|yours|you're)\b/i;
const MAX_WORDS = 6;
const HOW_OFTEN =
  / (?:every(?:day| (?:single )?\w+)|on (?:\w+days|weekends)|once in a while|(?:once|twice|three times) a \w+|a lot|sometimes|often|regularly|again|daily|all the time|in the (?:morning|evening)s?|for breakfast|(?:last|this) (?:week|month|year)|in \d{4}|(?:a|an|two|three|four|five|\d+) (?:weeks?|months?|years?) ago)$/i;

/** Likes and dislikes, favourites, diet, habits. */
export const TASTE: readonly Rule[] = [
  {
    shape:
      /^(?:(?:has )?(?:always )?)(likes|loves|adores|enjoys|hates|dislikes|detests|despises|loathes|liked|loved|hated) (.+)$/,
    learn: ({ who, negated }, verb, what) => {
      const present = verb.endsWith('ed') ? `${verb.slice(0, -1)}s` : verb;
      const likes = /^(?:likes|loves|adores|enjoys)$/.test(present);
      return opinions(who, likes ? present : 'hates', what, likes !== negated, negated);
    },
  },
  {
    shape: /^prefers (.+?) (?:to|over|rather than|instead of|more than) (.+)$/,
    learn: ({ who, negated }, one, other) => {
      if (negated || !isThing(one) || !isThing(other)) return null;
      const [liked, less] = [withProperNames(fromOutside(one)), withProperNames(fromOutside(other))];
      const attribute = `preference: ${[liked, less]
        .map((each) => each.toLowerCase())
        .toSorted()
        .join(' or ')}`;
      return [
        factOf(who, `prefers ${liked} to ${less}`, {
          kind: 'preference',
          attribute,
          value: liked,
          importance: 0.6,
        }),
      ];
    },
  },
  {
    shape: /^prefers (.+)$/,
    learn: ({ who, negated }, what) => (negated ? null : opinions(who, 'prefers', what, true, false)),
  },
  {
    shape:
      /^is (?:(?:an? )?(?:big |huge |great |massive )?fan of|(?:really |very )?(?:into|fond of|keen on|interested in)|crazy about) (.+)$/,
    learn: ({ who, negated }, what) => opinions(who, 'likes', what, !negated, negated),
  },
  {
    shape: /^is (?:really |very |a bit |a little )?(?:scared|afraid|terrified|frightened) of (.+)$/,
    learn: ({ who, negated }, what) => {
      if (!isThing(what) || /ing\b/.test(what)) return null;
      const attribute = `fear of ${what.toLowerCase()}`;
      if (negated) return [ended(who, attribute, null)];
      return [
        factOf(who, `is afraid of ${fromOutside(what)}`, {
          kind: 'preference',
          attribute,
          value: what,
          importance: 0.65,
        }),
      ];
    },
  },
  {
    thing: /^(?:all-time )?favourite [\p{L} -]{2,30}$/u,
    shape: /^(is|are) (?:definitely |probably |certainly |always )?(.+)$/,
    learn: ({ who, thing, negated }, verb, said) => {
      if (!isThing(said) || thing === null) return null;
      const value = withProperNames(fromOutside(said));
      const attribute = thing.replace(/^all-time /, '');
      if (negated) return [ended(who, attribute, value)];
      return [
        factAbout(who, `${attribute} ${verb} ${value}`, {
          kind: 'preference',
          attribute,
          value,
          importance: 0.6,
        }),
      ];
    },
  },
  {
    shape:
      /^(?:is|became|went|has (?:become|gone|been)|eats) (?:on )?(.+?)(?: (?:last|this) \w+| in \d{4}| \w+ years? ago)?$/,
    learn: ({ who, negated }, said) => {
      const diet = DIETS.exec(said)?.[1]?.toLowerCase().replace(' ', '-');
      if (diet === undefined) return null;
      if (negated) return [ended(who, 'diet', diet)];
      return [
        factOf(who, `is ${diet}`, {
          kind: who.subject === 'user' ? 'profile' : 'fact',
          attribute: 'diet',
          value: diet,
          importance: 0.9,
        }),
      ];
    },
  },
  {
    shape: /^(eats|drinks|smokes|plays|drives|collects|rides|wears|vapes)( .+)?$/,
    learn: ({ who, negated }, verb, said) => {
      const what = withProperNames(
        fromOutside(
          said
            .replace(HOW_OFTEN, '')
            .replace(HOW_OFTEN, '')
            .replace(/^ (?:any |much )?/, ''),
        ),
      );
      if (
        what !== ''
          ? !isThing(what) || /\bwith\b|\btoo (?:much|many)\b/.test(what)
          : !negated && !/^(?:smokes|vapes|drives|drinks)$/.test(verb)
      )
        return null;
      const attribute = [gerund(baseForm(verb)), what.toLowerCase().replace(/^the /, '')].join(' ').trim();
      const told = [negated ? `does not ${baseForm(verb)}` : thirdPerson(baseForm(verb)), what]
        .join(' ')
        .trim();
      return [factOf(who, told, { attribute, value: negated ? 'no' : 'yes', importance: 0.6 })];
    },
  },
];

/** Of one thing there is one opinion at a time, so that `I don't like jazz` takes the place of `I love jazz`. */
function opinions(
  who: Who,
  verb: string,
  said: string,
  likes: boolean,
  negated: boolean,
): readonly RuleFinding[] | null {
  const things = listIn(said).map(asThing);
  if (!things.every(isThing)) return null;
  return things.map((thing) => {
    const told =
      likes && !negated
        ? `${verb} ${thing}`
        : likes
          ? `likes ${thing}`
          : negated
            ? `does not like ${thing}`
            : `hates ${thing}`;
    const attribute = `opinion of ${thing.toLowerCase().replace(/^(?:the|an?|my|their) /, '')}`;
    return factOf(who, told, {
      kind: 'preference',
      attribute,
      value: likes ? 'likes' : 'dislikes',
      importance: 0.6,
    });
  });
}

/** `to swim` → `swimming` */
function asThing(said: string): string {
  const action = /^to ([a-z]+)(.*)$/i.exec(said);
  const plain = action
    ? `${gerund((action[1] ?? '').toLowerCase())}${action[2]}`
    : said.replace(/^going (?=\w+ing\b)/i, '');
  return withProperNames(fromOutside(plain));
}

function isThing(said: string): boolean {
  return said !== '' && !NOTHING_SAID.test(said) && said.split(/\s+/).length <= MAX_WORDS;
}
