import { plainWords } from './plain-words.ts';

/** What a listener says without wanting to speak; accents may be missing, because some recognisers leave them out. */
const PHRASES: readonly string[] = [
  ...[
    'yeah',
    'yea',
    'yah',
    'yep',
    'yup',
    'yes',
    'ya',
    'ok',
    'okay',
    'okey',
    'k',
    'kay',
    'right',
    'sure',
    'true',
  ],
  ...['really', 'wow', 'whoa', 'nice', 'great', 'cool', 'good', 'fine', 'exactly', 'absolutely', 'totally'],
  ...[
    'definitely',
    'indeed',
    'interesting',
    'amazing',
    'alright',
    'all right',
    'of course',
    'i see',
    'i know',
  ],
  ...['got it', 'i got it', 'gotcha', 'go on', 'oh my', 'no way', 'oh dear', 'oh boy', 'oh god', 'oh my god'],
  ...[
    'i understand',
    'makes sense',
    'that makes sense',
    "that's right",
    "that's true",
    "that's good",
    "that's great",
  ],
  ...["that's nice", 'very good', 'very nice', 'fair enough', 'sounds good', 'is that so', 'how nice'],
  // German
  ...[
    'ja',
    'jo',
    'jep',
    'genau',
    'stimmt',
    'klar',
    'na klar',
    'alles klar',
    'gut',
    'richtig',
    'ach',
    'ach so',
    'achso',
  ],
  ...[
    'ach ja',
    'ah ja',
    'na ja',
    'verstehe',
    'ich verstehe',
    'echt',
    'wirklich',
    'interessant',
    'toll',
    'so so',
    'okee',
  ],
  ...['aha', 'sicher', 'natürlich', 'schön', 'sehr gut', 'gerne', 'eben'],
  // French
  ...[
    'oui',
    'ouais',
    'mouais',
    'ben oui',
    'bah oui',
    'mais oui',
    "d'accord",
    'ah bon',
    'bon',
    'bien',
    'très bien',
  ],
  ...[
    'je vois',
    'voilà',
    "c'est vrai",
    "c'est ça",
    'bien sûr',
    'tout à fait',
    'exactement',
    'vraiment',
    'super',
  ],
  ...['je comprends', 'ça marche', 'en effet', 'tiens'],
  // Spanish, Italian, Portuguese
  ...[
    'sí',
    'vale',
    'claro',
    'claro que sí',
    'ajá',
    'ya veo',
    'entiendo',
    'de acuerdo',
    'exacto',
    'bueno',
    'muy bien',
  ],
  ...[
    'de verdad',
    'en serio',
    'por supuesto',
    'así es',
    'certo',
    'capisco',
    'ho capito',
    'va bene',
    'esatto',
  ],
  ...[
    'davvero',
    'già',
    'bene',
    'giusto',
    'sim',
    'tá',
    'tá bom',
    'entendi',
    'pois é',
    'pois',
    'isso',
    'tudo bem',
  ],
  // Dutch, Polish, Russian
  ...[
    'precies',
    'klopt',
    'goed',
    'natuurlijk',
    'ik snap het',
    'tak',
    'jasne',
    'rozumiem',
    'dobrze',
    'да',
    'ага',
    'угу',
  ],
  ...['понятно', 'ясно', 'хорошо', 'конечно', 'точно'],
];

/**
 * Sounds, however long. PocketSphinx has few of them in its dictionary and writes "hum", "a" or "m" for what it hears
 * of a "hm", or its letters; alone these mean nothing else.
 */
const SOUND =
  /^(?:h|m+|h+m+|m+h+m+|h+u+m+|h+u+h+|u+h+|u+m+|e+r+m*|e+h+|e+u+h+|ä+h*m*|e+h+m+|a+h*|o+h*|ha+h*|he+h*|ooh|huh|uhuh|uhhuh|mhmm|aye|aw+|м+|э+|а+)$/u;

/** Chinese, Japanese and Korean write no spaces between them. */
const CJK =
  /^(?:嗯|哦|噢|啊|对的?|好的?|是的?|没错|うん|ええ|はい|へえ|ああ|そうですね|そうですか|そう|なるほど|네|예|응|음|아|그래요?|맞아요?)+$/u;

/** Nobody makes more sounds than this in a row without wanting to say something. */
const MAX_WORDS = 12;

const phrases = new Set(PHRASES.map((phrase) => key(plainWords(phrase))));
const longestPhrase = Math.max(...PHRASES.map((phrase) => plainWords(phrase).length));

/**
 * True when all of `text` is what a listener says: "mhm", "yeah yeah", "oh wow", "I see". False for nothing, and as
 * soon as there is one word that takes the floor: "yeah but", "no", "stop", "okay stop".
 *
 * English first; the commonest ones of German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian, Chinese,
 * Japanese and Korean. It does not know what was asked: "yes" after a question is an answer, and the caller has to know.
 */
export function isBackchannel(text: string): boolean {
  const words = plainWords(text);
  if (words.length === 0 || words.length > MAX_WORDS) return false;
  if (CJK.test(words.join(''))) return true;
  /** `reached[n]`: the first n words are made of phrases and sounds. */
  const reached = [true];
  for (let end = 1; end <= words.length; end++) {
    reached[end] = false;
    for (let start = Math.max(0, end - longestPhrase); start < end; start++) {
      if (reached[start] && isListening(words.slice(start, end))) reached[end] = true;
    }
  }
  return reached[words.length] === true;
}

function isListening(words: readonly string[]): boolean {
  const [only = ''] = words;
  return (words.length === 1 && SOUND.test(only)) || phrases.has(key(words));
}

function key(words: readonly string[]): string {
  return words.join(' ').normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll("'", '');
}

/** Equal but for case, punctuation and whitespace between words: what an answer to the one is, it is to the other. */
export function sameWords(a: string, b: string): boolean {
  const left = plainWords(a);
  const right = plainWords(b);
  return (
    left.length === right.length && left.every((word, i) => withoutMarks(word) === withoutMarks(right[i]))
  );
}

/** Recognisers differ in `dont` and `don't`. */
function withoutMarks(word: string | undefined): string | undefined {
  return word?.replaceAll("'", '');
}
