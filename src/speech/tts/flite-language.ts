import { fliteWords } from './flite-text.ts';

/** The scripts that people write in, by the name that a person knows. `\p{Script=…}` of each is tried in this order. */
const SCRIPTS: readonly (readonly [name: string, letters: RegExp])[] = [
  ['Japanese', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['Korean', /\p{Script=Hangul}/u],
  ['Chinese', /\p{Script=Han}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Arabic', /\p{Script=Arabic}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Devanagari', /\p{Script=Devanagari}/u],
  ['Bengali', /\p{Script=Bengali}/u],
  ['Tamil', /\p{Script=Tamil}/u],
  ['Telugu', /\p{Script=Telugu}/u],
  ['Thai', /\p{Script=Thai}/u],
  ['Georgian', /\p{Script=Georgian}/u],
  ['Armenian', /\p{Script=Armenian}/u],
];
/** ASCII with something to pronounce, which is nearly everything: no need to look at each letter. */
const PLAIN_ENGLISH = /^(?=[\s\S]*[A-Za-z0-9])[\0-\x7f]*$/;
const OTHER = 'a script that it does not know';

/** Null when Flite, which is English, can say most of `text`; otherwise the reason for a person. */
export function whyFliteCannotSpeak(text: string): string | null {
  if (PLAIN_ENGLISH.test(text)) return null;
  let latin = 0;
  let foreign = 0;
  const byScript = new Map<string, number>();
  // Compatibility forms (full-width Latin, 𝐦𝐚𝐭𝐡 letters) are Latin once they are decomposed.
  for (const letter of text.normalize('NFKD').match(/\p{L}/gu) ?? []) {
    if (/\p{Script=Latin}/u.test(letter)) {
      latin++;
      continue;
    }
    foreign++;
    const script = SCRIPTS.find(([, letters]) => letters.test(letter))?.[0] ?? OTHER;
    byScript.set(script, (byScript.get(script) ?? 0) + 1);
  }
  if (foreign > latin) {
    // Japanese is mostly written with Chinese characters: a few kana decide.
    const [first] = [...byScript].sort(([, a], [, b]) => b - a);
    const script = first?.[0] === 'Chinese' && byScript.has('Japanese') ? 'Japanese' : (first?.[0] ?? OTHER);
    return `flite speaks English only; this is ${script}`;
  }
  return fliteWords(text).length > 0 ? null : 'there is nothing to pronounce in it';
}
