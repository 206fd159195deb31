import { isLetter, isSpace, type PairMark, pairMarkOf } from './characters.ts';

/** Which brackets, quotations and Markdown markers are open, read one UTF-16 unit at a time. */
export class OpenPairs {
  readonly #open = new Set<string>();
  /** True where a mark that looks the same on both sides would open. */
  #fresh = true;
  /** The unit before, when it was a positional mark. */
  #last: PairMark | null = null;
  #lastOpened = false;

  get any(): boolean {
    return this.#open.size > 0;
  }

  get inCode(): boolean {
    return this.#open.has('`');
  }

  /** French guillemets stand apart from what they close: `« Ah ! »`. */
  get inGuillemets(): boolean {
    return this.#open.has('guillemets');
  }

  /** Pairs do not span lines; what is open still was never a pair. */
  reset(): void {
    this.#open.clear();
    this.#fresh = true;
    this.#last = null;
  }

  /** True when `unit`, right behind a terminator, belongs to the sentence that ends there. */
  closes(unit: string): boolean {
    const mark = pairMarkOf(unit);
    if (!mark || mark.role === 'open') return false;
    return mark.role !== 'toggle' || this.#open.has(mark.family);
  }

  read(unit: string): void {
    this.#settle(unit);
    const mark = pairMarkOf(unit);
    this.#last = null;
    if (!mark) {
      this.#fresh = isSpace(unit) || /[–—，、：¿¡]/.test(unit);
      return;
    }
    const opens =
      mark.role === 'open' ||
      (mark.role === 'toggle' && !this.#open.has(mark.family)) ||
      (mark.role === 'positional' && this.#fresh);
    if (mark.role === 'positional') {
      this.#last = mark;
      this.#lastOpened = opens;
    }
    if (opens) this.#open.add(mark.family);
    // A single quote behind a letter may be an apostrophe: the next unit tells.
    else if (mark.family !== 'single') this.#open.delete(mark.family);
    this.#fresh = opens;
  }

  /** A positional mark before white space opened nothing (a bullet), and an apostrophe has a letter behind it. */
  #settle(unit: string): void {
    const last = this.#last;
    if (!last) return;
    const closedSingle = last.family === 'single' && !this.#lastOpened && !isLetter(unit);
    if (closedSingle || isSpace(unit)) this.#open.delete(last.family);
  }
}
