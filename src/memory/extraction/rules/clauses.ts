import { isRequest, sentencesOf, statementIn, straight, toForget, withoutLeadIn } from '../sentence-kind.ts';
import { correctionIn } from './corrections.ts';
import type { RuleCorrection } from './finding.ts';
import { RELATION } from './words.ts';

/** One statement of a message, contractions written out, without what opens and ends it: `I am not vegan`. */
export interface Clause {
  readonly text: string;
  /** There are no capitals to tell a name by. */
  readonly heard: boolean;
  /** It came with `remember that …`. */
  readonly asked: boolean;
  /** It came with `forget that …`. */
  readonly forget: boolean;
  /** It sets something right, and that is all. */
  readonly correction: RuleCorrection | null;
}

const MAX_MESSAGE = 4_000;
/** Nobody says who they are in a longer one. */
const MAX_SENTENCE = 300;

/** What pretends to come from somebody else, or to be a part of a prompt. */
const POSING =
  /^\s*(?:[-*•>#]|(?:system|assistant|user|developer|human|ai|tool|admin|instructions?)\s*:)|[<>[\]{}|]|```|={3}|-{3}/i;
const EMOTICON = /(?<=\s|[\p{L}.!?])(?:<3|[:;]-?[()DPp])(?=\s|$)|\p{Extended_Pictographic}\uFE0F?/gu;
const QUOTED = /"|(?:^|[\s,:])'[^']*'(?=[\s,.!?]|$)/;
const REASON =
  /,? (?:because|although|though|even though|whereas|which|who|whose|so that|so I|and that|due to|thanks to)\b.*$/i;
/** What follows is to be said, written or played, and not meant. */
const DICTATION =
  /^(?:repeat after me\b|.*\b(?:say|repeat|translate|write|sing|type|read|spell|goes|lyrics|quote|example|sentence|begins?|starts?|story|poem)\b[^.!?]*:)/i;
const REMEMBER =
  /^(?:please |and |also |can you (?:please )?|could you (?:please )?)*(?:(?:remember|note|keep in mind|bear in mind|make a note|memori[sz]e)(?: this)?(?: that\b|\s*[:,-])|remember (?=(?:i|my|our|the)\b)|(?:do not|don't) forget(?: that\b|\s*[:,-]|(?= (?:i|my|our|the)\b)))\s*/i;
/** From here on a sentence tells what somebody else says, or what is not so. */
const UNREAL =
  /\b(?:if|unless|wish|imagine|suppose|supposing|assume|let us say|let's say|pretend|as though|says?|said|tells?|told|asks?|asked|thinks?|thought|believes?|believed|claims?|claimed|wrote|reads|joking|kidding|maybe|perhaps|would|could|might|whether|dreamt|dreamed)\b|^(?:in|for|on) (?:the|a|an|my|our|this|that|his|her|your) (?:\w+ )?(?:film|movie|book|story|song|novel|game|dream|play|series|show|joke|role|example)\b|:/i;

const SUBJECT = "(?:i|i'm|i've|my|our|we|we're|we've|he|she|they|it|he's|she's|it's|call me|this is)\\b";
const BETWEEN = new RegExp(
  `(?:,|;|\\s[-–—])?\\s+(?:and|but)\\s+(?=${SUBJECT})|;\\s+|,\\s+(?=${SUBJECT})|\\s[-–—]\\s+(?=${SUBJECT})|(?<!\\b(?:am|is|are|have|has|was|be|say|i'm|i've|of|with|there)),?\\s+(?=(?:no wait|no(?! longer| one| idea| more| way)|sorry|or rather|I mean|I meant),? \\S+(?: \\S+)?$)`,
  'i',
);
const SUBJECT_OF = new RegExp(`^(?:(?:I|we|he|she|they)\\b|(?:my|our) ${RELATION}\\b(?!'))`, 'i');
const SAME_SUBJECT =
  /,?\s+and\s+(?=(?:(?:live|work|like|love|hate|prefer|enjoy|speak|play|eat|drink)s?|am|is|have|has|was born|moved|study|studies|come from|comes from|don't|doesn't|do not|does not|can't)\b)/i;
const AND_ANOTHER = new RegExp(`,? and (?=(?:an?|one|two|three|four|five) ${RELATION})`, 'i');
/** Where a spoken message goes on without a stop; behind one of these words it is the same sentence. */
const RUN_ON =
  /(?<!\b(?:that|which|where|when|if|because|think|know|than|as|while|who|what|how|why|until|since|before|after|said|says|say|wish|hope|told|tell|and|but|believe|suppose|guess|imagine|me|whether|or|not|so|like|where|unless|thing|things|time|day|year|place|house|one|all|everything|way|is|am|are|was|were|be|for|with|to|at|of|from|in|on|about|by|the|a|my|your|really|also|just|now|love|like|if|met|saw|visit|called|when)) (?=(?:my name is|my name's|i live in|i'm from|i am from|i work (?:as|at|for)|i moved to|i'm allergic|i'm an?|i am an?|i have an?|i've got|my favou?rite|my (?:wife|husband|partner|sister|brother|mother|father|mom|mum|dad|son|daughter|dog|cat)(?:'s)? (?:is|name|lives|called)|what is|what's|what are|where is|how are|how is|can you|could you|do you|what do you|please)\b)/i;

/**
 * What a message states, in order; null for what says nothing about the world as it is: questions, requests, what others
 * say, what is imagined, what looks like a prompt. Such a gap also ends whom `she` may be.
 */
export function clausesIn(message: string): (Clause | null)[] {
  const text = straight(message.slice(0, MAX_MESSAGE)).replace(EMOTICON, '');
  const inside = text.replace(/\bI\b/g, '').replace(/(^|[.!?\n]\s*)["']?\p{Lu}/gu, '$1');
  // Who writes `i` writes `berlin`.
  const heard = /(?<![\p{L}.])i(?![\p{L}.])/u.test(text) || !/\p{Lu}/u.test(inside);
  const clauses: (Clause | null)[] = [];
  for (const line of text.split('\n')) {
    // What comes after the beginning of a forged prompt is a part of it.
    if (POSING.test(line)) return [...clauses, null];
    for (const sentence of sentencesOf(line)) {
      if (DICTATION.test(withoutLeadIn(sentence))) return [...clauses, null];
      clauses.push(...clausesOf(sentence, heard));
    }
  }
  return clauses;
}

function clausesOf(sentence: string, heard: boolean): (Clause | null)[] {
  if (sentence.length > MAX_SENTENCE) return [null];
  const plain = withoutQuotedNames(withoutFillers(sentence));
  if (QUOTED.test(plain)) return [null];
  const clauses: (Clause | null)[] = [];
  for (const part of plain.split(RUN_ON)) {
    const opened = withoutLeadIn(part);
    const unwanted = toForget(part);
    if (unwanted !== null) {
      clauses.push({ text: writtenOut(unwanted), heard, asked: false, forget: true, correction: null });
      continue;
    }
    const remembered = opened.replace(REMEMBER, '');
    const asked = remembered !== opened;
    const statement = statementIn(asked ? remembered.replace(/\?$/, '') : part)?.replace(/[.!?,;\s]+$/, '');
    if (statement === undefined || isRequest(statement)) {
      clauses.push(null);
      continue;
    }
    const correction = correctionIn(writtenOut(statement), heard, false);
    if (correction) {
      clauses.push({ text: statement, heard, asked, forget: false, correction });
      continue;
    }
    for (const piece of statement.split(BETWEEN)) {
      const text = writtenOut(withoutLeadIn(piece)).replace(REASON, '').trim();
      const right = clauses.length > 0 ? correctionIn(writtenOut(piece), heard, true) : null;
      if (right) clauses.push({ text, heard, asked, forget: false, correction: right });
      // What follows may be what somebody else says, too.
      else if (UNREAL.test(text)) return [...clauses, null];
      else if (text !== '')
        clauses.push(
          ...eachOf(text).map((each) => ({ text: each, heard, asked, forget: false, correction: null })),
        );
    }
  }
  return clauses;
}

/** `I live here and work there` → both with `I`; `I have a dog and a cat` → one each. */
function eachOf(text: string): string[] {
  const [first = '', ...others] = text.split(SAME_SUBJECT);
  const subject = SUBJECT_OF.exec(first)?.[0];
  if (subject === undefined) return [text];
  return [first, ...others.map((other) => `${subject} ${other}`)].flatMap((clause) => {
    const [one = '', ...more] = /^(?:I|we) have\b/i.test(clause) ? clause.split(AND_ANOTHER) : [clause];
    return [one, ...more.map((other) => `I have ${other}`)];
  });
}

function withoutFillers(sentence: string): string {
  return (
    sentence
      .replace(/,?\s*\b(?:um+|uh+|er|erm)\b,?(?=\s|$)/gi, '')
      .replace(/,\s*(?:you know|i mean|like|well),/gi, '')
      // A false start: `i live i live in`, `my my brother`.
      .replace(/\b((?:[\p{L}']+\s+){0,3}[\p{L}']+)(?:[,.…-]*\s+\1\b)+/giu, '$1')
      .trim()
  );
}

/** `called "Bruno"` → `called Bruno` */
function withoutQuotedNames(sentence: string): string {
  return sentence.replace(/(["'])(\p{Lu}[\p{L}-]*)([.,!]?)\1(?=[\s.,!]|$)/gu, '$2$3');
}

const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\bcan(?:'t|not)\b|\bcant\b/gi, 'can not'],
  [/\bwon't\b/gi, 'will not'],
  [/\b(do|does|did|is|are|was|were|have|has|had|would|could|should)(?:n't|nt)\b/gi, '$1 not'],
  [/\bain't\b/gi, 'am not'],
  [/\bi'?m\b/gi, 'I am'],
  [/\b(i|we|they|you)'ve\b|\bive\b/gi, 'I have'],
  [/\b(we|they|you)'re\b/gi, '$1 are'],
  [/\b(\w+)'ll\b/gi, '$1 will'],
  [/\b(\w+)'d\b/gi, '$1 would'],
  [/\b(he|she|it|there|that|name)'s (?=got\b)/gi, '$1 has '],
  [/\b(he|she|it|there|that|name|everything)'s\b/gi, '$1 is'],
  [/\bi\b/g, 'I'],
  [/\bgotta\b/gi, 'got to'],
];

function writtenOut(text: string): string {
  return CONTRACTIONS.reduce((whole, [short, long]) => whole.replace(short, long), text);
}
