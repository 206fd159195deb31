import type { Sentence } from './sentences.ts';
import {
  FENCE,
  LINE_PREFIX,
  RULED_LINE,
  SPOKEN_RULES,
  type SpokenRule,
  STRAY_MARKS,
} from './spoken-rules.ts';

/** What is said of a piece. */
export interface Spoken {
  /** Plain words for a voice; '' when there is nothing to say. */
  readonly text: string;
  /**
   * The offset in the generated text of the character that made UTF-16 unit `spokenOffset` of `text`.
   *
   * Never decreases; from the end of `text` on it is the end of the piece, so that what was heard to its end takes
   * its closing marks along.
   */
  readonly toGenerated: (spokenOffset: number) => number;
}

/**
 * Decides what is spoken of the pieces of one reply, in their order.
 *
 * Markdown, HTML tags, emoji and control characters are not for the ear; blocks of code are left out, across pieces.
 * An address is reduced to what a person would say: `https://www.example.com/a?b=1` becomes "example dot com" and
 * `jo@example.com` "jo at example dot com", because engines swallow the dots or spell the rest. Link text, inline
 * code, numbers and currencies stay as they are.
 */
export class SpokenText {
  /** The marker that closes the open block of code. */
  #fence: string | null = null;
  #atLineStart = true;

  filter(sentence: Sentence): Spoken {
    const units = new SpokenUnits();
    let at = sentence.start;
    for (const [index, line] of sentence.text.split('\n').entries()) {
      if (index > 0) {
        units.space(at - 1);
        this.#atLineStart = true;
      }
      this.#readLine(line, at, units);
      if (line.trim() !== '') this.#atLineStart = false;
      at += line.length + 1;
    }
    return units.finish(sentence.end);
  }

  /** @param at offset of `line` in the generated text. */
  #readLine(line: string, at: number, units: SpokenUnits): void {
    let begin = 0;
    if (this.#atLineStart) {
      const trimmed = line.trim();
      const marker = FENCE.exec(trimmed)?.[1];
      if (this.#fence === null && marker) {
        this.#fence = marker;
        return;
      }
      if (this.#fence !== null && trimmed.startsWith(this.#fence)) {
        this.#fence = null;
        return;
      }
      if (RULED_LINE.test(trimmed)) return;
      begin = LINE_PREFIX.exec(line)?.[0].length ?? 0;
    }
    if (this.#fence !== null) return;

    const rest = line.slice(begin);
    let copied = 0;
    for (const match of rest.matchAll(SPOKEN_RULES)) {
      units.copy(rest.slice(copied, match.index), at + begin + copied);
      speakMatch(match, at + begin + match.index, units);
      copied = match.index + match[0].length;
    }
    units.copy(rest.slice(copied), at + begin + copied);
  }
}

function speakMatch(match: RegExpMatchArray, at: number, units: SpokenUnits): void {
  const rules = match.groups as Partial<Record<SpokenRule, string>>;
  if (rules.address !== undefined) speakAddress(rules.address, at, units);
  else if (rules.space !== undefined) units.space(at);
  else if (rules.comma !== undefined) units.comma(at);
}

function speakAddress(address: string, at: number, units: SpokenUnits): void {
  const name =
    /^<?(?:mailto:)?(?<email>[^\s@\/]+@[^\s@>]+)|^<?(?:\w+:\/\/)?(?:[^\s\/@]*@)?(?:www\.)?(?<host>[^\s\/:?#>]*)/dv.exec(
      address,
    );
  const [begin, end] = name?.indices?.groups?.email ?? name?.indices?.groups?.host ?? [0, 0];
  for (let i = begin; i < end; i++) {
    const unit = address.charAt(i);
    if (unit === '.') units.insert(' dot ', at + i);
    else if (unit === '@') units.insert(' at ', at + i);
    else if (unit === '_') units.space(at + i);
    else units.copy(unit, at + i);
  }
}

/** Spoken text under construction, with the origin of every UTF-16 unit. */
class SpokenUnits {
  #text = '';
  readonly #origins: number[] = [];
  /** White space or a pause that is said when something follows it. */
  #gap: { readonly text: string; readonly at: number } | null = null;

  /** `text` stands at `at` in the generated text. */
  copy(text: string, at: number): void {
    if (text === '') return;
    this.#closeGap();
    this.#append(text, at, 1);
  }

  /** `text` is said in place of the character at `at`. */
  insert(text: string, at: number): void {
    this.#closeGap();
    this.#append(text, at, 0);
  }

  /** One space, however many were generated. */
  space(at: number): void {
    this.#gap ??= { text: ' ', at };
  }

  /** A pause, unless there is one. */
  comma(at: number): void {
    if (/[\p{L}\p{N}]$/v.test(this.#text)) this.#gap = { text: ', ', at };
    else this.space(at);
  }

  finish(end: number): Spoken {
    const stray = STRAY_MARKS.exec(this.#text)?.[0].length ?? 0;
    const text = this.#text.slice(stray);
    if (!/[\p{L}\p{N}]/v.test(text)) return { text: '', toGenerated: () => end };
    const origins = this.#origins.slice(stray);
    return { text, toGenerated: (offset) => origins[Math.max(0, offset)] ?? end };
  }

  #closeGap(): void {
    const gap = this.#gap;
    this.#gap = null;
    if (gap && this.#text !== '') this.#append(gap.text, gap.at, 0);
  }

  #append(text: string, at: number, step: 0 | 1): void {
    this.#text += text;
    for (let i = 0; i < text.length; i++) this.#origins.push(at + i * step);
  }
}
