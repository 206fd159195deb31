// A process for the crash test: writes items as fast as it can and prints the id of each one that is durable.
import { writeSync } from 'node:fs';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import { ALICE, agentSays, START_MS, userSays } from './sample-items.ts';

const [path = '', round = ''] = process.argv.slice(2);
const store = await SqliteStore.open({ path });
await store.create(ALICE, { id: 'conv', createdAtMs: START_MS, metadata: {} });
// Wherever the kill comes, it leaves this one open.
await store.insertItem(ALICE, 'conv', agentSays(`open${round}`, 'It', { status: 'in_progress' }));

/** One of several writers at once, so that commits carry more than one item. */
async function write(writer: string): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    const id = `${round}-${writer}-${turn}`;
    await store.insertItem(ALICE, 'conv', userSays(`u${id}`, 'What is it now?'));
    writeSync(1, `u${id}\n`);
    await store.insertItem(ALICE, 'conv', agentSays(`a${id}`, 'It', { status: 'in_progress' }));
    writeSync(1, `a${id}\n`);
    await store.replaceItem(ALICE, 'conv', agentSays(`a${id}`, 'It is late.'));
    await store.appendItems(ALICE, 'conv', [userSays(`x${id}`, 'one'), userSays(`y${id}`, 'two')]);
    writeSync(1, `x${id}\ny${id}\n`);
  }
}

await Promise.all(['one', 'two', 'three'].map(write));
