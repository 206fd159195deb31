/** Words of a text as they are compared: lower case, contractions apart, no punctuation. */
export function wordsOf(text: string): string[] {
  const plain = straight(text)
    .toLowerCase()
    .replace(/\bcan't\b/g, 'can not')
    .replace(/\bwon't\b/g, 'will not')
    .replace(/n't\b/g, ' not')
    .replace(/'(m|re|ve|ll|d)\b/g, (_, short: string) => ` ${LONG[short]}`)
    // `name's` may be `name is` or a genitive; neither carries meaning of its own here.
    .replace(/'s\b/g, '');
  return plain.match(/[\p{L}\p{N}]+(?:[.,:]\p{N}+)*/gu) ?? [];
}

const LONG: Readonly<Record<string, string>> = { m: 'am', re: 'are', ve: 'have', ll: 'will', d: 'would' };

/** With the plain apostrophe, which speech recognisers and keyboards do not agree on. */
export function straight(text: string): string {
  return text.replace(/[’‘]/g, "'");
}

const IRREGULAR: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'be am is are was were been being',
    'have has had having',
    'do does did done doing',
    'go goes went gone',
    'say says said',
    'tell told',
    'get got gotten',
    'make made',
    'come came',
    'see saw seen',
    'know knew known',
    'think thought',
    'feel felt',
    'leave left leaving',
    'meet met',
    'eat ate eaten',
    'drink drank drunk',
    'buy bought',
    'put putting',
    'keep kept',
    'lose lost losing',
    'find found',
    'give gave given giving',
    'grow grew grown',
    'write wrote written writing',
    'read reading',
    'speak spoke spoken',
    'sleep slept',
    'teach taught',
    'drive drove driven driving',
    'bear born',
    'person people',
    // One wish of many: what somebody is called and what their name is.
    'name names named call called',
    'i me my mine myself',
    'mother mom mum mama mummy',
    'father dad papa daddy',
    'child children kid kids',
  ].flatMap((line) => {
    const [root = '', ...forms] = line.split(' ');
    return [root, ...forms].map((form) => [form, root]);
  }),
);

/** A crude stem, the same for the forms of a word: live, lives, lived, living. `i` for all of the first person. */
export function stem(word: string): string {
  const irregular = IRREGULAR[word];
  if (irregular) return irregular;
  let root = word.replace(/our/g, 'or');
  if (root.length > 4) {
    if (root.endsWith('ies')) root = `${root.slice(0, -3)}y`;
    else if (/(s|x|z|ch|sh)es$/.test(root)) root = root.slice(0, -2);
    else if (root.endsWith('ing')) root = single(root.slice(0, -3));
    else if (root.endsWith('ied')) root = `${root.slice(0, -3)}y`;
    else if (root.endsWith('ed')) root = single(root.slice(0, -2));
  }
  if (root.length > 3 && /[^s]s$/.test(root)) root = root.slice(0, -1);
  return root.length > 3 ? root.replace(/e$/, '') : root;
}

/** `planning` is `plan`. */
function single(root: string): string {
  return /([bdgmnprt])\1$/.test(root) ? root.slice(0, -1) : root;
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A sentence: with a capital at its beginning and a stop at its end. */
export function asSentence(text: string): string {
  const trimmed = text.trim().replace(/[\s,;:.!?]+$/, '');
  return trimmed === '' ? '' : `${capitalised(trimmed)}.`;
}

/** A number that looks random and is always the same for the same text. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

export function sentencesOf(text: string): string[] {
  return (
    text
      .match(/[^.!?\n]+(?:[.!?]+(?=\S)[^.!?\n]+)*[.!?]*/g)
      ?.map((sentence) => sentence.trim())
      .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence)) ?? []
  );
}
