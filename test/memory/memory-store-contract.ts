import { describe } from 'vitest';
import type { MemoryStore } from '../../src/memory/memory-store.ts';
import { describeChanges } from './contract/changes.ts';
import { describeErasing } from './contract/erasing.ts';
import { describeInput } from './contract/input.ts';
import { describeOwners } from './contract/owners.ts';
import { describeReading } from './contract/reading.ts';
import { describeSearch } from './contract/search.ts';
import { describeSuperseding } from './contract/superseding.ts';
import { describeVectors } from './contract/vectors.ts';

export interface OpenedStore extends AsyncDisposable {
  readonly store: MemoryStore;
}

/** A store in which `OWNERS` have nothing, without a space of vectors. Each test opens one. */
export type OpenStore = () => Promise<OpenedStore>;

/** What `MemoryStore` promises, whoever keeps the promise. */
export function describeMemoryStore(name: string, open: OpenStore): void {
  describe(name, () => {
    describeChanges(open);
    describeSuperseding(open);
    describeSearch(open);
    describeReading(open);
    describeErasing(open);
    describeVectors(open);
    describeOwners(open);
    describeInput(open);
  });
}
