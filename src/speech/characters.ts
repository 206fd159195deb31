/** What single UTF-16 units mean to the splitter. Lone halves of surrogate pairs (emoji, rare Han) are none of these. */
export const isNewline = (unit: string) => /[\n\r\u2028\u2029]/.test(unit);
export const isSpace = (unit: string) => /\s/.test(unit);
/** The no-break spaces that French puts before `?` and `!` hold a line, and a piece, together. */
export const isBreakingSpace = (unit: string) => /[^\S\u00a0\u202f]/.test(unit);
export const isLower = (unit: string) => /\p{Ll}/u.test(unit);
export const isDigit = (unit: string) => /\p{Nd}/u.test(unit);
export const isLetter = (unit: string) => /[\p{L}\p{M}]/u.test(unit);
export const isWordUnit = (unit: string) => /[\p{L}\p{M}\p{N}]/u.test(unit);

/** Scripts that write no spaces between words. */
export const isSpaceless = (unit: string) =>
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u.test(
    unit,
  );

/** Ends a sentence whatever stands before it: Latin, CJK, Arabic, Urdu, Devanagari, Armenian, Ethiopic, Burmese, Khmer. */
export const isStop = (unit: string) => /[!?‼‽⁇⁈⁉。！？｡؟۔।॥։።။។]/.test(unit);
/** May end a sentence, or stand in a number, an abbreviation or a name. */
export const isDot = (unit: string) => unit === '.' || unit === '．';
/** Ends a clause; those of the second group are followed by a letter without a space in between. */
export const isClauseMark = (unit: string) => /[,;:،؛，、；：—]/.test(unit);
export const gluesToNextWord = (unit: string) => /[，、；：—]/.test(unit);
/** After a terminator (`"Stop!", she said`), these say that the sentence goes on. */
export const isContinuation = (unit: string) => /[,;:،؛，、；：–—-]/.test(unit);
/** After a terminator, these say that it stands in an address, a path, a formula or code: `?a=1`, `./x`, `!=`. */
export const isCodeUnit = (unit: string) => /[/\\=&#@%$^+<|]/.test(unit);

/**
 * How a bracket, quotation mark or Markdown marker behaves.
 *
 * `positional` marks look the same on both sides: they open after white space or another opening mark and close
 * after anything else. `toggle` marks open when none is open: `«a»` and `»a«`, `“a”` and `„a“`.
 */
export interface PairMark {
  readonly family: string;
  readonly role: 'open' | 'close' | 'positional' | 'toggle';
}

const PAIR_MARKS = new Map<string, PairMark>();
for (const pair of ['()', '[]', '{}', '（）', '［］', '【】', '「」', '『』', '《》', '〈〉']) {
  PAIR_MARKS.set(pair.charAt(0), { family: pair, role: 'open' });
  PAIR_MARKS.set(pair.charAt(1), { family: pair, role: 'close' });
}
for (const unit of '*_~`') PAIR_MARKS.set(unit, { family: unit, role: 'positional' });
for (const [family, units] of [
  ['double', '"”'],
  ['single', "'’"],
] as const) {
  for (const unit of units) PAIR_MARKS.set(unit, { family, role: 'positional' });
}
PAIR_MARKS.set('„', { family: 'double', role: 'open' });
PAIR_MARKS.set('“', { family: 'double', role: 'toggle' });
PAIR_MARKS.set('‚', { family: 'single', role: 'open' });
PAIR_MARKS.set('‘', { family: 'single', role: 'toggle' });
for (const unit of '«»‹›') PAIR_MARKS.set(unit, { family: 'guillemets', role: 'toggle' });

export const pairMarkOf = (unit: string): PairMark | undefined => PAIR_MARKS.get(unit);
