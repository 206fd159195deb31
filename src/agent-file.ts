import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, VivavoceError } from './errors.ts';

const agentSchema = z.strictObject({
  name: z.string().min(1).default('Vivavoce'),
  instructions: z.string().min(1).optional(),
  voice: z.string().min(1).optional(),
  greeting: z.string().min(1).optional(),
  pronunciations: z.record(z.string().min(1), z.string()).default({}),
});

/** Who the agent is. */
export interface Agent {
  readonly name: string;
  /** The persona: the first lines of every prompt. */
  readonly instructions: string;
  readonly voice: string | null;
  /** Spoken when somebody begins a conversation; none by default. */
  readonly greeting: string | null;
  /** What is written → how the voice says it. */
  readonly pronunciations: Readonly<Record<string, string>>;
}

const persona = (name: string) =>
  `You are ${name}, a warm and attentive companion whom people talk to. ` +
  'Answer like a good listener in conversation: briefly, in one to three short sentences, in plain words and in ' +
  'the language of the person. No lists, no headings, no markup, no emoji: what you write is read aloud. ' +
  'Say so when you do not know something, and ask back when it helps.';

/** @throws VivavoceError `config_invalid` when the file cannot be read or holds something else. */
export async function readAgent(path: string | undefined): Promise<Agent> {
  const given = agentSchema.parse({});
  const file = path === undefined ? given : await readAgentFile(path);
  return {
    name: file.name,
    instructions: file.instructions ?? persona(file.name),
    voice: file.voice ?? null,
    greeting: file.greeting ?? null,
    pronunciations: file.pronunciations,
  };
}

async function readAgentFile(path: string): Promise<z.output<typeof agentSchema>> {
  try {
    const text = await readFile(path, 'utf8');
    // Some editors put a byte order mark in front.
    return agentSchema.parse(JSON.parse(text.replace(/^\ufeff/, '')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new VivavoceError('config_invalid', `AGENT_FILE ${path}: ${why}`, { cause });
  }
}
