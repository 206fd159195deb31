/** Numbers with their signs and points, symbols that mean something, words with their apostrophes. */
const WORD =
  /(?<![\p{L}\p{N}])[-\u2212](?=\p{N})|\p{N}+(?:[.,:]\p{N}+)*|[\p{L}\p{M}](?:[\p{L}\p{M}\p{N}]|['\u2019](?=\p{L}))*|[\p{S}%]/gu;

/**
 * The words of `text` as a recogniser without punctuation would write them: lower case, no marks between them.
 * `Don't.` is `don't`; a number keeps what changes its value (`-3.5`, `5%`).
 */
export function plainWords(text: string): string[] {
  return text.normalize('NFC').toLowerCase().replaceAll('\u2019', "'").match(WORD) ?? [];
}
