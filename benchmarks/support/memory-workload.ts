import type { Owner } from '../../src/conversation/store.ts';
import type { MemoryChange } from '../../src/memory/memory.ts';
import { memoryId } from '../../src/memory/memory-id.ts';

export const DIMENSIONS = 384;
export const SPACE = { model: 'bench:random', dimensions: DIMENSIONS };

const PEOPLE = 'sister brother mother father friend boss neighbour cousin teacher doctor'.split(' ');
const VERBS = 'likes hates owns repairs sells paints remembers visits collects avoids'.split(' ');
const THINGS =
  'guitars bicycles maps clocks lamps roses trains novels stamps kettles sweaters islands bridges candles boats drums mirrors puzzles tents violins'.split(
    ' ',
  );
const PLACES = 'Oslo Naples Berlin Kyoto Lima Cairo Dublin Quito Riga Perth'.split(' ');

/** The same numbers in every run. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

export function fact(random: () => number, serial: number): string {
  const [who, verb, thing, place] = [PEOPLE, VERBS, THINGS, PLACES].map((each) => pick(random, each));
  return `The user's ${who} ${verb} ${thing} in ${place}, number ${serial}.`;
}

export function question(random: () => number): string {
  return `Does my ${pick(random, PEOPLE)} still have ${pick(random, THINGS)} in ${pick(random, PLACES)}?`;
}

export function unitVector(random: () => number): Float32Array {
  const vector = Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** `count` memories of one person, with their vectors. */
export function memories(owner: Owner, count: number, seed: number) {
  const random = generator(seed);
  const vectors = new Map<string, Float32Array>();
  const changes = Array.from({ length: count }, (_, serial): MemoryChange => {
    const text = fact(random, serial);
    const source = { conversationId: 'conv', itemId: `item_${serial}` };
    const id = memoryId(owner, source, text);
    vectors.set(id, unitVector(random));
    const times = { validAtMs: 1_700_000_000_000 + serial, createdAtMs: 1_700_000_000_000 + serial };
    return {
      type: 'add',
      memory: {
        ...{ id, text, source, kind: 'fact', subject: 'user', attribute: null, value: null },
        ...{ importance: 0.5, context: '', ...times },
      },
      supersedes: [],
    };
  });
  return { changes, vectors };
}

export const FEW_FILLERS = ['', 'Well, ', 'Um, ', 'So ', 'Okay, ', 'Hey, '];
const ASKED = [
  'where do I live',
  'what is my sister called',
  'when is my birthday',
  'what do I do for work',
  'which colour do I like best',
  'what is my dog called',
  'who is my doctor',
  'where did I park the car',
  'what am I allergic to',
  'how old am I',
  'who is my partner',
  'what did I want to buy',
];

/**
 * What somebody asks in the course of a day: some questions often and others rarely, in the same words but never quite the
 * same letters. One turn of `tellsEvery` tells something new.
 */
export function* repeatedQuestions(
  count: number,
  tellsEvery: number,
  seed: number,
): Generator<{ question: string; tells: boolean }> {
  const random = generator(seed);
  for (let turn = 1; turn <= count; turn++) {
    const words = ASKED[Math.min(ASKED.length - 1, Math.floor(ASKED.length * random() ** 2))] as string;
    const cased = random() < 0.5 ? words : words.charAt(0).toUpperCase() + words.slice(1);
    yield {
      question: `${pick(random, FEW_FILLERS)}${cased}${random() < 0.5 ? '?' : ''}`,
      tells: turn % tellsEvery === 0,
    };
  }
}
