import { isListNumber } from './abbreviations.ts';
import {
  gluesToNextWord,
  isBreakingSpace,
  isDot,
  isNewline,
  isSpace,
  isSpaceless,
  isStop,
  isWordUnit,
  pairMarkOf,
} from './characters.ts';
import { candidateFor, type EndCandidate } from './end-candidate.ts';
import { OpenPairs } from './open-pairs.ts';

/** A piece of a reply that can be spoken by itself. Joined, the pieces of a reply are exactly the reply. */
export interface Sentence {
  /** The exact slice of the input. White space between two pieces is at the beginning of the second. */
  readonly text: string;
  /** UTF-16 offsets in the whole input. */
  readonly start: number;
  readonly end: number;
  /** `clause`: cut inside a sentence, at a comma or between words. `end`: what was left when the input ended. */
  readonly ending: 'sentence' | 'clause' | 'end';
}

/** Four words are about 1.2 s of speech: while they sound, a model at 20 tokens a second writes the next sentence. */
const OPENING_WORDS = 4;
/** An opening without punctuation goes after so many words, unless the last one is short ("in", "the", "und")… */
const UNPUNCTUATED_OPENING_WORDS = 12;
/** …and after so many even then. */
const LONGEST_OPENING_WORDS = 16;
/** A sentence that is longer is cut at its last clause, if that is not too near its beginning. */
const LONGEST_WORDS = 60;
const SHORTEST_CUT_WORDS = 15;
/** A run without white space is cut here, so that no input makes memory grow. */
const LONGEST_UNITS = 2_000;
/** No word that the splitter knows is longer. */
const LONGEST_WORD_UNITS = 64;

interface Boundary {
  /** Offset in the current piece. */
  readonly at: number;
  /** How many words of the piece are before it. */
  readonly words: number;
}

/**
 * Cuts the tokens of one reply into sentences for speech.
 *
 * A sentence leaves with its terminator: nothing is awaited behind "Hello there!" or "…on the table." Where the
 * terminator is ambiguous (an open quotation, a digit, an abbreviation, a capitalised word, three dots), it waits for
 * the one or two characters that tell. The rest of the same token costs nothing and is always read, so `"?!"` stays
 * together when it comes as one token. Only there the pieces depend on how the input is cut into tokens: a mark that
 * comes after its sentence has left (`?` and then `!`) leads the next piece, and `index` `.` `js` is cut at its dot
 * where `index` `.js` is not.
 *
 * Until four words have left, a clause may go too, or twelve words without one, so that the voice starts early. One
 * word is never cut off by a comma: it would be followed by silence.
 */
export class SentenceSplitter {
  readonly #pairs = new OpenPairs();
  #text = '';
  #start = 0;
  /** Offset in the piece of the unit that is read next. */
  #at = 0;
  /** Offset behind the last unit of the piece that is not white space. */
  #solid = 0;
  /** Words of the piece so far. In scripts without spaces a character is half a word. */
  #words = 0;
  #inWord = false;
  /** The current and the previous stretch without white space, without opening marks. */
  #word = '';
  #lead = '';
  #previous = '';
  /** The piece so far is only the number of a list item. */
  #onlyNumber = false;
  #wordsOut = 0;
  #candidate: EndCandidate | null = null;
  #clause: Boundary | null = null;

  /** Reads a token and returns what it completes. Takes time proportional to the token. */
  push(token: string): Sentence[] {
    const out: Sentence[] = [];
    this.#text += token;
    for (let i = 0; i < token.length; i++) this.#read(token.charAt(i), out);
    const candidate = this.#candidate;
    if (candidate?.sure && (candidate.ending === 'sentence' || this.#mayOpenWith(candidate))) {
      this.#cut(candidate, candidate.ending, out);
    }
    return out;
  }

  /** The input is over: returns what is left of it. A splitter serves one reply. */
  finish(): Sentence[] {
    const out: Sentence[] = [];
    if (this.#at > 0) this.#cut({ at: this.#at, words: this.#words }, 'end', out);
    return out;
  }

  #read(unit: string, out: Sentence[]): void {
    this.#decide(unit, out);
    if (isNewline(unit)) this.#readNewline(out);
    else if (isSpace(unit)) this.#readSpace(unit, out);
    else this.#readSolid(unit, out);
    this.#previous = unit;
    this.#at++;
    if (!isSpace(unit)) this.#solid = this.#at;
  }

  #decide(unit: string, out: Sentence[]): void {
    const candidate = this.#candidate;
    if (!candidate) return;
    const verdict = candidate.judge(unit, this.#previous, this.#pairs);
    if (verdict === 'wait') return;
    this.#candidate = null;
    if (verdict === 'refute') return;
    if (candidate.ending === 'sentence' || this.#mayOpenWith(candidate)) {
      this.#cut(candidate, candidate.ending, out);
    } else {
      this.#clause = candidate;
    }
  }

  #readNewline(out: Sentence[]): void {
    if (this.#words > 0 && !this.#onlyNumber) {
      this.#cut({ at: this.#solid, words: this.#words }, 'sentence', out);
    }
    this.#endWord();
    this.#pairs.reset();
  }

