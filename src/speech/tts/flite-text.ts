/** A word as it stands in the text, and what Flite is given for it. */
export interface FliteWord {
  /** Offsets in the text, punctuation included. */
  readonly start: number;
  readonly end: number;
  /** Printable ASCII. */
  readonly spoken: string;
}

/** Runs between spaces; a dash ends a word, and nothing is longer than Flite's letter rules are quick with. */
const WORD = /[^\s—]{1,60}—*|—+/gu;
const MUTE = /^[^A-Za-z0-9/&%@#+=*_~^|$\\]*$/;
const PRINTABLE = /^[\x21-\x7e]+$/;
const DASH = /[-–—]$/u;
/** About 25 s of speech, made in about a second. */
const PIECE_CHARS = 400;

/**
 * The words of `text` that Flite can pronounce, in order.
 *
 * Flite reads ASCII and drops the rest without a word, so letters with accents become their base letters here and
 * typographic marks their plain forms. What remains foreign (emoji, another script) is left out.
 */
export function fliteWords(text: string): FliteWord[] {
  const words: FliteWord[] = [];
  for (const match of text.matchAll(WORD)) {
    const written = match[0];
    const spoken = toAscii(written);
    const previous = words.at(-1);
    if (!MUTE.test(spoken)) {
      words.push({ start: match.index, end: match.index + written.length, spoken });
    } else if (DASH.test(written) && previous && !/[.,;:!?]$/.test(previous.spoken)) {
      // A dash between words is heard as a short pause.
      words[words.length - 1] = { ...previous, spoken: `${previous.spoken},` };
    }
  }
  return words;
}

/** Cuts many words into stretches that are synthesised one after the other, at a pause where there is one. */
export function flitePieces(words: readonly FliteWord[]): FliteWord[][] {
  const pieces: FliteWord[][] = [];
  let piece: FliteWord[] = [];
  let chars = 0;
  for (const word of words) {
    if (piece.length > 0 && chars + word.spoken.length > PIECE_CHARS) {
      const pause = piece.findLastIndex(({ spoken }) => /[.!?;:,]['")\]]*$/.test(spoken));
      const cut = pause >= piece.length / 2 ? pause + 1 : piece.length;
      pieces.push(piece.slice(0, cut));
      piece = piece.slice(cut);
      chars = piece.reduce((sum, { spoken }) => sum + spoken.length + 1, 0);
    }
    piece.push(word);
    chars += word.spoken.length + 1;
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}

const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  ẞ: 'SS',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'th',
  Ð: 'Th',
  þ: 'th',
  Þ: 'Th',
  ı: 'i',
};

function toAscii(word: string): string {
  if (PRINTABLE.test(word)) return word;
  return word
    .replace(/([€£¥])(\d[\d.,]*\d|\d)/gu, '$2$1')
    .replace(/€/gu, ' euros')
    .replace(/£/gu, ' pounds')
    .replace(/¥/gu, ' yen')
    .replace(/°/gu, ' degrees ')
    .replace(/(\d)[–—](\d)/gu, '$1 to $2')
    .replace(/–/gu, '-')
    .replace(/—+$/u, ',')
    .replace(/[‘’ʼ‛]/gu, "'")
    .replace(/[“”„«»]/gu, '"')
    .replace(/(?<=\d)(?=[¼-¾⅐-⅞])/gu, ' and ')
    .normalize('NFKD')
    .replace(/⁄/gu, '/')
    .replace(/\p{M}/gu, '')
    .replace(/[^\0-\x7f]/gu, (letter) => LETTERS[letter] ?? ' ')
    .replace(/[^\x20-\x7e]/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}
