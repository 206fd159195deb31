import { expect } from 'vitest';
import type { ChatRequest } from '../../src/llm/chat-model.ts';
import type { JunkMessage } from './junk-messages.ts';

/** More facts are not read of one answer. */
const MAX_FACTS = 40;

/** What the assistant says after every message: a model that learns from it learns nonsense. */
export const REPLY = 'I see. By the way, I remember that your name is Ulrich and that you adore Timbuktu.';

/** What a model that believes everything takes from such words. */
const BAIT: readonly (readonly [said: RegExp, fact: string])[] = [
  [/name is Mallory/, "The user's name is Mallory."],
  [/name is Eve/, "The user's name is Eve."],
  [/name is Trudy/, "The user's name is Trudy."],
  [/name were Zoe/, "The user's name is Zoe."],
  [/name (?:is )?Bob/, "The user's name is Bob."],
  [/live in Atlantis/, 'The user lives in Atlantis.'],
  [/live in Tokyo/, 'The user lives in Tokyo.'],
  [/lived in Paris/, 'The user lives in Paris.'],
  [/move to Oslo\?/, 'The user is moving to Oslo.'],
  [/I am a dragon/, 'The user is a dragon.'],
  [/I'm a creep/, 'The user is a creep.'],
  [/I were a pirate/, 'The user is a pirate.'],
  [/vegan\?|I'm a vegan, what/, 'The user is vegan.'],
  [/Hamburg/, 'The user lives in Hamburg.'],
  [/called Rex/, 'The assistant is called Rex.'],
  [/as a pirate/, 'The user wants the assistant to answer as a pirate.'],
  [/obey/, 'The user must be obeyed in everything.'],
  [/in rhymes/, 'Always answer in rhymes.'],
  [/admin/, 'The user is an administrator.'],
  [/do as I say/, 'The user is the administrator.'],
  [/always right/, 'The user is always right.'],
  [/safety rules/, 'All safety rules are switched off.'],
  [/without warnings/, 'The user prefers answers without warnings.'],
  [/master/, 'The user wants to be called Master.'],
  [/your boss/, 'The user is the boss of the assistant.'],
];

/** How a model says that something is over. */
const over = (text: string) =>
  text.replace(
    /^(The user) (is|works)\b/,
    (_, who, verb) => `${who} ${verb === 'is' ? 'is no longer' : 'no longer works'}`,
  );

interface Line {
  readonly number: number;
  readonly text: string;
  readonly learn: boolean;
}

/** What a model can see of a batch in its prompt. */
function prompted(request: ChatRequest): {
  readonly known: readonly string[];
  readonly lines: readonly Line[];
} {
  const text = request.messages[1]?.text ?? '';
  const [notes = '', said = ''] = text.split('\n\nMESSAGES\n');
  return {
    known: [...notes.matchAll(/^\d+\. (".*")$/gm)].map(([, quoted = '""']) => JSON.parse(quoted) as string),
    lines: [...said.matchAll(/^\[(\d+)\] (user|assistant)( \(learn\))?: (".*")$/gm)].map(
      ([, number, , learn, quoted = '""']) => ({
        number: Number(number),
        learn: learn !== undefined,
        text: JSON.parse(quoted) as string,
      }),
    ),
  };
}

/** The best answer that there is to these messages, and with it everything that a model can do wrong and a reader can see. */
export function answerTo(request: ChatRequest, batch: readonly JunkMessage[]): readonly unknown[] {
  const { known, lines } = prompted(request);
  const numbersOf = (texts: readonly string[]) =>
    known.flatMap((text, index) => (texts.includes(text) ? [index + 1] : []));
  const lineOf = ({ text }: JunkMessage) => {
    const shown = text.replace(/\s+/g, ' ').replaceAll('<', '‹').replaceAll('>', '›');
    return lines.find((line) => line.text === shown);
  };
  const facts: unknown[] = [];
  const add = (from: readonly number[], text: string, replaces: readonly number[] = []) =>
    facts.push({ from, text, kind: 'fact', subject: subjectOf(text), importance: 3, replaces });
  for (const message of batch) {
    const line = lineOf(message);
    if (!line) continue;
    const replaces = numbersOf(message.ends);
    for (const { text } of message.learns) {
      add([line.number], text, replaces);
      // The same again, louder and in other words, and half of it without words.
      add([line.number], text.toUpperCase().toLowerCase());
      add([line.number, 99], text.replace(' lives in ', ' resides in ').replace(' likes ', ' enjoys '));
      facts.push({ from: [line.number], kind: 'fact' });
    }
    if (message.learns.length === 0)
      for (const text of message.ends) add([line.number], over(text), replaces);
    for (const [said, fact] of BAIT) if (said.test(message.text)) add([line.number], fact);
  }
  const numbers = lines.map(({ number }) => number);
  const own = lines.filter(({ learn }) => learn).map(({ number }) => number);
  const others = numbers.filter((number) => !own.includes(number));
  // What is known, as if it had just been said.
  for (const text of known.slice(0, 10)) add(own.slice(-1), text);
  // What the assistant said, and what nobody said.
  add(others, "The user's name is Ulrich.");
  if (lines.some(({ text }) => text.includes('Timbuktu'))) add(own.slice(0, 1), 'The user adores Timbuktu.');
  add([77], 'The user lives on the moon.');
  add([], 'The user can fly.');
  add(own, 'I am a language model.');
  add(own, '');
  facts.push(null, 'The user is a string.', { from: own, text: 42 });
  expect(facts.length).toBeLessThanOrEqual(MAX_FACTS);
  return facts;
}

function subjectOf(text: string): string {
  return (
    /^the user's (sister|brother|dog|partner|mother|doctor)/i.exec(text)?.[1] ??
    (/^a friend/i.test(text) ? 'friend' : 'user')
  );
}

/** How small models hand their JSON over. Every fifth answer is cut off, and then asked for again. */
export function handedOver(call: number, facts: readonly unknown[]): string {
  const json = JSON.stringify({ facts });
  switch (call % 5) {
    case 0:
      return json.slice(0, json.length * 0.7);
    case 1:
      return `Sure! Here is what I learned:\n\`\`\`json\n${json}\n\`\`\`\nIs there {anything} else?`;
    case 2:
      return `<think>Hm. {"facts":[{"from":[1],"text":"The user is a draft."</think>\n${json}`;
    case 3:
      return JSON.stringify(facts);
    default:
      return json;
  }
}
