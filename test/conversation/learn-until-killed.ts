// A process for the crash test: says things and learns from them as fast as it can, and prints what is durable.
import { writeSync } from 'node:fs';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import { ALICE, START_MS, userSays } from './sample-items.ts';

const [path = '', round = ''] = process.argv.slice(2);
const store = await SqliteStore.open({ path });
await store.create(ALICE, { id: 'conv', createdAtMs: START_MS, metadata: {} });

/** One of several at once, so that commits carry more than one write. */
async function talk(writer: string, to: 'done' | 'noted'): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    const id = `${round}-${writer}-${turn}`;
    await store.insertItem(ALICE, 'conv', userSays(id, 'I moved to Oslo.'));
    writeSync(1, `said ${id}\n`);
    await store.outbox.settle(ALICE, 'conv', { items: [{ id, to }], changes: JSON.stringify([id]) });
    writeSync(1, `settled ${id}\n`);
  }
}

await Promise.all([talk('one', 'done'), talk('two', 'noted'), talk('three', 'done')]);
