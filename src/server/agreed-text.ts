/**
 * Makes a text that only grows of texts that may still change: what two of them in a row have in common, in whole
 * words, and at the end the rest.
 */
export class AgreedText {
  #given = '';
  #last = '';

  /** What is new and agreed upon, perhaps nothing. */
  take(text: string): string {
    let common = 0;
    while (common < text.length && text[common] === this.#last[common]) common++;
    this.#last = text;
    // A word is whole when something comes behind it in both.
    const boundary = text.slice(0, common).search(/\s\S*$/);
    return boundary < 0 ? '' : this.#give(text.slice(0, boundary));
  }

  /** What is missing to `text`, the last one. Nothing when it contradicts what was given: only it is right then. */
  finish(text: string): string {
    return this.#give(text);
  }

  #give(text: string): string {
    if (!text.startsWith(this.#given)) return '';
    const more = text.slice(this.#given.length);
    this.#given = text;
    return more;
  }
}
