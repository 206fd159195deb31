import { swapped } from './point-of-view.ts';
import { withoutLeadIn } from './statements.ts';
import { asSentence } from './words.ts';

/** What to ask back. `mirrored`: the question has their words in it already, or they need not be said back. */
interface Rule {
  readonly shape: RegExp;
  readonly mirrored?: true;
  /** The groups of `shape` come with `I` and `you` swapped. */
  ask(first: string): readonly string[];
}

/** A person listens to their own words for so long; what is longer is not said back. */
const MAX_MIRRORED_WORDS = 12;
const OPEN = [
  'What is that like?',
  'How did that come about?',
  'Tell me more.',
  'How is that for you?',
  'Go on.',
];

/** By the shape of what was said; the first that fits. */
const RULES: readonly Rule[] = [
  {
    shape: /^because\b/i,
    mirrored: true,
    ask: () => ['Is that the whole reason?', 'And is there another reason behind it?'],
  },
  {
    shape: /^(?:i )?(?:do not|don't|have no idea|really don't) ?(?:know)?$/i,
    mirrored: true,
    ask: () => ['That is all right. What would you guess?', 'What would help you find out?'],
  },
  {
    shape: /^i(?:'m| am) (?:\d+|\p{L}+(?:teen|ty)(?:[- ]\p{L}+)?|\p{L}+ years old)(?: years old)?$/iu,
    ask: () => ['And how does that feel?', 'What was your best year so far?'],
  },
  {
    shape:
      /^i(?:'m| am| feel|'m feeling| am feeling) (?:so |very |really |a bit |a little |quite )?((?!an? |\p{L}+ing$|sure$)\p{L}+)$/iu,
    ask: (state) => [`What makes you ${state}?`, 'What is behind it?', 'How long has it been like that?'],
  },
  {
    shape: /^i(?:'m| am) (an? .+)$/i,
    mirrored: true,
    ask: (role) => [`What is it like to be ${role}?`, `How did you come to be ${role}?`],
  },
  {
    shape: /^i(?:'m| am) (?!going to\b)(\p{L}+ing .+)$/iu,
    mirrored: true,
    ask: (doing) => [`How is it going, ${doing}?`, `How do you find ${doing}?`],
  },
  {
    shape: /^i (?:really )?(?:like|love|enjoy|adore) (.+)$/i,
    mirrored: true,
    ask: (it) => [`What do you like most about ${it}?`, `How did you come to like ${it}?`],
  },
  {
    shape: /^i (?:really )?(?:hate|dislike|can't stand|cannot stand) (.+)$/i,
    mirrored: true,
    ask: (it) => [`What is it about ${it} that bothers you?`],
  },
  {
    shape: /^i (?:want|need|would like|'d like|wish|hope) to (.+)$/i,
    ask: () => ['What would change if you could?', 'What keeps you from it?'],
  },
  {
    shape: /^i (?:want|need|would like|'d like) (.+)$/i,
    mirrored: true,
    ask: (it) => [`What would change with ${it}?`, `What makes you want ${it}?`],
  },
  {
    shape: /^i (?:can't|cannot|could not|couldn't) (.+)$/i,
    ask: () => ['What would help you?', 'What have you tried so far?'],
  },
  {
    shape: /^i (?:think|believe|guess|suppose|feel like|feel that)\b/i,
    mirrored: true,
    ask: () => ['What makes you think so?', 'Have you always seen it that way?'],
  },
  {
    shape: /\b(?:always|never|everybody|everyone|nobody)\b/i,
    ask: () => ['Can you think of a time when it was different?', 'Always so?'],
  },
  {
    shape:
      /^my ((?:(?:favou?rite|best|old|older|oldest|little|big|younger|youngest|new|first|last) )?\p{L}+)\b/iu,
    ask: (whose) => [`Tell me more about your ${whose}.`, `What else should I know about your ${whose}?`],
  },
  {
    shape: /^(?:you|you're|your)\b/i,
    mirrored: true,
    ask: () => ['I am only a handful of rules, but I listen. What makes you say that?'],
  },
];

/** Answers a statement by showing that it was heard and asking on. @param pick chooses one of several. */
export function reflect(statement: string, pick: <T>(of: readonly T[]) => T): string {
  const said = withoutLeadIn(statement).replace(/[.!\s]+$/, '');
  const short = said.split(/\s+/).length <= MAX_MIRRORED_WORDS;
  const rule = short ? RULES.find(({ shape }) => shape.test(said)) : undefined;
  const question = pick(rule ? rule.ask(swapped(rule.shape.exec(said)?.[1] ?? '')) : OPEN);
  if (!short || rule?.mirrored || !/^(?:i|i'm|i've|i'd|i'll|my|we|we're|our)\b/i.test(said)) return question;
  return `${asSentence(swapped(said))} ${question}`;
}
