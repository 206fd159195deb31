import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Owner } from '../../src/conversation/store.ts';
import type { Memory } from '../../src/memory/memory.ts';
import type { MemoryStore } from '../../src/memory/memory-store.ts';
import type { OpenStore } from './memory-store-contract.ts';
import {
  add,
  EVERYTHING,
  find,
  idOf,
  kept,
  OWNERS,
  SPACE,
  START_MS,
  memory as someMemory,
} from './sample-memories.ts';

const WORDS = ['zebra', 'tulip', 'violin', 'harbour', 'walnut'];
const IDS = [0, 1, 2, 3, 4, 5].map(idOf);
const signal = AbortSignal.timeout(120_000);

type Command = { readonly owner: number } & (
  | { readonly do: 'add'; readonly id: number; readonly word: number; readonly isName: boolean }
  | { readonly do: 'edit'; readonly id: number; readonly word: number }
  | { readonly do: 'end'; readonly id: number }
  | { readonly do: 'delete'; readonly id: number }
  | { readonly do: 'touch'; readonly id: number }
  | { readonly do: 'embed' }
  | { readonly do: 'erase' }
);

const owner = fc.nat(OWNERS.length - 1);
const id = fc.nat(IDS.length - 1);
const word = fc.nat(WORDS.length - 1);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ owner, do: fc.constant('add'), id, word, isName: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ owner, do: fc.constant('edit'), id, word }) },
  { weight: 1, arbitrary: fc.record({ owner, do: fc.constant('end'), id }) },
  { weight: 2, arbitrary: fc.record({ owner, do: fc.constant('delete'), id }) },
  { weight: 1, arbitrary: fc.record({ owner, do: fc.constant('touch'), id }) },
  { weight: 1, arbitrary: fc.record({ owner, do: fc.constant('embed') }) },
  { weight: 1, arbitrary: fc.record({ owner, do: fc.constant('erase') }) },
) as fc.Arbitrary<Command>;

/** The same words for everybody, so that a leak would be found; who said it is in the importance. */
function learned(number: number, command: Command & { do: 'add' }) {
  const atMs = START_MS + number;
  return someMemory(command.id, textOf(command.word), {
    ...(command.isName && { kind: 'profile', attribute: 'name' }),
    ...{ importance: command.owner / 10, createdAtMs: atMs, validAtMs: atMs },
  });
}

function textOf(word: number): string {
  return `The user knows of a ${WORDS[word]}.`;
}

/** What one owner must see, in a map. */
class Model {
  readonly memories = new Map<string, Memory>();

  perform(number: number, command: Command): void {
    const target = 'id' in command ? this.memories.get(idOf(command.id)) : undefined;
    if (command.do === 'add') this.#add(learned(number, command));
    else if (command.do === 'erase') this.memories.clear();
    else if (command.do === 'delete' && target) this.#delete(target);
    else if (command.do === 'edit' && target) this.#change(target, { text: textOf(command.word) });
    else if (command.do === 'touch' && target) this.#change(target, { lastUsedAtMs: START_MS + number });
    else if (command.do === 'end' && target?.invalidAtMs === null)
      this.#change(target, { invalidAtMs: START_MS + number });
  }

  get holding(): Memory[] {
    return [...this.memories.values()].filter(({ invalidAtMs }) => invalidAtMs === null);
  }

  #add(one: ReturnType<typeof learned>): void {
    if (this.memories.has(one.id) || this.holding.some(({ text }) => text === one.text)) return;
    for (const rival of this.holding)
      if (one.attribute !== null && rival.attribute === one.attribute)
        this.#change(rival, { invalidAtMs: one.validAtMs, supersededBy: one.id });
    this.memories.set(one.id, kept(one));
  }

  #delete({ id, supersededBy }: Memory): void {
    this.memories.delete(id);
    for (const one of this.memories.values())
      if (one.supersededBy === id) this.#change(one, { supersededBy });
  }

  #change({ id }: Memory, changes: Partial<Memory>): void {
    const before = this.memories.get(id);
    if (before) this.memories.set(id, { ...before, ...changes });
  }
}

async function perform(store: MemoryStore, number: number, command: Command): Promise<void> {
  const owner = OWNERS[command.owner] as Owner;
  const atMs = START_MS + number;
  switch (command.do) {
    case 'add':
      await store.apply(owner, [add(learned(number, command))]);
      return;
    case 'edit': {
      const edit = { text: textOf(command.word) };
      await store.apply(owner, [{ type: 'edit', id: idOf(command.id), edit }]);
      return;
    }
    case 'end':
      await store.apply(owner, [{ type: 'end', id: idOf(command.id), atMs }]);
      return;
    case 'delete':
      await store.delete(owner, idOf(command.id));
      return;
    case 'touch':
      return store.touch(owner, [idOf(command.id)], atMs);
    case 'erase':
      await store.eraseAll(owner);
      return;
    case 'embed': {
      const waiting = await store.unembedded(100);
      await store.setVectors(waiting.map((one) => ({ ...one, vector: axisOf(one.owner) })));
    }
  }
}

/** Everybody's vectors point elsewhere; a search asks for those of another. */
function axisOf(owner: Owner): Float32Array {
  const vector = new Float32Array(SPACE.dimensions);
  vector[OWNERS.findIndex(({ key, user }) => key === owner.key && user === owner.user)] = 1;
  return vector;
}

const byId = (one: Memory, other: Memory) => one.id.localeCompare(other.id);

async function expectAsInModel(store: MemoryStore, owner: Owner, model: Model): Promise<void> {
  const all = [...model.memories.values()].toSorted(byId);
  expect((await store.list(owner, EVERYTHING)).data.toSorted(byId)).toEqual(all);
  const names = model.holding.filter(({ kind }) => kind === 'profile');
  expect([...(await store.profile(owner, signal))]).toEqual(names);
  for (const id of IDS) {
    expect(await store.get(owner, id)).toEqual(model.memories.get(id) ?? null);
    const history = await store.history(owner, id);
    expect(history.length > 0).toBe(model.memories.has(id));
    for (const one of history) expect(one).toEqual(model.memories.get(one.id));
  }
  for (const [index, word] of WORDS.entries()) {
    const found = (await find(store, owner, word)).map(({ memory }) => memory).toSorted(byId);
    expect(found).toEqual(model.holding.filter(({ text }) => text === textOf(index)).toSorted(byId));
  }
  for (const other of OWNERS)
    for (const { memory } of await find(store, owner, 'zebra', { vector: axisOf(other) }))
      expect(memory).toEqual(model.memories.get(memory.id));
}

/** Whatever several people do beside each other, each has exactly what a map of their own would have. */
export function describeIsolation(name: string, open: OpenStore): void {
  test(`${name} shows nobody what is another's, whatever happens in between`, async () => {
    await using opened = await open();
    const { store } = opened;
    await store.useSpace(SPACE);
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 30 }), async (commands) => {
        for (const owner of OWNERS) await store.eraseAll(owner);
        const models = OWNERS.map(() => new Model());
        for (const [number, command] of commands.entries()) {
          await perform(store, number, command);
          models[command.owner]?.perform(number, command);
        }
        for (const [index, owner] of OWNERS.entries())
          await expectAsInModel(store, owner, models[index] as Model);
        for (const { owner, id, text } of await store.unembedded(100)) {
          const model = models[OWNERS.findIndex(({ key, user }) => key === owner.key && user === owner.user)];
          expect(model?.memories.get(id)?.text).toBe(text);
        }
      }),
      { seed: 4, numRuns: 15 },
    );
  });
}
