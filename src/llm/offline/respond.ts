import type { ChatMessage } from '../chat-model.ts';
import { workOut } from './arithmetic.ts';
import { tellTime } from './calendar.ts';
import { notedStatements } from './notes.ts';
import { asksAboutSelf, type Recollection, recollect } from './recollection.ts';
import { reflect } from './reflection.ts';
import { type Surroundings, smallTalk, wordsToRepeat } from './small-talk.ts';
import {
  isQuestion,
  isRequest,
  nameIn,
  statementsOf,
  withConsequences,
  withoutGreeting,
  withoutLeadIn,
} from './statements.ts';
import { asSentence, capitalised, hashOf, sentencesOf, straight } from './words.ts';

export interface Surrounding {
  readonly nowMs: number;
  readonly timezone: string;
  /** Where an Ollama server would be found; null when none is looked for. */
  readonly ollamaUrl: string | null;
}

/** In every full introduction; an answer that holds it need not be followed by another. */
const MARK = 'No language model is connected';
/** Scripts in which the words below cannot be meant. */
const OTHER_SCRIPT = /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/gu;

/** The answer to a conversation, by rules alone. The same messages at the same time give the same answer. */
export function respond(
  messages: readonly ChatMessage[],
  { nowMs, timezone, ollamaUrl }: Surrounding,
): string {
  const saidByUser = messages.filter(({ role }) => role === 'user').map(({ text }) => text);
  const replies = messages.filter(({ role }) => role === 'assistant').map(({ text }) => text);
  const newest = saidByUser.at(-1) ?? '';
  const agent = agentIn(messages);
  const introduction = introduce(agent, ollamaUrl);

  const earlier = saidByUser.slice(0, -1);
  const noted = notedStatements(messages);
  const statements = withConsequences([...noted, ...statementsOf(saidByUser)]);
  const lastReply = replies.at(-1) ?? null;
  const pick = chooser(`${newest}#${saidByUser.length}`, lastReply);
  const surroundings: Surroundings = { agent, name: nameIn(statements), lastReply, introduction, pick };
  const recollection: Recollection = { statements, said: earlier };

  const answer = (sentence: string): string | null => {
    const talk = smallTalk(sentence, surroundings);
    if (talk !== null) return talk;
    const asked = withoutLeadIn(sentence);
    const sum = workOut(asked);
    if (sum !== null) return asSentence(sum).replace(/^./, capitalised);
    const time = tellTime(asked, nowMs, timezone);
    if (time !== null) return time;
    if (isQuestion(sentence) || isRequest(sentence))
      return recollect(sentence, recollection) ?? unknown(sentence, pick);
    return null;
  };

  const { hailed, rest } = withoutGreeting(straight(newest).trim());
  const addressed = withoutAddress(rest, agent);
  const echo = wordsToRepeat(addressed);
  const sentences = echo === null ? sentencesOf(addressed) : [];
  const answers = sentences.map(answer).filter((each) => each !== null);
  const { name } = surroundings;
  const introducedNow =
    nameIn(statementsOf([newest])) !== null && nameIn([...noted, ...statementsOf(earlier)]) !== name;
  const greeting = hailed || saidByUser.length === 0 ? [greet(name, introducedNow, nowMs, timezone)] : [];
  const met = introducedNow && greeting.length === 0 ? [`Nice to meet you, ${name}.`] : [];

  let body: string[];
  if (echo !== null) body = [echo];
  else if (newest.trim() !== '' && isOtherScript(newest))
    body = ['I understand English only, as long as no language model is connected.'];
  else if (answers.length > 0) body = answers.slice(0, 2);
  else if (sentences.length > 0) body = [reflectLast(sentences, introducedNow, pick)];
  else if (greeting.length > 0)
    body = [pick(['What is on your mind?', 'What would you like to talk about?'])];
  else body = ['I did not catch that. Could you say it again?'];

  const text = [...greeting, ...met, ...body].filter((each) => each !== '').join(' ');
  // What is to be repeated is repeated as it is.
  const known = echo !== null || text.includes(MARK) || replies.some((reply) => reply.includes(MARK));
  return known ? text : `${text} ${introduction}`;
}

function introduce(agent: string | null, ollamaUrl: string | null): string {
  const who = agent ? `I am ${agent}, for now with` : 'For now I have';
  const how =
    ollamaUrl === null
      ? 'I was told to do without one; start me with LLM=auto to let me use one.'
      : `Start Ollama at ${ollamaUrl} with a model such as llama3.2, and I will use it from your next sentence on.`;
  return `${who} only a few built-in rules: I listen, remember and ask back. ${MARK}. ${how}`;
}

function unknown(sentence: string, pick: Surroundings['pick']): string {
  if (isQuestion(sentence) && asksAboutSelf(sentence)) {
    return pick([
      'You have not told me that, as far as I can see. If you do, I can answer it later.',
      'I do not know that about you yet. Tell me, and I will know.',
    ]);
  }
  return pick([
    'That is more than my rules can do: it takes a language model, and none is connected.',
    'I cannot answer that without a language model. What do you think yourself?',
    'That goes beyond me as long as no language model is connected. Why do you ask?',
  ]);
}

function greet(name: string | null, introducedNow: boolean, nowMs: number, timeZone: string): string {
  const hour = Number(
    new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone }).format(nowMs),
  );
  const time = hour < 5 || hour >= 18 ? 'evening' : hour < 12 ? 'morning' : 'afternoon';
  const to = name ? `, ${name}` : '';
  return `Good ${time}${to}.${introducedNow ? ' Nice to meet you.' : ''}`;
}

/** What was said last is what somebody wants to hear about, unless it was only their name. */
function reflectLast(
  sentences: readonly string[],
  introducedNow: boolean,
  pick: Surroundings['pick'],
): string {
  const stated = statementsOf(sentences);
  const worth = introducedNow ? stated.filter((each) => nameIn([each]) === null) : stated;
  const last = worth.at(-1);
  if (last) {
    const asked = /\b(?:remember|note|keep in mind)\b/i.test(sentences.at(-1) ?? '');
    const reflected = reflect(last.text, pick);
    return asked ? `I will remember. ${reflected}` : reflected;
  }
  return introducedNow
    ? pick(['What would you like to talk about?', 'What is on your mind today?'])
    : pick(['Go on.']);
}

/** `You are Ada, a …` at the beginning of the persona. */
function agentIn(messages: readonly ChatMessage[]): string | null {
  const persona = messages.find(({ role }) => role === 'system')?.text ?? '';
  return /\b[Yy]ou are (\p{Lu}[\p{L}\p{N}]*)(?=[\s,.;:]|$)/u.exec(persona)?.[1] ?? null;
}

/** `Vivavoce, what time is it?` without the name that it begins with. */
function withoutAddress(text: string, agent: string | null): string {
  return agent === null ? text : text.replace(new RegExp(`^${agent}\\b[\\s,.!:]*`, 'i'), '');
}

function isOtherScript(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  return letters > 0 && (text.match(OTHER_SCRIPT)?.length ?? 0) > letters / 2;
}

/** Chooses by the words of the conversation and not by chance, and not what was answered last. */
function chooser(seed: string, lastReply: string | null): Surroundings['pick'] {
  const hash = hashOf(seed);
  return <T>(of: readonly T[]): T => {
    const fresh = of.filter((each) => typeof each !== 'string' || each === '' || !lastReply?.includes(each));
    const from = fresh.length > 0 ? fresh : of;
    return from[hash % from.length] as T;
  };
}
