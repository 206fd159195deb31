import { straight } from './words.ts';

const SWAPPED: Readonly<Record<string, string>> = {
  i: 'you',
  me: 'you',
  my: 'your',
  mine: 'yours',
  myself: 'yourself',
  am: 'are',
  "i'm": "you're",
  "i've": "you've",
  "i'll": "you'll",
  "i'd": "you'd",
  your: 'my',
  yours: 'mine',
  yourself: 'myself',
  "you're": "I'm",
  "you've": "I've",
  "you'll": "I'll",
  "you'd": "I'd",
};
const AFTER_I: Readonly<Record<string, string>> = { was: 'were', "wasn't": "weren't", am: 'are' };
const AFTER_YOU: Readonly<Record<string, string>> = {
  are: 'am',
  were: 'was',
  "aren't": 'am not',
  "weren't": "wasn't",
};
/** Behind one of these, or at the end, `you` is an object. */
const TAKES_OBJECT =
  /^(to|for|with|about|of|from|at|by|than|like|love|hate|tell|told|ask|asked|see|know|hear|help|thank|need|want|and|between|call|called|miss)$/;

/** The words of one from the mouth of the other: `I love my cat` is `you love your cat`. */
export function swapped(text: string): string {
  let before = '';
  return straight(text).replace(/[\p{L}']+/gu, (word, offset: number, whole: string) => {
    const lower = word.toLowerCase();
    const previous = before;
    before = lower;
    if (previous === 'i' && AFTER_I[lower]) return AFTER_I[lower];
    if (previous === 'you' && AFTER_YOU[lower]) return AFTER_YOU[lower];
    if (lower === 'you') {
      const last = !/[\p{L}]/u.test(whole.slice(offset + word.length));
      return previous !== '' && (last || TAKES_OBJECT.test(previous)) ? 'me' : 'I';
    }
    return SWAPPED[lower] ?? word;
  });
}
