import { capitalised, sentencesOf, stem, straight, wordsOf } from './words.ts';

/** Something that the person has said, or that the notes say about them, in the first person. */
export interface Statement {
  /** `my sister lives in Bergen` */
  readonly text: string;
  /** Stems of all words. */
  readonly stems: ReadonlySet<string>;
  /** Stems of the words before the verb. */
  readonly subject: ReadonlySet<string>;
  readonly verb: string;
  readonly negated: boolean;
  /** Nobody said it: it follows from the one before it. */
  readonly implied: boolean;
}

const WH = /^(what|where|when|who|whom|whose|which|why|how)\b/i;
const AUXILIARY =
  /^(is|are|am|was|were|do|does|did|have|has|had|can|could|will|would|should|shall|may|might)(n't)? (i|you|we|they|he|she|it|my|your|our|the|a|an|there|this|that|any|some)\b/i;
const LEAD_IN =
  /^(?:(?:well|so|oh|ok|okay|and|but|actually|anyway|also|yes|yeah|no|by the way|you know|i mean|just so you know|(?:please )?(?:remember|note|keep in mind)(?: that)?|i (?:told|said to) you(?: that)?|did you know(?: that)?|let me tell you(?: that)?)\b[\s,:]*)+/i;
const HAILED =
  /^(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day))\b(?:[ ,]+(?:there|again|everyone|everybody|friend))*[\s,.!:]*/i;
/** What follows is to be forgotten. */
export const FORGET =
  /^(?:please |just |now |can you |could you |you can )*forget (?:about )?(?:the fact )?(?:that )?(?=(?:i|i'm|i've|we|my|our|where i|who i|what i|how old i)\b)/i;
const CLAUSES = /[,;]?\s+(?:and|but)\s+(?=(?:i|my|i'm|our|we|he|she|it|they)\b)|;\s*|,\s+(?=(?:i|my|i'm)\s)/i;
/** Beginnings of sentences that ask for something to be done. */
const REQUEST =
  /^(?:please |can you |could you |would you |will you )*(?:(?:tell|repeat|say|write|sing|play|make|give|show|explain|translate|describe|set|turn|open|find|search|look|send|read|count|spell|list|draw|summari[sz]e|compare|recommend|suggest|teach|order|book)\b|call (?!me\b))/i;
