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
/** Nobody listens to more than that at once. */
const MAX_TOLD = 8;
/** Questions in the words in which their answers are said. */
const REWORDED: readonly (readonly [RegExp, string])[] = [
  [
    /^what(?:'s| is) my (?:job|profession|occupation)$|^what do i do(?: for (?:a living|work))?$/i,
    'what do I work as',
  ],
  [/^what(?:'s| is) (my .+?)'s (?:job|profession|occupation)$/i, 'what does $1 work as'],
  [/^what does (my .+?) do(?: for (?:a living|work))?$/i, 'what does $1 work as'],
  [/^where do i come from$|^what(?:'s| is) my home ?town$/i, 'where am I from'],
  [/^(?:when|what day) was i born$/i, 'when is my birthday'],
  [
    /^(?:what|which) (?:city|town|country|place) do i live in$|^what(?:'s| is) my address$/i,
    'where do I live',
  ],
  [/^(?:what|which) (?:languages?|instruments?|sports?|games?) (do|does|can) /i, 'what $1 '],
];

/** Answers a question from what was said before; null when it asks for something else, or nothing fits. */
export function recollect(question: string, from: Recollection): string | null {
  const asked = unwrapped(question);
  return (
    quoted(asked, from) ??
    overview(asked, from) ??
    ownName(asked, from) ??
    matching(asked, from) ??
    matching(reworded(asked), from)
  );
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
  const topic =
    /^(?:what (?:do|did) you (?:know|remember|recall|learn)|(?:tell me|what) about)(?! about (?:me|myself)$)(?: about)? (?!(?:me|myself)$)(.+)$/i.exec(
      asked,
    )?.[1];
  if (topic !== undefined) {
    const wanted = contentOf(topic);
    const about = statements.filter(
      ({ stems }) => wanted.length > 0 && wanted.every((word) => stems.has(word)),
    );
    return about.length > 0 ? told(about) : null;
  }
  if (
    !/^(?:what (?:do|did) you (?:know|remember|recall|learn)(?: about me)?|what have i told you|who am i|(?:tell me|what) about (?:me|myself)|do you (?:know|remember) me|(?:know|remember) me)$/i.test(
      asked,
    )
  ) {
    return null;
  }
  const own = statements.filter(({ stems, text }) => stems.has('i') && !/^because|\bknow\b/i.test(text));
  if (own.length === 0) return 'Nothing yet: you have not told me anything about yourself.';
  const answer = told(own);
  const name = nameIn(own);
  return name && !answer.includes(name) ? `Your name is ${name}. ${answer}` : answer;
}

/** The newest of them, each thing once: of two homes the newer one, and where somebody lives instead of that they moved. */
function told(statements: readonly Statement[]): string {
  const newest = new Map<string, string>();
  for (const [index, each] of statements.entries()) {
    const others = statements.filter((other) => other !== each);
    if (statements[index + 1]?.implied || isTakenBack(each, statements.slice(index + 1))) continue;
    if (others.some((other, at) => saysAll(other, each, at >= index))) continue;
    const slot = slotOf(each);
    newest.delete(slot);
    newest.set(slot, asSentence(swapped(each.text)));
  }
  return [...newest.values()].slice(-MAX_TOLD).join(' ');
}

/** Whether a statement says all that another one does, and more, or the same later. */
function saysAll(more: Statement, { stems, negated }: Statement, isLater: boolean): boolean {
  const of = (words: Iterable<string>) => new Set([...words].filter((word) => !ASKING.has(word)));
  const [own, others] = [of(stems), of(more.stems)];
  return more.negated === negated && own.isSubsetOf(others) && (isLater || own.size < others.size);
}

/** What can have one value only: `I live in …`, `my name is …`. */
function slotOf({ text, subject, verb }: Statement): string {
  if (MANY.has(verb) || verb === '' || (verb === 'be' && subject.size < 2)) return text.toLowerCase();
  const words = wordsOf(text);
  const behind = words.findIndex((word) => stem(word) === verb) + 1;
  const end = PREPOSITION.test(words[behind] ?? '') ? behind + 1 : behind;
  return end > behind || verb === 'be' || verb === 'name'
    ? words.slice(0, end).map(stem).join(' ')
    : text.toLowerCase();
}

function isTakenBack({ negated, stems }: Statement, later: readonly Statement[]): boolean {
  const content = [...stems].filter((word) => !ASKING.has(word));
  return (
    !negated &&
    content.length > 1 &&
    later.some((each) => each.negated && content.every((word) => each.stems.has(word)))
  );
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
  // What somebody does is their work, not whatever is known of them.
  if (content.length === 0 || /^what do(?:es)? .+ do$/i.test(asked)) return null;
  const wanted = new Set(content);
  const ending = words.at(-1) ?? '';
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
    if (PREPOSITION.test(ending) && words.length > 2 && !stems.has(ending)) return false;
    return answersKind(words, text, stems);
  });
  const last = fits.at(-1);
  if (!last) return null;
  if (
    /^(is|are|am|was|were|do|does|did|have|has|had|can|could|will|would|whether|if)$/.test(words[0] ?? '')
  ) {
    const negated = words.includes('not');
    return `${last.negated === negated ? 'Yes' : 'No'}. ${asSentence(swapped(last.text))}`;
  }
  const holding = fits.filter(
    (each) => !each.negated && !isTakenBack(each, statements.slice(statements.indexOf(each))),
  );
  const newest = holding.at(-1) ?? last;
  const listed = MANY.has(newest.verb) && holding.length > 0 ? holding.slice(-MAX_LISTED) : [newest];
  return listed.map(({ text }) => asSentence(swapped(text))).join(' ');
}

/** Whether a statement can answer where, when or how many. */
function answersKind(words: readonly string[], text: string, stems: ReadonlySet<string>): boolean {
  if (words.includes('where'))
    return [...PLACE].some((word) => stems.has(word)) || (stems.has('work') && stems.has('for'));
  if (words.includes('when')) return TIME.test(text);
  if (words.includes('how') && words.some((word) => /^(old|many|much|tall|long|far)$/.test(word)))
    return NUMBER.test(text);
  return true;
}

/** The question as it is usually put; as it is when there is no other way. */
function reworded(asked: string): string {
  const found = REWORDED.find(([shape]) => shape.test(straight(asked)));
  return found ? straight(asked).replace(...found) : asked;
}

function contentOf(text: string): string[] {
  return [...new Set(wordsOf(text).map(stem))].filter((word) => !ASKING.has(word));
}
