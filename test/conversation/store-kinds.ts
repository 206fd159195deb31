import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { WholeStore } from '../../src/conversation/store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { tempDir } from './temp-dir.ts';

export interface OpenedStore extends AsyncDisposable {
  readonly store: WholeStore;
}

/** The stores that keep the same contract; each comes empty. */
export const STORE_KINDS: readonly (readonly [string, () => Promise<OpenedStore>])[] = [
  [
    'SqliteStore',
    async () => {
      const dir = await tempDir();
      const store = await SqliteStore.open({ path: dir.file('conversations.db') });
      const dispose = async () => {
        await store[Symbol.asyncDispose]();
        await dir[Symbol.asyncDispose]();
      };
      return { store, [Symbol.asyncDispose]: dispose };
    },
  ],
  ['MemoryStore', async () => ({ store: new MemoryStore(), [Symbol.asyncDispose]: async () => {} })],
];
