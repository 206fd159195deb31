import { fingerprintOf } from '../memory-id.ts';
import { termsOf } from '../terms.ts';
import type { ClaimedFact } from './extraction-answer.ts';
import { canBeKept, isAgreement } from './extraction-guard.ts';
import type { NumberedMessage } from './extraction-prompt.ts';

/** Something that was learned, with the message of the person that it comes from. */
export interface LearnedFact extends Omit<ClaimedFact, 'from'> {
  /** The newest of the person's own messages that it comes from. */
  readonly source: NumberedMessage;
  /** All that was said about it, of the person and of whom they answered. */
  readonly context: string;
}

const MAX_CONTEXT = 400;
const SHORT_ANSWER = 4;
const MAX_SUBJECT = 40;
/** Words of the notes themselves. */
const COMMON_TERMS: ReadonlySet<string> = new Set(termsOf('user called named name not never no'));

/**
 * What may be kept of what a model claims, in the order in which it was said: with a message of the person behind it, in
 * words of the person and not of the assistant, fit to be kept, and each once. The rest is dropped.
 */
export function factsOf(
  claims: readonly ClaimedFact[],
  messages: readonly NumberedMessage[],
): readonly LearnedFact[] {
  const facts = claims
    .flatMap((claim) => learned(claim, messages) ?? [])
    .toSorted((one, other) => one.source.number - other.source.number);
  const unique = new Map<string, LearnedFact>();
  for (const fact of facts) {
    const key = fingerprintOf(fact.text);
    const same = unique.get(key);
    unique.set(key, same ? { ...same, replaces: [...same.replaces, ...fact.replaces] } : fact);
  }
  return [...unique.values()];
}

function learned({ from, ...claim }: ClaimedFact, messages: readonly NumberedMessage[]): LearnedFact | null {
  const cited = messages.filter(({ number }) => from.includes(number));
  const source = cited.findLast(({ learn }) => learn);
  const text = sentenceOf(claim.text);
  if (!source || !canBeKept(text) || isOfTheAssistant(text, cited, messages)) return null;
  const subject = claim.subject.trim().toLowerCase().slice(0, MAX_SUBJECT).trim() || 'user';
  return { ...claim, text, subject, source, context: contextOf(source, cited, messages) };
}

/** With one space between words, and with its stop. */
function sentenceOf(text: string): string {
  const plain = text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replace(/[\s.!;,]+$/, '');
  return plain === '' ? '' : `${plain.charAt(0).toUpperCase()}${plain.slice(1)}.`;
}

/**
 * Whether its words are found in what the assistant said and not in what the person did; a `Yes.` has said what was
 * asked. Words that nobody has said are translated, or the model's own way to put it.
 */
function isOfTheAssistant(
  text: string,
  cited: readonly NumberedMessage[],
  messages: readonly NumberedMessage[],
): boolean {
  const terms = termsOf(text).filter((term) => !COMMON_TERMS.has(term));
  const own = cited.filter(({ role }) => role === 'user');
  const agreed = own.flatMap((message) => (isAgreement(message.text) ? before(message, messages) : []));
  const said = new Set([...own, ...agreed].flatMap((message) => termsOf(message.text)));
  if (terms.some((term) => said.has(term))) return false;
  const assistant = new Set(
    messages.filter(({ role }) => role === 'assistant').flatMap((message) => termsOf(message.text)),
  );
  return terms.some((term) => assistant.has(term));
}

/** What the assistant had said just before a message. */
function before(
  { number }: NumberedMessage,
  messages: readonly NumberedMessage[],
): readonly NumberedMessage[] {
  return messages.filter((message) => message.number === number - 1 && message.role === 'assistant');
}

/** The words that a later question may have in common with it. */
function contextOf(
  source: NumberedMessage,
  cited: readonly NumberedMessage[],
  messages: readonly NumberedMessage[],
): string {
  // `Berlin.` says little without its question.
  const asked = source.text.split(/\s+/).length <= SHORT_ANSWER ? before(source, messages) : [];
  const around = messages.filter((message) => cited.includes(message) || asked.includes(message));
  return around
    .map(({ text }) => text)
    .join('\n')
    .slice(-MAX_CONTEXT)
    .toWellFormed();
}
