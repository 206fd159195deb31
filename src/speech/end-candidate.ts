import { isAddress, meaningOfDot } from './abbreviations.ts';
import {
  gluesToNextWord,
  isClauseMark,
  isCodeUnit,
  isContinuation,
  isDigit,
  isDot,
  isLower,
  isNewline,
  isSpace,
  isSpaceless,
  isStop,
  isWordUnit,
  pairMarkOf,
} from './characters.ts';
import type { OpenPairs } from './open-pairs.ts';

export type Verdict = 'wait' | 'confirm' | 'refute';

/** What stands before a mark, as far as it says what the mark means. */
export interface Before {
  /** Offset behind the mark, in its piece. */
  readonly at: number;
  /** How many words of the piece are before the mark. */
  readonly words: number;
  /** The word that the mark follows, '' behind white space, and the word before that one. */
  readonly word: string;
  readonly lead: string;
  readonly previous: string;
  readonly pairs: OpenPairs;
}

interface Meaning {
  readonly ending: 'sentence' | 'clause';
  /** Unambiguous as things stand: not worth waiting for another token. */
  readonly sure: boolean;
  /** A letter may follow without white space. */
  readonly glues: boolean;
  /** What the next word must be for this to be an end. */
  readonly next: 'any' | 'not-lower' | 'not-number';
}

const AMBIGUOUS: Meaning = { ending: 'sentence', sure: false, glues: false, next: 'any' };

/** What `unit` may end, or null when it ends nothing. */
export function candidateFor(unit: string, before: Before): EndCandidate | null {
  if (before.words === 0 || before.pairs.inCode) return null;
  const meaning = isDot(unit) ? meaningOfDotAfter(before) : meaningOfMark(unit, before);
  return meaning && new EndCandidate(before.at, before.words, meaning);
}

function meaningOfMark(unit: string, { word, lead, previous, pairs }: Before): Meaning | null {
  if (isStop(unit)) {
    const inAddress = /[!?]/.test(unit) && isAddress(word);
    return { ...AMBIGUOUS, sure: !inAddress && !pairs.any, glues: !inAddress };
  }
  if (unit === '…') return { ...AMBIGUOUS, next: 'not-lower' };
  if (unit === '-' || unit === '–') {
    const spaced = isSpace(previous) && !/\p{Nd}$/u.test(lead);
    return spaced ? { ...AMBIGUOUS, ending: 'clause' } : null;
  }
  if (!isClauseMark(unit)) return null;
  // After a digit it may be 1,000 or 10:30, and a colon may be that of https:.
  const sure = !isDigit(previous) && unit !== ':' && !pairs.any;
  return { ending: 'clause', sure, glues: gluesToNextWord(unit), next: 'any' };
}

function meaningOfDotAfter({ word, lead, previous, pairs, words }: Before): Meaning | null {
  if (isSpace(previous)) return null;
  if (isDot(previous)) return { ...AMBIGUOUS, next: 'not-lower' };
  if (pairMarkOf(previous)) return { ...AMBIGUOUS, sure: !pairs.any };
  // A dot between two letters of a script without spaces can only be an end.
  const glues = isSpaceless(previous);
  switch (meaningOfDot(word, lead, words === 1)) {
    case 'abbreviation':
      return null;
    case 'before-number':
      return { ...AMBIGUOUS, next: 'not-number' };
    case 'abbreviation-or-end':
      return { ...AMBIGUOUS, next: 'not-lower' };
    case 'name-or-end':
      return { ...AMBIGUOUS, glues };
    case 'end':
      return { ...AMBIGUOUS, glues, sure: !pairs.any };
  }
}

/** A mark that may be the end of a sentence or clause, until the units behind it confirm or refute that. */
export class EndCandidate {
  readonly words: number;
  readonly ending: Meaning['ending'];
  readonly #glues: boolean;
  #at: number;
  #sure: boolean;
  #next: Meaning['next'];
  /** Offset behind the last unit that was judged. */
  #cursor: number;
  #inGap = false;
  #closed = false;

  constructor(at: number, words: number, { ending, sure, glues, next }: Meaning) {
    this.#at = at;
    this.#cursor = at;
    this.words = words;
    this.ending = ending;
    this.#sure = sure;
    this.#glues = glues;
    this.#next = next;
  }

  /** Offset of the end in its piece: behind the mark and what belongs to it. */
  get at(): number {
    return this.#at;
  }

  get sure(): boolean {
    return this.#sure;
  }

  /** Judges by the next unit. `pairs` has not read it yet. */
  judge(unit: string, previous: string, pairs: OpenPairs): Verdict {
    this.#cursor++;
    // Nothing goes on behind a line; that a line ends is stronger than that a clause does.
    if (isNewline(unit)) return this.ending === 'sentence' ? 'confirm' : 'refute';
    return this.#inGap ? this.#judgeNextWord(unit, pairs) : this.#judgeNext(unit, previous, pairs);
  }

  #judgeNext(unit: string, previous: string, pairs: OpenPairs): Verdict {
    if (isSpace(unit)) {
      if (this.#next === 'any' && !pairs.inGuillemets) return 'confirm';
      this.#inGap = true;
      return 'wait';
    }
    if (this.ending === 'sentence' && (isStop(unit) || isDot(unit) || unit === '…')) {
      this.#at = this.#cursor;
      this.#sure = isStop(unit) && !pairs.any;
      this.#next = isStop(unit) ? 'any' : 'not-lower';
      return 'wait';
    }
    if (pairs.closes(unit)) return this.#close();
    if (isWordUnit(unit)) {
      // 「止まれ！」と言った: these particles continue what was quoted.
      if (this.#closed && (isLower(unit) || /[とっ]/.test(unit))) return 'refute';
      return this.#glues ? 'confirm' : 'refute';
    }
    if (this.ending === 'clause') return 'refute';
    // `[Really?](https://…)` and `![picture](…)`.
    const link = (unit === '(' && previous === ']') || (unit === '[' && previous === '!');
    return link || isContinuation(unit) || isCodeUnit(unit) ? 'refute' : 'confirm';
  }

  /** Behind white space. */
  #judgeNextWord(unit: string, pairs: OpenPairs): Verdict {
    if (isSpace(unit)) return 'wait';
    if (pairs.inGuillemets && /[«»‹›]/.test(unit)) return this.#close();
    if (this.#next === 'any') return 'confirm';
    if (this.#next === 'not-number') return isDigit(unit) ? 'refute' : 'confirm';
    // An opening mark says nothing yet: `etc. (and` goes on, `etc. "Then` does not.
    if (pairMarkOf(unit)) return 'wait';
    return isLower(unit) || isContinuation(unit) ? 'refute' : 'confirm';
  }

  #close(): Verdict {
    this.#at = this.#cursor;
    this.#closed = true;
    this.#sure = false;
    this.#inGap = false;
    if (this.ending === 'sentence' && this.#next === 'any') this.#next = 'not-lower';
    return 'wait';
  }
}
