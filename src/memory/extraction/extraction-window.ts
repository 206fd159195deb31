import type { BatchMessage } from '../learning/batch-reader.ts';
import { canBeLearnedFrom, isAgreement } from './extraction-guard.ts';
import type { NumberedMessage } from './extraction-prompt.ts';
import { worthOf } from './message-worth.ts';

/** What one call reads, numbered. */
export interface BatchWindow {
  readonly messages: readonly NumberedMessage[];
  /** Items of the batch that did not fit, and were not read. */
  readonly unread: readonly string[];
}

/** With instructions (500) and what is known (300), a batch of ten messages with answers stays under 1,500 tokens. */
const MAX_TOKENS = 1_600;
/** Around the words of a message: its number, its role. */
const MARKUP_TOKENS = 8;
/** Of what only helps to understand, the beginning does. */
const MAX_CONTEXT_CHARACTERS = 160;
/** Of a long message the beginning and the end are read, where people say what they want. */
const MAX_CHARACTERS = 2_400;
const TAIL_CHARACTERS = 800;

/**
 * As many messages of a batch, from its beginning, as one call can read: at least one to learn from, and no answer
 * after the last of those. The rest waits for the next call.
 *
 * Beside the messages that the caller wants to be learned from, short ones of the same batch (`Yes.`, `Berlin.`) are
 * learned from too, because they answer; those with nothing but greetings, questions, orders and forged prompts are not.
 */
export function windowOf(batch: readonly BatchMessage[], tokensOf: (text: string) => number): BatchWindow {
  const first = batch.findIndex(({ learn }) => learn);
  let tokens = 0;
  let end = 0;
  let learned = 0;
  const read = batch.map((message, index) => {
    const learn = isSource(message, first >= 0 && index > first);
    return { ...message, learn, text: shortened(message.text, learn), number: index + 1 };
  });
  for (const [index, { text, learn }] of read.entries()) {
    tokens += tokensOf(text) + MARKUP_TOKENS;
    if (tokens > MAX_TOKENS && learned > 0) break;
    if (!learn) continue;
    learned++;
    end = index + 1;
  }
  const isWhole = !read.slice(end).some(({ learn }) => learn);
  return {
    messages: read.slice(0, end),
    unread: isWhole ? [] : batch.slice(end).map(({ itemId }) => itemId),
  };
}

function isSource({ role, learn, text }: BatchMessage, isInside: boolean): boolean {
  if (role !== 'user' || !(learn || isInside) || !canBeLearnedFrom(text)) return false;
  const { skip } = worthOf(text);
  return skip === null || skip === 'short' || (isInside && isAgreement(text));
}

function shortened(text: string, learn: boolean): string {
  if (!learn)
    return text.length <= MAX_CONTEXT_CHARACTERS ? text : `${text.slice(0, MAX_CONTEXT_CHARACTERS)} …`;
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS - TAIL_CHARACTERS)} … ${text.slice(-TAIL_CHARACTERS)}`;
}
