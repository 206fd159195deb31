import type { ChatMessage } from '../chat-model.ts';
import { type Statement, statement, statementsOf } from './statements.ts';
import { straight } from './words.ts';

interface Note {
  readonly text: string;
  /** It is in the words of the person. */
  readonly said: boolean;
  /** Without a date of its own, that of the one before it; 0 when there is none. */
  readonly atMs: number;
}

const FACT_HEADING = /\b(know|known|remember|memor(?:y|ies)|facts?|about|profile|notes?)\b/i;
const QUOTED = /^the user said: "(.*)"$/i;
/** `(since 21 November 2026)` at the end of a line */
const REMARK = /\s*[([]([^)\]]*)[)\]][\s.]*$/;

/**
 * What the system messages say about the person, the newest last as far as they bear dates: lines `- …` below a heading,
 * and any line `- The user …`.
 */
export function notedStatements(messages: readonly ChatMessage[]): Statement[] {
  const notes = messages.filter(({ role }) => role === 'system').flatMap(({ text }) => notesIn(text));
  const known = notes
    .map(
      ({ text }) => /^(?:the )?user(?:'s name is| is (?:called|named)) (\p{Lu}[\p{L}-]*)/iu.exec(text)?.[1],
    )
    .find((name) => name !== undefined);
  return notes
    .toSorted((one, other) => one.atMs - other.atMs)
    .flatMap(({ text, said }) => (said ? statementsOf([text]) : [statement(firstPerson(text, known))]));
}

function notesIn(text: string): Note[] {
  const notes: Note[] = [];
  let heading = '';
  for (const line of text.split('\n').map((each) => each.trim())) {
    const fact = /^[-*•]\s+(.+)$/.exec(line)?.[1];
    if (fact === undefined) heading = line || heading;
    else if (FACT_HEADING.test(heading) || /^(?:the )?user(?:'s)?\b/i.test(straight(fact))) {
      const plain = straight(fact);
      const atMs = Date.parse((REMARK.exec(plain)?.[1] ?? '').replace(/^since /, ''));
      const text = plain.replace(REMARK, '');
      const quoted = QUOTED.exec(text)?.[1];
      notes.push({
        text: quoted ?? text,
        said: quoted !== undefined,
        atMs: Number.isNaN(atMs) ? (notes.at(-1)?.atMs ?? 0) : atMs,
      });
    }
  }
  return notes;
}

/** `The user's name is Ada` → `my name is Ada`; `Ada lives in Oslo` → `I live in Oslo`. */
function firstPerson(fact: string, name: string | undefined): string {
  const who = name === undefined ? '(?:the )?user' : `(?:(?:the )?user|${name})`;
  const plain = fact.replace(/[.\s]+$/, '');
  const owned = new RegExp(`^${who}'s\\s+`, 'i').exec(plain);
  if (owned) return their(`my ${plain.slice(owned[0].length)}`).replace(/\bthem\b/g, 'me');
  const acting = new RegExp(
    `^${who}\\s+((?:\\p{L}+ly|also|always|often|never|still)\\s+)?(\\p{L}+)`,
    'iu',
  ).exec(plain);
  if (!acting) return plain;
  const [all, adverb = '', verb = ''] = acting;
  return their(`I ${adverb}${baseForm(verb.toLowerCase())}${plain.slice(all.length)}`);
}

function their(text: string): string {
  return text.replace(/\btheir\b/g, 'my').replace(/\b(?:themselves|themself)\b/g, 'myself');
}

/** `lives` → `live`, for the first person. */
function baseForm(verb: string): string {
  const known = { is: 'am', has: 'have', does: 'do', goes: 'go', was: 'was', uses: 'use' }[verb];
  if (known) return known;
  if (verb.endsWith('ies')) return `${verb.slice(0, -3)}y`;
  if (/(?:s|x|z|ch|sh)es$/.test(verb)) return verb.slice(0, -2);
  return /[^s]s$/.test(verb) ? verb.slice(0, -1) : verb;
}
