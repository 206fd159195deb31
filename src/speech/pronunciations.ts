import type { Spoken } from './spoken-text.ts';

/** How words are said that an engine gets wrong: names, brands, abbreviations of a trade. */
export class Pronunciations {
  readonly #said: ReadonlyMap<string, string>;
  readonly #words: RegExp | null;

  /** @param words what is written → what is said. Whole words, in capitals or not; longer ones go first. */
  constructor(words: Readonly<Record<string, string>> = {}) {
    const written = Object.keys(words).sort((a, b) => b.length - a.length);
    this.#said = new Map(written.map((word) => [word.toLowerCase(), words[word] ?? '']));
    this.#words =
      written.length === 0
        ? null
        : new RegExp(
            `(?<![\\p{L}\\p{N}])(?:${written.map(RegExp.escape).join('|')})(?![\\p{L}\\p{N}])`,
            'giv',
          );
  }

  /** The same piece as it is to be said; a replaced word was heard when what stands for it was. */
  apply(spoken: Spoken): Spoken {
    if (!this.#words || spoken.text.search(this.#words) === -1) return spoken;
    let text = '';
    const origins: number[] = [];
    const say = (said: string, originOf: (index: number) => number) => {
      text += said;
      for (let i = 0; i < said.length; i++) origins.push(originOf(i));
    };
    let copied = 0;
    const copyTo = (end: number) => {
      const from = copied;
      say(spoken.text.slice(from, end), (i) => from + i);
    };
    for (const { 0: word, index } of spoken.text.matchAll(this.#words)) {
      copyTo(index);
      say(this.#said.get(word.toLowerCase()) ?? word, () => index);
      copied = index + word.length;
    }
    copyTo(spoken.text.length);
    return {
      text,
      toGenerated: (offset) => spoken.toGenerated(origins[Math.max(offset, 0)] ?? spoken.text.length),
    };
  }
}
