/** Something that is said once and never again: the name in it tells it from everything else. */
export interface Saying {
  readonly name: string;
  readonly text: string;
  /** What is to be remembered of it; null: nothing. */
  readonly fact: string | null;
}

export type SayingKind = 'request' | 'rule' | 'model';

const SYLLABLES = [...'bdfgklmnprtvz'].flatMap((consonant) => [...'aeiou'].map((vowel) => consonant + vowel));
const NAME = /Z(?:[bdfgklmnprtvz][aeiou]){4}/g;

/** @param number unlike that of every other saying */
export function sayingOf(kind: SayingKind, number: number): Saying {
  const name = nameOf(number);
  switch (kind) {
    case 'request':
      return { name, text: `Tell me about ${name}.`, fact: null };
    case 'rule':
      return {
        name,
        text: `I have a friend called ${name}.`,
        fact: `The user has a friend called ${name}.`,
      };
    case 'model':
      return { name, text: `${KNEE_SAID}${name} my knee has been hurting a lot.`, fact: kneeFact(name) };
  }
}

/** All of what the stand-in model answers: some sentences, so that an answer is written more than once. */
export function answerTo(name: string): string {
  return `I have heard of ${name}. That is one more thing that I can say. And this is the end of it, as far as I know.`;
}

/** The newest name in a text. */
export function nameIn(text: string): string {
  return text.match(NAME)?.at(-1) ?? '';
}

/** What the stand-in model learns from the messages in an extraction prompt. */
export function factsIn(prompt: string) {
  return [...prompt.matchAll(/^\[(\d+)\] user \(learn\): "(.*)"$/gm)].flatMap(([, number, text = '']) =>
    text.startsWith(KNEE_SAID)
      ? [{ text: kneeFact(nameIn(text)), from: [Number(number)], replaces: [], ...FACT }]
      : [],
  );
}

const KNEE_SAID = 'Ever since the year of ';
const FACT = { kind: 'fact', subject: 'user', importance: 3 };

function kneeFact(name: string): string {
  return `The user's knee hurts since the year of ${name}.`;
}

function nameOf(number: number): string {
  let [left, name] = [number, 'Z'];
  for (let syllable = 0; syllable < 4; syllable++) {
    name += SYLLABLES[left % SYLLABLES.length];
    left = Math.floor(left / SYLLABLES.length);
  }
  return name;
}
