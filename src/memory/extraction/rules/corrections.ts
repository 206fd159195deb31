import type { RuleCorrection } from './finding.ts';
import { dateIn, numberIn } from './values.ts';
import { COMMON, GIVEN_NAMES } from './words.ts';

const TERM = "(?:the |an? )?[\\p{L}\\d'-]+(?: [\\p{L}\\d'-]+){0,3}?";
const INSTEAD: readonly RegExp[] = [
  new RegExp(
    `^(?:it is|that is|I said|I meant|I mean|he is|she is|its)?\\s*(?:called |in |on )?(${TERM}),? (?:and )?not (?:in |on )?(${TERM})$`,
    'iu',
  ),
];
const NOT_BUT: readonly RegExp[] = [
  new RegExp(
    `^(?:it is |that is )?not (?:in |on )?(${TERM}),? (?:but|it is|I said|I meant) (?:in |on )?(${TERM})$`,
    'iu',
  ),
];
const MEANT = new RegExp(
  `^(?:sorry,? |no,? |wait,? )*(?:I meant|I mean|I meant to say|it should be|make that) (?:to say )?(?:in |on |at )?(${TERM})$`,
  'iu',
);
const NO_IT_IS = new RegExp(
  `^(?:no|nope|wait|actually|sorry)\\b[\\s,.]*(?:it is|I said|he is|she is) (?:called |in |on )?(${TERM})$`,
  'iu',
);
const NO = new RegExp(`^(?:no wait|no|sorry|or rather)[\\s,]+(?:it is |I said |in |at )?(${TERM})$`, 'iu');

/**
 * What a sentence sets right, with its contractions written out; null when it sets nothing right.
 *
 * @param inside it is the rest of a sentence: in `I live in Rome, no, Oslo` a bare `no, Oslo` is clear
 */
export function correctionIn(text: string, heard: boolean, inside: boolean): RuleCorrection | null {
  const plain = text
    .replace(/[.!\s]+$/, '')
    .replace(/^(?:and|but|well|actually|sorry|no|nope|oh|wait)[\s,]+(?=.*\bnot\b)/i, '');
  for (const [order, shapes] of [INSTEAD, NOT_BUT].entries())
    for (const shape of shapes) {
      const [, one, other] = shape.exec(plain) ?? [];
      const [right, wrong] = order === 0 ? [one, other] : [other, one];
      if (right !== undefined && wrong !== undefined && isValue(right) && isValue(wrong))
        return { type: 'correction', wrong, right };
    }
  const meant = MEANT.exec(text.replace(/[.!\s]+$/, ''))?.[1];
  if (meant !== undefined && isValue(meant)) return { type: 'correction', wrong: null, right: meant };
  const said = (inside ? NO : NO_IT_IS).exec(text.replace(/[.!\s]+$/, ''))?.[1];
  // `No, it's cold` sets nothing right: what does must look like a name, a number or a date.
  const isPlain = said !== undefined && isValue(said);
  const stands =
    isPlain &&
    (/^\p{Lu}/u.test(said) ||
      numberIn(said) !== null ||
      dateIn(said) !== null ||
      (heard && GIVEN_NAMES.has(said.toLowerCase())));
  return stands ? { type: 'correction', wrong: null, right: said } : null;
}

function isValue(term: string): boolean {
  if (dateIn(term) !== null) return true;
  return !term.split(' ').some((word) => COMMON.has(word.toLowerCase()) && !/^(?:the|an?|of)$/.test(word));
}
