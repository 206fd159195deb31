import { swapped } from './point-of-view.ts';
import { isQuestion, nameIn, type Statement, withoutLeadIn } from './statements.ts';
import { asSentence, stem, straight, wordsOf } from './words.ts';

/** What there is to answer from. */
export interface Recollection {
  /** Oldest first; those of the notes come before what was said. */
  readonly statements: readonly Statement[];
  /** All earlier messages of the person. */
  readonly said: readonly string[];
}

/** Words that say how something is asked and not what for, with their stems. */
const ASKING = new Set(
  (
    'what where when who whom whose which why how be do have can could will would should may might the a an that this it ' +
    'there you please in on at to of for from with about by again still now ever exactly kind sort date day old tall long far much ' +
    'many know remember recall tell say and or'
  )
    .split(' ')
    .flatMap((word) => [word, stem(word)]),
);
const PREPOSITION = /^(in|on|at|to|of|for|from|with|about|by|near)$/;
const PLACE = new Set(
  'in at on near from to by under behind beside between inside here there home abroad'.split(' '),
);
const TIME =
  /\d|\b(on|at|in|since|ago|before|after|every|today|tomorrow|yesterday|tonight|morning|afternoon|evening|night|noon|midnight|week|month|year|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december)\b/i;
const NUMBER =
  /\d|\b(no|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|\w+teen|\w+ty)\b/i;
/** Of these there can be many at once; of everything else the newest counts. */
const MANY = new Set('like love enjoy hate have want need speak play'.split(' ').map(stem));
const MAX_LISTED = 3;

/** Answers a question from what was said before; null when it asks for something else, or nothing fits. */
export function recollect(question: string, from: Recollection): string | null {
  const asked = unwrapped(question);
  return quoted(asked, from) ?? overview(asked, from) ?? ownName(asked, from) ?? matching(asked, from);
}

/** Whether a question is about the one who asks. */
export function asksAboutSelf(question: string): boolean {
  return /\b(i|me|my|mine|myself)\b/i.test(unwrapped(question));
}

/** `Do you remember where I live?` → `where I live` */
function unwrapped(question: string): string {
  return withoutLeadIn(question)
    .replace(/[?.!\s]+$/, '')
    .replace(
      /^(?:please )?(?:(?:can|could|would|do|will|did) you (?:please |still |even )?)?(?:tell me(?! about)|remind me|remember|recall|know|say)\s+(?=(?:what|where|when|who|which|how|whether|if|my)\b)/i,
      '',
    );
}

function quoted(asked: string, { said }: Recollection): string | null {
  const about =
    /^(?:what (?:did|have) i (?:just )?(?:say|said|tell|told|mention|mentioned)(?: to)?(?: you)?|did i (?:tell you|say|mention) (?:anything|something)|(?:do you )?remember what i (?:said|told you))(?:\s+about\s+(.+))?$/i.exec(
      asked,
    );
  if (!about) return null;
  const topic = about[1];
  if (topic === undefined) {
    const last = said.findLast((text) => /\p{L}/u.test(text));
    return last === undefined ? 'You have not said anything before this.' : `You said: "${last.trim()}"`;
  }
  const wanted = contentOf(topic.replace(/\bmy\b/gi, ''));
  const found = said.filter((text) => {
    const stems = new Set(wordsOf(text).map(stem));
    return !isQuestion(text) && wanted.length > 0 && wanted.every((word) => stems.has(word));
  });
  if (found.length === 0) return `You have not said anything about ${swapped(topic)} that I can see.`;
  return `You said: ${found
    .slice(-MAX_LISTED)
    .map((text) => `"${text.trim()}"`)
    .join(' And: ')}`;
}

function overview(asked: string, { statements }: Recollection): string | null {
  if (
    !/^(?:what (?:do|did) you (?:know|remember|recall|learn)(?: about me)?|what have i told you|who am i|(?:tell me|what) about (?:me|myself)|do you (?:know|remember) me|(?:know|remember) me)$/i.test(
      asked,
    )
  ) {
    return null;
  }
  const own = statements.filter(({ stems, text }) => stems.has('i') && !/^because|\bknow\b/i.test(text));
  if (own.length === 0) return 'Nothing yet: you have not told me anything about yourself.';
  const newest = own.slice(-MAX_LISTED).map(({ text }) => asSentence(swapped(text)));
  const name = nameIn(own);
  const named = name && !newest.join(' ').includes(name) ? [`Your name is ${name}.`] : [];
  return [...named, ...newest].join(' ');
}

function ownName(asked: string, { statements }: Recollection): string | null {
  if (!/^(?:what(?:'s| is| was)? my (?:first )?name(?: is| was)?|my name|who i am)$/i.test(straight(asked)))
    return null;
  const name = nameIn(statements);
  return name ? `Your name is ${name}.` : null;
}

function matching(asked: string, { statements }: Recollection): string | null {
  const words = wordsOf(asked);
  const content = contentOf(asked);
  if (content.length === 0) return null;
  const wanted = new Set(content);
  const last = words.at(-1) ?? '';
  const verbOnly = content.length === 1 && wanted.has('i');
  const fits = statements.filter(({ stems, subject, verb, text }) => {
    if (!content.every((word) => stems.has(word))) return false;
    const within = (part: Iterable<string>) =>
      [...part].every((word) => wanted.has(word) || ASKING.has(word));
    const behind = new Set(stems).difference(subject);
    // About somebody or something else (`Who is Bruno?`) whatever mentions it will do.
    if (wanted.has('i') && !within(subject) && !(verb === 'be' && within(behind))) return false;
    // `Where am I?` has no other word to go by than its verb.
    if (verbOnly && !words.map(stem).includes(verb)) return false;
    if (PREPOSITION.test(last) && words.length > 2 && !stems.has(last)) return false;
    return answersKind(words, text, stems);
  });
  const newest = fits.at(-1);
  if (!newest) return null;
  if (
    /^(is|are|am|was|were|do|does|did|have|has|had|can|could|will|would|whether|if)$/.test(words[0] ?? '')
  ) {
    const negated = words.includes('not');
    return `${newest.negated === negated ? 'Yes' : 'No'}. ${asSentence(swapped(newest.text))}`;
  }
  const listed = MANY.has(newest.verb) ? fits.slice(-MAX_LISTED) : [newest];
  return listed.map(({ text }) => asSentence(swapped(text))).join(' ');
}

/** Whether a statement can answer where, when or how many. */
function answersKind(words: readonly string[], text: string, stems: ReadonlySet<string>): boolean {
  if (words.includes('where')) return [...PLACE].some((word) => stems.has(word));
  if (words.includes('when')) return TIME.test(text);
  if (words.includes('how') && words.some((word) => /^(old|many|much|tall|long|far)$/.test(word)))
    return NUMBER.test(text);
  return true;
}

function contentOf(text: string): string[] {
  return [...new Set(wordsOf(text).map(stem))].filter((word) => !ASKING.has(word));
}
