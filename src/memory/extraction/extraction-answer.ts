import { z } from 'zod';
import type { AnswerFormat } from '../../llm/chat-model.ts';
import { jsonIn } from './extraction-json.ts';

/** Profile facts are told by what they say, not by what a model calls them. */
const KINDS = ['fact', 'preference', 'event'] as const;
/** More from one batch is a model that has lost its way. */
const MAX_FACTS = 40;
const MAX_NUMBER = 99;
const MAX_IMPORTANCE = 5;
const USUAL_IMPORTANCE = 3;

/** As the model is asked for it. All is required and nothing else allowed: so want it the strict servers. */
const ANSWER = z.strictObject({
  facts: z
    .array(
      z.strictObject({
        from: z.array(z.int().min(1).max(MAX_NUMBER)),
        text: z.string(),
        kind: z.enum(KINDS),
        subject: z.string(),
        importance: z.int().min(1).max(MAX_IMPORTANCE),
        replaces: z.array(z.int().min(1).max(MAX_NUMBER)),
      }),
    )
    .max(MAX_FACTS),
});

const { $schema: _, ...schema } = z.toJSONSchema(ANSWER);
export const ANSWER_FORMAT: AnswerFormat = { name: 'facts', schema };

/** `2`, `"[2]"` and `["2"]` are what they mean: [2]. */
const NUMBERS = z.preprocess(numbersIn, z.array(z.int()));

/** As it is read: what was meant is enough, but there must be words, and where they come from. */
const FACT = z.object({
  from: NUMBERS,
  text: z.string(),
  kind: z.enum(KINDS).catch('fact'),
  subject: z.string().catch('user'),
  importance: z.coerce
    .number()
    .min(1)
    .catch(USUAL_IMPORTANCE)
    .transform((grade) => Math.min(grade, MAX_IMPORTANCE) / MAX_IMPORTANCE),
  replaces: NUMBERS.catch([]),
});
const FACTS = z.object({ facts: z.array(z.unknown()) });

/** Something that a model says it has learned, in the numbers of its prompt; nothing of it is checked. */
export interface ClaimedFact {
  /** Numbers of messages. */
  readonly from: readonly number[];
  readonly text: string;
  readonly kind: (typeof KINDS)[number];
  readonly subject: string;
  /** 0 to 1 */
  readonly importance: number;
  /** Numbers of memories. */
  readonly replaces: readonly number[];
}

/** `malformed`: entries that could not be read beside others that could. `problem`: what to tell the model. */
export type ReadAnswer =
  | { readonly type: 'facts'; readonly facts: readonly ClaimedFact[]; readonly malformed: number }
  | { readonly type: 'unreadable'; readonly problem: string };

/** Reads an answer with the patience that small models need, and makes up nothing: half an answer is none. */
export function readAnswer(answer: string): ReadAnswer {
  const found = jsonIn(answer);
  if (found.type === 'cut-off')
    return unreadable('the JSON was cut off before its end: write fewer and shorter facts');
  const entries = found.values.map(entriesIn).findLast((each) => each !== null);
  if (!entries) return unreadable('there was no JSON object with a list "facts"');
  const facts = entries.flatMap((entry) => FACT.safeParse(entry).data ?? []);
  if (facts.length === 0 && entries.length > 0)
    return unreadable('no entry of "facts" had a "text" and the message numbers "from"');
  return { type: 'facts', facts: facts.slice(0, MAX_FACTS), malformed: entries.length - facts.length };
}

function unreadable(problem: string): ReadAnswer {
  return { type: 'unreadable', problem };
}

/** Of `{"facts": […]}`, or of the list alone; null for JSON that is neither. */
function entriesIn(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value.every((entry) => typeof entry === 'object') ? value : null;
  return FACTS.safeParse(value).data?.facts ?? null;
}

function numbersIn(value: unknown): unknown {
  if (typeof value === 'number') return [value];
  if (typeof value === 'string') return (value.match(/\d+/g) ?? []).map(Number);
  return Array.isArray(value) ? value.flatMap(numbersIn) : value;
}
