import { z } from 'zod';

/** A turn of a conversation in LoCoMo's format. */
export interface Turn {
  /** `D3:7`: the seventh turn of the third session. */
  readonly id: string;
  readonly session: number;
  readonly speaker: string;
  readonly text: string;
  /** What a picture shows that was sent along. */
  readonly caption: string | null;
  readonly atMs: number;
}

export interface Question {
  readonly question: string;
  /** Ids of the turns that answer it. */
  readonly evidence: readonly string[];
  /** 1 several turns, 2 time, 3 open, 4 one turn. */
  readonly category: number;
}

export interface Sample {
  readonly name: string;
  readonly turns: readonly Turn[];
  readonly questions: readonly Question[];
  /** Questions that have no answer on purpose (category 5). */
  readonly adversarial: number;
  /** Questions that name no turn that is there. */
  readonly withoutEvidence: number;
}

const turnShape = z.object({
  speaker: z.string(),
  dia_id: z.string(),
  text: z.string().default(''),
  blip_caption: z.string().nullish(),
});
const questionShape = z.object({
  question: z.string(),
  evidence: z.union([z.array(z.string()), z.string()]).nullish(),
  category: z.coerce.number(),
});
const sampleShape = z.looseObject({
  sample_id: z.union([z.string(), z.number()]).optional(),
  conversation: z.looseObject({}).optional(),
  qa: z.array(questionShape).default([]),
});

const ADVERSARIAL = 5;
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/**
 * Reads a file of LoCoMo's format: a sample or an array of them.
 *
 * @throws when it is something else
 */
export function readSamples(json: string, name: string): Sample[] {
  const parsed: unknown = JSON.parse(json);
  return [parsed].flat().map((sample, index) => toSample(sampleShape.parse(sample), `${name}[${index}]`));
}

function toSample({ conversation, qa, ...rest }: z.infer<typeof sampleShape>, name: string): Sample {
  const turns = turnsOf(conversation ?? rest);
  const ids = new Set(turns.map(({ id }) => id));
  const asked = qa.filter(({ category }) => category !== ADVERSARIAL);
  const questions = asked
    .map(({ question, category, evidence }) => ({ question, category, evidence: idsIn(evidence, ids) }))
    .filter(({ evidence }) => evidence.length > 0);
  return {
    name: rest.sample_id === undefined ? name : String(rest.sample_id),
    turns,
    questions,
    adversarial: qa.length - asked.length,
    withoutEvidence: asked.length - questions.length,
  };
}

function turnsOf(conversation: Readonly<Record<string, unknown>>): Turn[] {
  const sessions = Object.keys(conversation)
    .map((key) => Number(/^session_(\d+)$/.exec(key)?.[1] ?? Number.NaN))
    .filter((session) => !Number.isNaN(session))
    .toSorted((one, other) => one - other);
  return sessions.flatMap((session) => {
    const key = `session_${session}`;
    const startMs = timeOf(conversation[`${key}_date_time`]);
    return (z.object({ [key]: z.array(turnShape) }).parse(conversation)[key] ?? []).map(
      ({ dia_id, speaker, text, blip_caption }, index) => ({
        ...{ id: dia_id, session, speaker, text },
        caption: blip_caption?.trim() || null,
        atMs: startMs + index * 1_000,
      }),
    );
  });
}

/** Several ids may be in one text, as in `D8:6; D9:17`, and some are damaged: what names no turn is left out. */
function idsIn(
  evidence: string | readonly string[] | null | undefined,
  known: ReadonlySet<string>,
): string[] {
  const named = [evidence ?? []].flat().flatMap((text) => text.match(/D\d+:\d+/g) ?? []);
  const plain = named.map((id) => id.replace(/(?<=[D:])0+(?=\d)/g, ''));
  return [...new Set(plain)].filter((id) => known.has(id));
}

/** `1:56 pm on 8 May, 2023`, which is nobody's own format; 1970 when it is something else. */
function timeOf(text: unknown): number {
  const found = /(\d+):(\d+)\s*([ap])m\s+on\s+(\d+)\s+(\w+),?\s+(\d{4})/i.exec(String(text));
  if (!found) return 0;
  const [, hour, minute, half, day, month = '', year] = found;
  const hours = (Number(hour) % 12) + (half?.toLowerCase() === 'p' ? 12 : 0);
  return Date.UTC(Number(year), MONTHS.indexOf(month.toLowerCase()), Number(day), hours, Number(minute));
}
