import type { Owner } from '../src/conversation/store.ts';
import type { NewMemory } from '../src/memory/memory.ts';
import { memoryId } from '../src/memory/memory-id.ts';
import type { MemoryStore } from '../src/memory/memory-store.ts';
import type { Turn } from './locomo.ts';
import type { RankerOf } from './ranker.ts';

/** What of the conversation stands around a turn. */
const BEFORE = 2;
const AFTER = 1;

/** Gives memories and questions their vectors. */
export interface Vectors {
  readonly name: string;
  /** Resolves when every memory of the store has one. */
  embedAll(store: MemoryStore): Promise<void>;
  embedQuery(text: string): Promise<Float32Array | null>;
}

/** The memory as the program has it, with every turn learned as it was said. No language model takes part. */
export function memoryRanker(store: MemoryStore, vectors: Vectors | null): RankerOf {
  let samples = 0;
  return async ({ turns }) => {
    const owner: Owner = { key: 'eval', user: `sample ${samples++}` };
    const memories = turns.map((turn, index) => toMemory(owner, turn, around(turns, index)));
    const applied = await store.apply(
      owner,
      memories.map((memory) => ({ type: 'add', memory, supersedes: [] })),
    );
    await vectors?.embedAll(store);
    // Turns that say the same word for word are one memory.
    const turnsOf = Map.groupBy(turns, (_, at) => applied[at]?.id ?? '');
    return {
      name: vectors ? `memory, words and ${vectors.name}` : 'memory, words only',
      rank: async (question, limit) => {
        const vector = (await vectors?.embedQuery(question)) ?? null;
        const query = { text: question, vector, limit };
        const found = await store.search(owner, query, AbortSignal.timeout(10_000));
        return found
          .flatMap(({ memory }) => (turnsOf.get(memory.id) ?? []).map(({ id }) => id))
          .slice(0, limit);
      },
    };
  };
}

function toMemory(owner: Owner, turn: Turn, neighbours: readonly Turn[]): NewMemory {
  const source = { conversationId: `session ${turn.session}`, itemId: turn.id };
  const text = textOf(turn);
  return {
    id: memoryId(owner, source, text),
    kind: 'fact',
    text,
    subject: turn.speaker.toLowerCase(),
    attribute: null,
    value: null,
    importance: 0.5,
    validAtMs: turn.atMs,
    source,
    createdAtMs: turn.atMs,
    context: neighbours.map(textOf).join('\n'),
  };
}

function around(turns: readonly Turn[], index: number): Turn[] {
  const session = turns[index]?.session;
  return turns
    .slice(Math.max(0, index - BEFORE), index + AFTER + 1)
    .filter((turn) => turn.session === session && turn !== turns[index]);
}

/** A memory needs words: a turn without any says that there were none. */
function textOf({ text, caption }: Turn): string {
  const said = caption ? `${text} (shows a picture: ${caption})` : text;
  return said.trim() === '' ? '(says nothing)' : said;
}
