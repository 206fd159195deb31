import { COMMON, LANGUAGES, NATIONALITIES } from './words.ts';

const PARTICLE =
  /^(?:of|the|de|da|do|del|della|di|la|le|las|los|van|von|der|den|upon|am|an|on|sur|and|y|al|el|bin|ben)$/;
const SMALL = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen ' +
  'seventeen eighteen nineteen'
).split(' ');
const TENS = ' ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const ORDINALS = (
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth ' +
  'fifteenth sixteenth seventeenth eighteenth nineteenth twentieth'
).split(' ');
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const WEEKDAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');
const PROPER = new Map(
  [...MONTHS.filter((month) => !/^(?:March|May|August)$/.test(month)), ...WEEKDAYS].map((word) => [
    word.toLowerCase(),
    word,
  ]),
);

/** Somebody's name, with its capitals; null when these words are none. Without capitals to go by it has two words at most. */
export function nameIn(phrase: string, heard: boolean): string | null {
  const parts = phrase.trim().split(/\s+/);
  if (parts.length > (heard ? 2 : 4)) return null;
  const isName = parts.every((part, index) =>
    heard
      ? /^\p{Ll}[\p{L}'-]+$/iu.test(part) && !COMMON.has(part.toLowerCase())
      : /^\p{Lu}[\p{L}.'-]*$/u.test(part) || (index > 0 && index < parts.length - 1 && PARTICLE.test(part)),
  );
  if (!isName || parts.some((part) => COMMON.has(part.toLowerCase()))) return null;
  return parts.map((part) => capitals(part)).join(' ');
}

/** What may follow a place without being a part of it. */
const BEHIND_PLACE =
  /,? (?:with|near|for|since|but|as|because|together|at the|in|on the|and|right|all|next|last|this|two|three|four|five|a few|many|some|years?|months?|when|before|after|to be|from|by|until|where)\b.*$/i;

/** A town or country, with its capitals; null when these words are none. */
export function placeIn(phrase: string, heard: boolean): string | null {
  const place = phrase.replace(BEHIND_PLACE, '').trim();
  const parts = place.split(/\s+/);
  if (place === '' || parts.length > 5) return null;
  const lower = place.toLowerCase();
  if (heard) {
    const bare = lower
      .replace(/(?<=\S) city$|^new (?=\S)/g, '')
      .replace(/^the (?=hague|netherlands|united|uk|us|usa|philippines|bronx|czech)/, '');
    if (
      bare.split(' ').length > 3 ||
      bare
        .split(/[\s,]+/)
        .some(
          (part) => COMMON.has(part) || /^\d|^(?!beijing)\p{L}+ing$/u.test(part) || numberIn(part) !== null,
        )
    )
      return null;
    return parts.map((part) => (PARTICLE.test(part) ? part : capitals(part))).join(' ');
  }
  const isPlace = parts.every(
    (part, index) => /^\p{Lu}[\p{L}.'-]*,?$/u.test(part) || (index < parts.length - 1 && PARTICLE.test(part)),
  );
  return isPlace && !COMMON.has(lower) ? place : null;
}

/** An employer or a school: `the city library` stays as it is, `siemens` gets its capital; null when it is none. */
export function organisationIn(phrase: string, heard: boolean): string | null {
  const plain = phrase.replace(/,? (?:since|for|but|as|because|now|with|when|where)\b.*$/i, '').trim();
  const parts = plain.split(/\s+/);
  if (parts.length > 6) return null;
  if (/^(?:an?|the) \p{L}/iu.test(plain)) return plain;
  if (!heard) return /^\p{Lu}/u.test(plain) ? plain : null;
  if (parts.length > 4 || !/^\p{L}/u.test(plain) || COMMON.has(parts[0] ?? '')) return null;
  return parts.map((part) => (PARTICLE.test(part) ? part : capitals(part))).join(' ');
}

/** `thirty-four` and `34` are 34; null for what is no whole number below a thousand. */
export function numberIn(phrase: string): number | null {
  const plain = phrase.trim().toLowerCase();
  if (/^\d{1,3}$/.test(plain)) return Number(plain);
  const [first = '', second, ...more] = plain.split(/[\s-]+/);
  if (more.length > 0) return null;
  const tens = TENS.indexOf(first);
  const ones = SMALL.indexOf(second ?? 'zero');
  if (tens > 1) return ones >= 0 && ones < 10 ? tens * 10 + ones : null;
  return second === undefined && SMALL.includes(first) ? SMALL.indexOf(first) : null;
}

function dayIn(phrase: string): number | null {
  const plain = phrase.toLowerCase().replace(/-/g, ' ');
  const digits = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(plain)?.[1];
  const [first = '', second] = plain.split(' ');
  const ordinal = ORDINALS.indexOf(second ?? first);
  const base = second === undefined ? 0 : TENS.indexOf(first) * 10;
  const day =
    digits !== undefined
      ? Number(digits)
      : first === 'thirtieth'
        ? 30
        : ordinal > 0 && base >= 0
          ? base + ordinal
          : numberIn(plain);
  return day !== null && day >= 1 && day <= 31 ? day : null;
}

const MONTH = `(${MONTHS.join('|')}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\\.?`;
const DAY = '((?:\\d{1,2}(?:st|nd|rd|th)?|(?:twenty|thirty)?[ -]?\\p{L}+))';
const YEAR = '(?:,? (?:in )?((?:19|20)\\d{2}))?';
const DAY_FIRST = new RegExp(`^(?:the )?${DAY} (?:of )?${MONTH}${YEAR}$`, 'iu');
const MONTH_FIRST = new RegExp(`^${MONTH} (?:the )?${DAY}${YEAR}$`, 'iu');

/** `the third of March`, `March 3rd, 1990` → `3 March`, `3 March 1990`; null for what is no day of a year. */
export function dateIn(phrase: string): string | null {
  const plain = phrase.trim().replace(/^on /i, '');
  const dayFirst = DAY_FIRST.exec(plain);
  const monthFirst = MONTH_FIRST.exec(plain);
  const [dayText, monthText, year] = dayFirst
    ? dayFirst.slice(1)
    : monthFirst
      ? [monthFirst[2], monthFirst[1], monthFirst[3]]
      : [];
  if (dayText === undefined || monthText === undefined) return null;
  const day = dayIn(dayText.trim());
  const month = MONTHS.find((name) => name.toLowerCase().startsWith(monthText.toLowerCase().slice(0, 3)));
  if (day === null || month === undefined) return null;
  return [day, month, year].filter((part) => part !== undefined).join(' ');
}

/** Months, days, languages and nations get their capitals, which a recogniser leaves out. */
export function withProperNames(phrase: string): string {
  return phrase.replace(/\p{L}+/gu, (word) =>
    LANGUAGES.has(word) || NATIONALITIES.has(word) ? capitals(word) : (PROPER.get(word) ?? word),
  );
}

/** `jean-luc` → `Jean-Luc`; what has a capital stays as it is. */
export function capitals(word: string): string {
  if (/\p{Lu}/u.test(word)) return word;
  return word.replace(/(^|[-'])(\p{Ll})/gu, (match, before: string, letter: string, offset: number) =>
    before === "'" && offset > 1 ? match : before + letter.toUpperCase(),
  );
}

/** `blue and green` → both; one phrase when it is no plain list. */
export function listIn(phrase: string): string[] {
  const parts = phrase.split(/,\s+and\s+|,\s+|\s+and\s+/).map((part) => part.trim());
  return parts.every((part) => part !== '' && part.split(' ').length <= 3) ? parts : [phrase];
}

const OBJECT: Readonly<Record<string, string>> = {
  my: 'their',
  our: 'their',
  mine: 'theirs',
  me: 'them',
  us: 'them',
  myself: 'themselves',
  i: 'they',
};

/** What somebody says of their own things, from outside: `my job` → `their job`. */
export function fromOutside(phrase: string): string {
  return phrase.replace(/\b(?:my|our|mine|me|us|myself|I)\b/gi, (word) => OBJECT[word.toLowerCase()] ?? word);
}

/** `Favorite color` → `favourite colour`, so that both spellings are one attribute. */
export function plainThing(thing: string): string {
  return thing
    .toLowerCase()
    .replace(/\bfavorite\b/, 'favourite')
    .replace(/\bcolor\b/, 'colour');
}
