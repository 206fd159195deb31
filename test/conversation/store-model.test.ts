import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Item } from '../../src/conversation/item.ts';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { ConversationStore, Placement } from '../../src/conversation/store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { anyItem } from './arbitrary-items.ts';
import { ALICE, agentSays, START_MS, userSays } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

// Few ids, so that most commands meet an item that is there.
const itemId = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j');

type Command =
  | { readonly do: 'insert'; readonly id: string; readonly text: string; readonly placement: Placement }
  | { readonly do: 'replace'; readonly id: string; readonly text: string }
  | { readonly do: 'append'; readonly ids: readonly string[]; readonly text: string }
  | { readonly do: 'delete'; readonly id: string };

const placement: fc.Arbitrary<Placement> = fc.oneof(
  fc.constantFrom('end' as const, 'root' as const),
  fc.record({ after: itemId }),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('insert' as const), id: itemId, text: fc.string(), placement }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('replace' as const), id: itemId, text: fc.string() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('append' as const), ids: fc.array(itemId), text: fc.string() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), id: itemId }) },
);

/** What each command must answer and leave behind, in an array. */
class Model {
  readonly items: Item[] = [];

  apply(command: Command): unknown {
    const at = 'id' in command ? this.items.findIndex(({ id }) => id === command.id) : -1;
    switch (command.do) {
      case 'append':
        for (const id of command.ids) {
          if (!this.items.some((item) => item.id === id)) this.items.push(userSays(id, command.text));
        }
        return undefined;
      case 'delete':
        if (at >= 0) this.items.splice(at, 1);
        return at >= 0;
      case 'replace':
        if (at >= 0) this.items[at] = agentSays(command.id, command.text);
        return undefined;
      case 'insert': {
        const item = agentSays(command.id, command.text);
        if (at >= 0) return 'item.id';
        if (command.placement === 'end') this.items.push(item);
        else if (command.placement === 'root') this.items.unshift(item);
        else {
          const { after } = command.placement;
          const anchor = this.items.findIndex(({ id }) => id === after);
          if (anchor < 0) return 'previous_item_id';
          this.items.splice(anchor + 1, 0, item);
        }
        return undefined;
      }
    }
  }
}

async function perform(store: ConversationStore, conversation: string, command: Command): Promise<unknown> {
  switch (command.do) {
    case 'append':
      return store.appendItems(
        ALICE,
        conversation,
        command.ids.map((id) => userSays(id, command.text)),
      );
    case 'delete':
      return store.deleteItem(ALICE, conversation, command.id);
    case 'replace':
      return store.replaceItem(ALICE, conversation, agentSays(command.id, command.text));
    case 'insert':
      try {
        return await store.insertItem(
          ALICE,
          conversation,
          agentSays(command.id, command.text),
          command.placement,
        );
      } catch (error) {
        return (error as { param: unknown }).param;
      }
  }
}

async function checkAgainstModel(store: ConversationStore): Promise<void> {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 80 }), fc.boolean(), async (commands, atOnce) => {
      round += 1;
      const conversation = `conv_${round}`;
      await store.create(ALICE, { id: conversation, createdAtMs: START_MS, metadata: {} });
      const model = new Model();
      const expected = commands.map((command) => model.apply(command));
      const answers: unknown[] = [];
      if (atOnce) {
        answers.push(
          ...(await Promise.all(commands.map((command) => perform(store, conversation, command)))),
        );
      } else {
        for (const command of commands) answers.push(await perform(store, conversation, command));
      }
      expect(answers).toEqual(expected);
      const { data } = await store.listItems(ALICE, conversation, { limit: 100, order: 'asc' });
      expect(data).toEqual(model.items);
    }),
    { numRuns: 60 },
  );
}

test('SqliteStore keeps every sequence of writes in the order of an array, one by one and all at once', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('conversations.db') });
  await checkAgainstModel(store);
  expect(await store.quickCheck()).toEqual([]);
});

test('MemoryStore does the same', async () => {
  await checkAgainstModel(new MemoryStore());
});

test('whatever an item contains, it comes back the same', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('conversations.db') });
  await store.create(ALICE, { id: 'conv', createdAtMs: START_MS, metadata: {} });
  await fc.assert(
    fc.asyncProperty(anyItem, async (item) => {
      await store.deleteItem(ALICE, 'conv', item.id);
      await store.insertItem(ALICE, 'conv', item);
      expect(await store.findItem(ALICE, 'conv', item.id)).toEqual(item);
    }),
    { numRuns: 200 },
  );
});
