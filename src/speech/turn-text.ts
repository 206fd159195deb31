import { plainWords } from './plain-words.ts';
import type { TurnVerdict } from './turn-detector.ts';
import { ENGLISH, FRENCH, GERMAN, SPANISH, type TurnWords } from './turn-words.ts';

/** The end decides: what was said a minute ago does not. */
const END_CHARS = 400;
/** Telephone numbers are longer; who has dictated so many may be done. */
const WHOLE_NUMBER_DIGITS = 7;

/**
 * Whether somebody who said `text` and fell silent has finished, from the words alone.
 *
 * English, German, French and Spanish, told apart by their small words; of other languages only punctuation counts. It
 * works without punctuation and case, which some recognisers do not write; where there is a full stop it counts, but
 * not against a word with which no sentence ends, because the recognisers that write full stops write them everywhere.
 */
export function judgeText(text: string): TurnVerdict {
  const end = lastSentence(text);
  const words = plainWords(end);
  if (words.length === 0) return 'unsure';
  const mark = /[.!?…,;:。！？，、：؟।–—-]+["'”’»)\]\s]*$/u.exec(text.slice(-20))?.[0].trim() ?? '';
  if (/^(?:\.\.|…|[,;:，、：–—-])/u.test(mark)) return 'incomplete';
  if (/[?？؟]/u.test(mark)) return 'complete';

  // It ends a wish as often as it begins one.
  if (words.join(' ') === 'please') return 'unsure';
  const language = languageOf(words);
  if (isShortAnswer(words, language) || endsWithAny(words, language.closers)) return 'complete';
  if (isDictating(words, language)) return 'incomplete';
  const question = isQuestion(words, language);
  if (question && isStranded(words, language)) return 'complete';
  if (language === ENGLISH && isEllipsis(words)) return 'complete';
  if (isHanging(words, language)) return 'incomplete';
  if (mark !== '') return 'complete';
  // "is there a place in": a particle is the end as often as a preposition is not.
  if (question && !PARTICLES.has(words.at(-1) ?? '')) return 'complete';
  return 'unsure';
}

/** What stands behind the last full stop that is not the end. */
function lastSentence(text: string): string {
  const tail = text.slice(-END_CHARS).trimEnd();
  return (
    tail
      .split(/(?<=[.!?。！？])\s+/u)
      .filter((part) => /[\p{L}\p{N}]/u.test(part))
      .at(-1) ?? ''
  );
}

function languageOf(words: readonly string[]): TurnWords {
  let best = ENGLISH;
  let most = score(words, ENGLISH);
  for (const language of [GERMAN, FRENCH, SPANISH]) {
    const found = score(words, language);
    if (found > most) [best, most] = [language, found];
  }
  return best;
}

function score(words: readonly string[], language: TurnWords): number {
  const ends = isShortAnswer(words, language) || endsWithAny(words, language.closers);
  let sum = ends || endsWithAny(words, language.hangingPhrases) ? 3 : 0;
  for (const word of words) {
    if (language.markers.has(word)) sum += 2;
    else if (language.hanging.has(word)) sum += 1;
  }
  return sum;
}

function isShortAnswer(words: readonly string[], { short }: TurnWords): boolean {
  return words.length <= 3 && words.every((word) => short.has(word));
}

function endsWithAny(words: readonly string[], phrases: readonly string[]): boolean {
  const end = ` ${words.slice(-6).join(' ')}`;
  return phrases.some((phrase) => end.endsWith(` ${phrase}`));
}

/** "my number is four nine one": two digits or more at the end, and not yet a number's worth of them. */
function isDictating(words: readonly string[], { digits }: TurnWords): boolean {
  let count = 0;
  let groups = 0;
  for (const word of words.toReversed()) {
    const isNumeral = /^\d{1,4}$/.test(word);
    if (!isNumeral && !digits.has(word)) break;
    count += isNumeral ? word.length : 1;
    groups++;
  }
  return groups >= 2 && count < WHOLE_NUMBER_DIGITS;
}

function isHanging(words: readonly string[], language: TurnWords): boolean {
  const last = words.at(-1) ?? '';
  if (/^(?:u+[hm]+|e+r+m?|h+m+|ä+h+m*|e+u+h+)$/u.test(last)) return true;
  if (endsWithAny(words, language.hangingPhrases)) return true;
  return language.hanging.has(last) || (language === ENGLISH && isOpenPhrase(words));
}

const ARTICLES = setOf('a an the my your our their his her some any no');
const ADJECTIVES = setOf(
  'good bad new old big small little large long short great nice quiet loud nearest closest best cheap cheapest ' +
    'different few couple bit lot kind sort next main whole',
);
const OPENS_CLAUSE = setOf(
  'if when because while since unless until although whether that as where why what how than and but or',
);
const ASKS = setOf('do does did can could will would should shall have has had');

/** English ends in which each word might be the last, but not after the one before: "the nearest", "if it", "does it". */
function isOpenPhrase(words: readonly string[]): boolean {
  const [third = '', before = '', last = ''] = words.slice(-3);
  if (ARTICLES.has(before) && ADJECTIVES.has(last)) return true;
  if (!PRONOUNS.has(last) || words.length < 3) return false;
  // "tell me how far it"
  return (
    OPENS_CLAUSE.has(before) ||
    ASKS.has(before) ||
    (third === 'how' && words.length > 3 && !AUXILIARIES.has(before))
  );
}

const PRONOUNS = setOf('i you he she it we they this that these those there');
const AUXILIARIES = setOf(
  'is are was were am be have has had will would can could should may might must does did do',
);

/** After these an auxiliary answers: "yes I can", "I think it is". */
const ANSWERS = setOf('yes yeah no nope think hope sure course know so guess');

/**
 * English sentences that may end with an auxiliary: "yes I can", "I think it is", "I know who you are", "what time
 * it is".
 */
function isEllipsis(words: readonly string[]): boolean {
  const [before = '', last = ''] = words.slice(-2);
  if (!AUXILIARIES.has(last)) return false;
  const rest = words.slice(0, -2);
  if (!PRONOUNS.has(before)) return asksWithin(words.slice(0, -1), 1);
  return rest.length <= 4 ? ANSWERS.has(rest.at(-1) ?? '') || asksWithin(rest, -1) : asksWithin(rest, -1);
}

/** A question word that is not the first and has more than `gap` words behind it: "do you know what my name is". */
function asksWithin(words: readonly string[], gap: number): boolean {
  const at = words.findLastIndex((word) => ENGLISH.questionWords.has(word));
  return at > 0 && words.length - 1 - at > gap;
}

const STRANDED = setOf('for about from to with at of like in on by');
/** These need something behind their preposition: "what do you think of …". */
const NEEDY = setOf('think know want need have going feel say talk mean recommend suggest weather');

/** Questions that end with what else begins: "where are you from", "what are you looking for", "qué hora es". */
function isStranded(words: readonly string[], language: TurnWords): boolean {
  const question = withoutOpeners(words);
  if (language === SPANISH) return question.length >= 3 && /^(?:es|son|está|están)$/.test(words.at(-1) ?? '');
  const [first = '', verb = '', subject = ''] = question;
  const before = question.at(-2) ?? '';
  return (
    question.length >= 4 &&
    question.length <= 6 &&
    STRANDED.has(question.at(-1) ?? '') &&
    ENGLISH.questionWords.has(first) &&
    AUXILIARIES.has(verb) &&
    PRONOUNS.has(subject) &&
    !NEEDY.has(before)
  );
}

/** A whole question by its first words. Without a question mark nobody can tell where it ends; so it has to be long. */
function isQuestion(words: readonly string[], language: TurnWords): boolean {
  const question = withoutOpeners(words);
  const [first = '', second = ''] = question;
  if (language.questionWords.has(first)) {
    const isContracted = first.endsWith("'s");
    if (isContracted) return question.length >= 3;
    if (question.length < 3) return false;
    if (language === ENGLISH) return !language.subjects.has(second) && hasVerb(question);
    return !language.subjects.has(second) || language === FRENCH;
  }
  if (!language.questionVerbs.has(first)) return false;
  // "is the nearest …" goes on longer than "do you …".
  const isNoun =
    /^(?:the|a|an|my|your|our|their|his|her|der|die|das|ein|eine|mein|meine|le|la|les|un|une)$/.test(second);
  // "could you play" may want to name what.
  if (TRANSITIVE.has(question.at(-1) ?? '') && question.length === 3) return false;
  return question.length >= (isNoun ? 5 : 3);
}

const PARTICLES = setOf('in on up off out over down some any');
const TRANSITIVE = setOf(
  'tell give show find make get put set take send call buy open close turn read write add remind explain check say spell ' +
    'translate play bring name let want need',
);

/** "how much money" is not yet a question. */
function hasVerb([first = '', second = '', ...rest]: readonly string[]): boolean {
  const needsAuxiliary = first === 'how' || first === 'what' || first === 'which' || first === 'whose';
  if (!needsAuxiliary || second === 'about' || second === 'come') return true;
  return (
    ENGLISH.questionVerbs.has(second) ||
    rest.some((word) => ENGLISH.questionVerbs.has(word)) ||
    rest.length >= 3
  );
}

const OPENERS = new Set(
  'so and well okay ok hey hi hello please um uh but oh right now then hallo also und et alors y pues'.split(
    ' ',
  ),
);

function withoutOpeners(words: readonly string[]): readonly string[] {
  const start = words.findIndex((word) => !OPENERS.has(word));
  return start < 0 ? words : words.slice(start);
}

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
