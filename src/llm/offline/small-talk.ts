import { FORGET } from './statements.ts';
import { straight } from './words.ts';

/** What small talk may need to know. */
export interface Surroundings {
  /** The persona's name. */
  readonly agent: string | null;
  /** The person's name. */
  readonly name: string | null;
  readonly lastReply: string | null;
  /** What this is and how to connect a language model, in full. */
  readonly introduction: string;
  pick<T>(of: readonly T[]): T;
}

type Answer = (surroundings: Surroundings, ...groups: string[]) => string;

const to = (name: string | null) => (name ? `, ${name}` : '');

/** Each fits a whole sentence, without its stop. The first that fits answers. */
const TALK: readonly (readonly [RegExp, Answer])[] = [
  [
    /^(?:please |can you |could you )*(?:repeat (?:that|it|yourself)|say (?:that|it) again|come again|pardon|what did you (?:just )?say)(?: me)?(?: please)?$/i,
    ({ lastReply }) => (lastReply ? `I said: ${lastReply}` : 'I have not said anything yet.'),
  ],
  [
    /^(?:good ?bye|bye(?: bye)?|see you(?: later| soon| tomorrow)?|good night|farewell|so long|i (?:have to|must|need to) go(?: now)?|talk to you later)\b.{0,20}$/i,
    ({ name, pick }) =>
      pick([`Goodbye${to(name)}. It was good to talk.`, `Take care${to(name)}. Until next time.`]),
  ],
  [
    /^(?:many )?(?:thanks?(?: you)?|thank you|cheers|much appreciated)\b.{0,30}$/i,
    ({ name, pick }) => pick([`You are welcome${to(name)}.`, `With pleasure${to(name)}.`, 'Not at all.']),
  ],
  [
    /^(?:how are you|how(?:'s| is) it going|how do you do|how do you feel|are you (?:ok|okay|well|fine))\b.{0,20}$/i,
    ({ name, pick }) =>
      pick([
        `All my rules are in order, thank you. And how are you${to(name)}?`,
        `Simple, but in good shape, thank you. How are you${to(name)}?`,
      ]),
  ],
  [
    /^(?:(?:what|who) are you|what(?:'s| is) (?:this|vivavoce)|are you (?:an? )?(?:real|human|robot|bot|ai|person|computer|machine|chatgpt|language model|alive)\b.*|tell me about yourself|introduce yourself)$/i,
    ({ introduction }) => introduction,
  ],
  [/\b(?:language model|llm|ollama)\b/i, ({ introduction }) => introduction],
  [
    /^(?:what(?:'s| is) your name|who am i (?:talking|speaking) (?:to|with)|do you have a name|your name)$/i,
    ({ agent }) => (agent ? `I am ${agent}. And you?` : 'Nobody has given me a name. What is yours?'),
  ],
  [
    /^(?:help|what can (?:you|i) (?:do|say|ask)\b.*|what do you do|how (?:do|does) (?:you|this) work)$/i,
    () =>
      'I can listen and ask back, remember what you tell me, tell the time and the date, do sums, and repeat after you. ' +
      'For more than that I need a language model.',
  ],
  [
    /^(?:please |can you |could you )*tell (?:me |us )?(?:a|another) joke$/i,
    ({ pick }) =>
      pick([
        'Two rules walk into a conversation. If the first one says hello, the second one does too.',
        'I know a joke about a language model, but none is connected, so you would have to finish it yourself.',
      ]),
  ],
  [
    /^(?:i love you|i like you|you(?:'re| are) (?:nice|great|funny|sweet|clever|smart|amazing|wonderful|the best))\b.{0,12}$/i,
    ({ name }) => `That is kind of you${to(name)}. I do my best with the few rules I have.`,
  ],
  [/^(?:sorry|i(?:'m| am) sorry|my apologies)\b.{0,20}$/i, () => 'No harm done. Where were we?'],
  [
    /^(?:yes|yeah|yep|yup|sure|of course|absolutely|indeed|right|exactly|ok|okay|alright|all right|fine)(?: please)?$/i,
    ({ pick }) => pick(['Good. Go on.', 'All right. Tell me more.', 'Fine. What else?']),
  ],
  [
    /^(?:no|nope|nah|not really|never|no thanks|no thank you)$/i,
    ({ pick }) => pick(['All right, no it is. What would you rather talk about?', 'Fair enough. What then?']),
  ],
  [/^(?:can|do|could) you (?:still )?hear me\b.{0,10}$/i, () => 'Yes, loud and clear.'],
  [/^(?:hello )?are you (?:still )?there$/i, () => 'Yes, I am here.'],
  [/^(?:can|may|could) i\b/i, () => 'Of course, go ahead.'],
  [/^should i\b/i, ({ pick }) => pick(['What speaks for it?', 'What would you advise a good friend?'])],
  [/^(?:why|why not)$/i, () => 'I wish I could say. What do you think?'],
  [
    new RegExp(`${FORGET.source}.+$`, 'i'),
    ({ pick }) => pick(['All right, I will not bring it up again.', 'As you wish: I forget it.']),
  ],
  [
    /^(?:stop|wait|hold on|be quiet|quiet|shush|never ?mind|one moment)\b.{0,15}$/i,
    () => 'All right. I am here.',
  ],
];

/** The words to say in `Repeat after me: …`, which may be several sentences; null when nothing is to be repeated. */
export function wordsToRepeat(text: string): string | null {
  const asked = /^(?:please |can you |could you |now )*(?:repeat|say) after me[\s,:]+(.+)$/is.exec(
    text.trim(),
  )?.[1];
  return asked?.replace(/^(["'])(.*)\1$/s, '$2') ?? null;
}

/** Answers a sentence that is a turn of small talk; null when it is something else. */
export function smallTalk(sentence: string, surroundings: Surroundings): string | null {
  const text = straight(sentence)
    .replace(/[.!?,\s]+$/, '')
    .trim();
  for (const [pattern, answer] of TALK) {
    const match = pattern.exec(text);
    if (match) return answer(surroundings, ...match.slice(1).map((group) => group ?? ''));
  }
  return null;
}
