/** How a stretch of a line is spoken. What no rule matches is spoken as it is. */
export type SpokenRule = 'address' | 'space' | 'comma' | 'drop';

const anyOf = (...rules: readonly RegExp[]) => rules.map((rule) => rule.source).join('|');

const TOP_LEVEL =
  'com|org|net|edu|gov|info|biz|io|dev|app|ai|co|me|tv|xyz|eu|us|uk|ca|au|nz|ie|de|at|ch|fr|be|nl|lu|es|pt|it|' +
  'dk|se|no|fi|pl|cz|gr|tr|ru|ua|in|jp|cn|kr|br|mx';
/** Ends in a letter, a digit or `/`: the full stop of the sentence, and Chinese right behind, are not part of it. */
const PATH =
  /[[!-~\p{Script=Latin}\p{Script=Cyrillic}]--[<>"`\s]]*[0-9\/\p{Script=Latin}\p{Script=Cyrillic}]/v.source;
const ADDRESS = [
  `<?(?:https?|ftp|wss?)://(?:${PATH})?>?`,
  `www\\.${PATH}`,
  /<?(?<![\w.+\-])(?:mailto:)?[\w.+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}>?/v.source,
  `(?<![A-Za-z0-9@.\\-])(?:[A-Za-z0-9][A-Za-z0-9\\-]*\\.)+(?:${TOP_LEVEL})(?!\\.?[A-Za-z0-9\\-])(?:[:\\/?#]${PATH})?`,
].join('|');

/** Tags inside a word or a line; every other tag parts what is around it. */
const INLINE_TAG = 'a|abbr|b|cite|code|del|em|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|u';
const TAG_REST = /(?:\s[^<>]*)?\/?>/v.source;

/** White space, tags of blocks, and the underscores in snake_case. */
const SPACE = [
  `\\s+|<\\/?(?!(?:${INLINE_TAG})[\\s\\/>])[A-Za-z][\\w\\-]*${TAG_REST}`,
  /(?<=[\p{L}\p{N}])_+(?=[\p{L}\p{N}])/v.source,
].join('|');
/** Between two cells of a table. */
const COMMA = /\|+/v.source;

const DROP = anyOf(
  // What surrounds the text of a link: `](https://…)`, `][ref]`; references such as `[1]`; other brackets.
  /\]\((?:[^\(\)\s]|\([^\(\)\s]*\))*(?:\s+"[^"]*")?\)|\]\[[^\[\]]*\]|\[\^?\d{1,3}(?:\s*[,–\-]\s*\d{1,3})*\](?!\()|!(?=\[)|[\[\]]/v,
  // Emphasis and code, but not the asterisks of `2*3` and `2 * 3`; escapes.
  /\*{2,}|(?<!\d)\*(?!\s)|(?<!\s)\*(?!\d)|_+|~~|`+|\\(?=[!-\/:-@\[-`\{-~])/v,
  // Tags and comments, but not `a < b`.
  new RegExp(`<\\/?(?:${INLINE_TAG})${TAG_REST}|<!--.*?-->`, 'v'),
  // Emoji with their modifiers, flags and keycaps.
  /[[\p{ExtPict}\u{1F000}-\u{1F0FF}\u{1F300}-\u{1FAFF}\p{RI}\p{EMod}\u{FE0E}\u{FE0F}\u{20E3}\u{E0020}-\u{E007F}]--[©®™‼⁉]]|\u200D(?=\p{ExtPict})/v,
  // Controls. The joiners U+200C and U+200D stay: Persian and Hindi spell with them.
  /[\p{Cc}\p{Co}\p{Cs}\u{AD}\u{200B}\u{200E}\u{200F}\u{202A}-\u{202E}\u{2060}-\u{2069}\u{FEFF}•]/v,
);

/** Finds the next stretch that is not spoken as it is; the group that matched is its rule. */
export const SPOKEN_RULES = new RegExp(
  `(?<address>${ADDRESS})|(?<space>${SPACE})|(?<comma>${COMMA})|(?<drop>${DROP})`,
  'gv',
);

/** What a line of Markdown begins with: quotes, then a heading, a bullet with its checkbox, or the edge of a table. */
export const LINE_PREFIX = /^\s*(?:>\s?)*\s*(?:#{1,6}\s+|[*+•–\-]\s+(?:\[[ xX]\]\s+)?|\|)?/v;

/** A trimmed line that only draws: a rule, the underline of a heading, the line below the head of a table. */
export const RULED_LINE = /^(?:(?:[\-*_=]\s*){3,}|\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?)?\s*)$/v;

/** The trimmed line that opens a block of code. Group 1 is what closes it. */
export const FENCE = /^(?:>\s?)*(`{3,}|~{3,})[^`]*$/v;

/** Marks that a piece begins with because they came too late for the piece before: `!`, `" `, `) `. */
export const STRAY_MARKS = /^(?:\s|[!?,;\)\]\}”」』）】]|[.:…"'’»–—\-]+(?=\s|$))+/v;