const MOVED =
  /^i(?:'ve| have)?(?: just| recently| now| finally)? moved(?: from .+?)?(?: back| again,?)? to (.+?)(?:,? (?:last|this|in|on|with|because|when|where|since|for|yesterday|today|a|two|three|some|now)\b.*)?$/i;
const INSTEAD =
  /^(?:(?:it|that|he|she|my \p{L}+)(?:'s| is) |i said |i meant )?([\p{L}\d]+),? (?:and )?not ([\p{L}\d]+)$/iu;
const BE_OR_AUXILIARY =
  /^(am|is|are|was|were|be|have|has|had|do|does|did|can|could|will|would|should|must|may|might|'m|'s|'re)$/i;
const ADVERB =
  /^(really|always|often|usually|sometimes|never|also|still|just|currently|now|only|once|already|no|longer|\p{L}+ly)$/iu;

/** Whether a sentence asks; speech recognition leaves out the question mark. */
export function isQuestion(sentence: string): boolean {
  const text = withoutLeadIn(sentence);
  if (/\?\s*$/.test(text)) return true;
  // `what my name is` and `when I was young, …` have no inversion: they only ask inside of another question.
  return (WH.test(text) && !/^\w+ (?:i|my|we|a|an)\b/i.test(text)) || AUXILIARY.test(text);
}

export function withoutLeadIn(sentence: string): string {
  return straight(sentence).replace(LEAD_IN, '').trim();
}

/** The rest of a sentence that begins with a greeting, and whether it did. */
export function withoutGreeting(sentence: string): { readonly hailed: boolean; readonly rest: string } {
  const rest = sentence.replace(HAILED, '');
  return { hailed: rest !== sentence, rest: rest.trim() };
}

/** Whether a sentence wants something done. */
export function isRequest(sentence: string): boolean {
  return REQUEST.test(withoutLeadIn(sentence));
}

/**
 * What somebody stated in these texts, oldest first: no questions and no requests, `I am X and my Y is Z` as two, and
 * `she` as the sister of whom they spoke last.
 */
export function statementsOf(texts: readonly string[]): Statement[] {
  let about: string | null = null;
  return texts
    .flatMap(sentencesOf)
    .map((sentence) => withoutLeadIn(withoutGreeting(sentence).rest))
    .filter((sentence) => FORGET.test(sentence) || !(isQuestion(sentence) || isRequest(sentence)))
    .filter((sentence) => sentence !== '')
    .flatMap((sentence) => sentence.replace(/[.!\s]+$/, '').split(CLAUSES))
    .map((clause) => {
      const owned = /\b(?:my|i have an?|i've got an?) (\p{L}+)/iu.exec(clause)?.[1];
      const named =
        about === null ? clause : clause.replace(/^(?:he|she|it|they)\b(?! (?:rain|snow))/i, about);
      if (owned !== undefined) about = `my ${owned}`;
      return statement(named);
    });
}

export function statement(text: string, implied = false): Statement {
  const words = wordsOf(text);
  const at = verbIndex(words);
  return {
    text,
    stems: new Set(words.map(stem)),
    subject: new Set(words.slice(0, at).map(stem)),
    verb: stem(words[at] ?? ''),
    negated: words.some((word) => /^(not|never|no|nobody|nothing)$/.test(word)),
    implied,
  };
}

/**
 * With what follows from them: who moved to Oslo lives in Oslo, `It's Alicia, not Alice` changes a name, and what is to be
 * forgotten is not there any more.
 */
export function withConsequences(statements: readonly Statement[]): Statement[] {
  let all: Statement[] = [];
  for (const each of statements) {
    if (FORGET.test(each.text)) {
      const unwanted = wordsOf(each.text.replace(FORGET, ''))
        .filter((word) => !/^(?:where|who|what|how|am|is|are)$/.test(word))
        .map(stem);
      // `my name` is not that of the dog.
      const isMeant = ({ stems, subject }: Statement) =>
        unwanted.every((word) => stems.has(word)) && [...subject].every((word) => unwanted.includes(word));
      all = all.filter((one) => !isMeant(one));
      continue;
    }
    const home = each.negated ? undefined : MOVED.exec(each.text)?.[1];
    const [, right, wrong] = INSTEAD.exec(each.text) ?? [];
    const mistaken =
      wrong === undefined
        ? undefined
        : all.findLast(({ text }) => wordsOf(text).includes(wrong.toLowerCase()));
    all.push(each);
    if (home !== undefined) all.push(statement(`I live in ${home}`, true));
    if (mistaken && right !== undefined && wrong !== undefined) {
      const put = (was: string) => (/^\p{Lu}/u.test(was) ? capitalised(right) : right);
      const place = new RegExp(`(?<!\\p{L})${wrong}(?!\\p{L})`, 'iu');
      all.push(statement(mistaken.text.replace(place, put), true));
    }
  }
  return all;
}

/** Where the verb of a plain sentence stands: behind `I`, or the first word that can only be one. */
function verbIndex(words: readonly string[]): number {
  if (words[0] === 'i' || words[0] === 'we') {
    const at = words.findIndex((word, index) => index > 0 && !ADVERB.test(word));
    return at === -1 ? words.length : at;
  }
  const auxiliary = words.findIndex((word, index) => index > 0 && BE_OR_AUXILIARY.test(word));
  const acting = words.findIndex((word, index) => index > 1 && /(?:[^s]s|ed)$/.test(word));
  if (auxiliary === -1 && acting === -1) return Math.min(2, words.length);
  return auxiliary === -1 ? acting : acting === -1 ? auxiliary : Math.min(auxiliary, acting);
}

/** The name that somebody gives as theirs, the newest one; null when there is none. */
export function nameIn(statements: readonly Statement[]): string | null {
  for (const { text } of statements.toReversed()) {
    const stated =
      /^(?:my (?:first )?name(?:'s| is)|i(?:'m| am) (?:called|named)|(?:please |you can |just )?call me|(?:my friends|people) call me|i want to be called|i go by) ([\p{L}][\p{L}'-]*(?: \p{Lu}[\p{L}'-]*)?)/iu.exec(
        text,
      )?.[1] ?? /^(?:i'm|i am|this is) (\p{Lu}[\p{L}'-]+)$/u.exec(loweredStart(text))?.[1];
    if (stated && !NO_NAME.test(stated)) return stated.split(' ').map(capitalised).join(' ');
  }
  return null;
}

/** A nation or language with its capital is no name: `I'm Norwegian`. */
const NO_NAME =
  /(?:ian|ish|ese|can)$|^not\b|^(?:Hungry|Tired|Sorry|Fine|Happy|Sad|Sick|Ill|Cold|Bored|Busy|Back|Here|Home|German|French|Dutch|Swiss|Greek|Czech|Thai|OK|a|the)$/i;

function loweredStart(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