  #readSpace(unit: string, out: Sentence[]): void {
    if (isBreakingSpace(unit) && !isSpace(this.#previous)) this.#boundSentence(out);
    this.#endWord();
    this.#pairs.read(unit);
  }

  #readSolid(unit: string, out: Sentence[]): void {
    if (isSpaceless(unit)) {
      if (isSpaceless(this.#previous)) this.#boundSentence(out);
      this.#words += 0.5;
      this.#onlyNumber = false;
    } else if (isWordUnit(unit) && !this.#inWord) {
      this.#words++;
      this.#inWord = true;
      this.#onlyNumber = false;
    }
    const numbers = (unit === ')' || isDot(unit)) && this.#words === 1 && isListNumber(this.#word);
    if (numbers) this.#onlyNumber = true;
    else this.#candidate ??= this.#propose(unit);
    if (this.#at >= LONGEST_UNITS && !/[\ud800-\udbff]/.test(this.#previous)) this.#cutHere(out);

    const opening = this.#word === '' && pairMarkOf(unit) !== undefined;
    if (gluesToNextWord(unit) || isStop(unit)) this.#endWord();
    else if (!opening && this.#word.length < LONGEST_WORD_UNITS) this.#word += unit;
    this.#pairs.read(unit);
  }

  #endWord(): void {
    if (this.#word !== '') this.#lead = this.#word;
    this.#word = '';
    this.#inWord = false;
  }

  #propose(unit: string): EndCandidate | null {
    return candidateFor(unit, {
      at: this.#at + 1,
      words: this.#words,
      word: this.#word,
      lead: this.#lead,
      previous: this.#previous,
      pairs: this.#pairs,
    });
  }

  #mayOpenWith(boundary: Boundary): boolean {
    return this.#wordsOut < OPENING_WORDS && boundary.words >= OPENING_WORDS;
  }

  /** Called between two words: cuts a sentence that has become too long to wait for its end. */
  #boundSentence(out: Sentence[]): void {
    if (this.#candidate) return;
    if (this.#words >= LONGEST_WORDS) {
      this.#cutHere(out);
    } else if (this.#wordsOut < OPENING_WORDS && !isSpaceless(this.#previous) && !this.#pairs.inCode) {
      const longWord = this.#word.length > 3;
      if (this.#words >= (longWord ? UNPUNCTUATED_OPENING_WORDS : LONGEST_OPENING_WORDS)) this.#cutHere(out);
    }
  }

  /** Cuts at the last clause, or here when there is none that is long enough. */
  #cutHere(out: Sentence[]): void {
    const clause = this.#clause;
    const late = clause !== null && clause.words >= SHORTEST_CUT_WORDS;
    this.#cut(late ? clause : { at: this.#at, words: this.#words }, 'clause', out);
  }

  #cut({ at, words }: Boundary, ending: Sentence['ending'], out: Sentence[]): void {
    const end = this.#start + at;
    out.push({ text: this.#text.slice(0, at), start: this.#start, end, ending });
    this.#text = this.#text.slice(at);
    this.#start = end;
    this.#at -= at;
    this.#solid = Math.max(0, this.#solid - at);
    this.#words -= words;
    this.#wordsOut += words;
    this.#onlyNumber = false;
    this.#candidate = null;
    this.#clause = null;
  }
}

/** The sentences of a stream of tokens; see `SentenceSplitter`. */
export async function* splitSentences(tokens: AsyncIterable<string>): AsyncGenerator<Sentence> {
  const splitter = new SentenceSplitter();
  for await (const token of tokens) yield* splitter.push(token);
  yield* splitter.finish();
}
