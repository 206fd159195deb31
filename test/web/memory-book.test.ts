import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RestMemory } from '../../src/protocol/rest-memories.ts';
import { Value } from '../../web/src/agent/value.ts';
import { MemoryRest } from '../../web/src/api/memory-rest.ts';
import { RestClient } from '../../web/src/api/rest-client.ts';
import { emptyChat } from '../../web/src/chat/chat-state.ts';
import { followTurns } from '../../web/src/memory/follow-turns.ts';
import { groupMemories } from '../../web/src/memory/group-memories.ts';
import { MemoryBook, type MemoryBookState } from '../../web/src/memory/memory-book.ts';
import { MemoriesApp } from '../support/memories-app.ts';

const home = { kind: 'profile', attribute: 'home' } as const;

/** What the page shows and does, against the routes themselves. */
describe('the book of what it knows', () => {
  let app: MemoriesApp;
  let rest: MemoryRest;
  let book: MemoryBook;
  /** Called instead of waiting. */
  let onPause: () => void;
  let users = 0;

  beforeAll(async () => {
    app = await MemoriesApp.start();
  });
  afterAll(() => app[Symbol.asyncDispose]());

  beforeEach(() => {
    onPause = () => undefined;
    const user = `user-${++users}`;
    class AsUser extends RestClient {
      override fetch(...[path, ...others]: Parameters<RestClient['fetch']>): Promise<Response> {
        return super.fetch(`${path}${path.includes('?') ? '&' : '?'}user=${user}`, ...others);
      }
    }
    rest = new MemoryRest(
      new AsUser({ baseUrl: app.url, token: () => null, onUnauthorized: () => undefined }),
    );
    book = new MemoryBook({ rest, pause: async () => onPause() });
  });

  async function until(condition: (state: MemoryBookState) => boolean): Promise<MemoryBookState> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (condition(book.state.current)) resolve();
    };
    const end = book.state.subscribe(look);
    look();
    await promise;
    end();
    return book.state.current;
  }

  const write = async (text: string, more: Partial<RestMemory> = {}) => {
    await app.clock.advance(1_000);
    return await rest.add({ text, ...more });
  };
  const isLoaded = ({ isLoaded }: MemoryBookState) => isLoaded;
  const texts = (memories: readonly RestMemory[] | null) => memories?.map(({ text }) => text);

  it('reads nothing before it is opened', async () => {
    await write('The user sings.');
    await book.refresh();
    expect(book.state.current).toMatchObject({ isOpen: false, isLoaded: false, memories: [] });
  });

  it('opens with the profile and the newest memories, history included', async () => {
    await write('The user lives in Berlin.', { ...home, value: 'Berlin' });
    await write('The user lives in Oslo.', { ...home, value: 'Oslo' });
    await write('The user sings.');
    book.open();
    const { profile, memories, hasMore } = await until(isLoaded);
    expect(texts(profile)).toEqual(['The user lives in Oslo.']);
    expect(texts(memories)).toEqual([
      'The user sings.',
      'The user lives in Oslo.',
      'The user lives in Berlin.',
    ]);
    expect(hasMore).toBe(false);
  });

  it('shows more page by page, each memory once', async () => {
    for (let n = 1; n <= 60; n++) await write(`Number ${n}.`);
    book.open();
    expect((await until(isLoaded)).memories).toHaveLength(50);
    await write('Number 61.');
    await book.more();
    const { memories, hasMore } = book.state.current;
    expect(new Set(texts(memories)).size).toBe(60);
    expect(hasMore).toBe(false);
    await book.refresh();
    expect(texts(book.state.current.memories)?.slice(0, 2)).toEqual(['Number 61.', 'Number 60.']);
  });

  it('adds, corrects and deletes, and shows what came of it', async () => {
    book.open();
    await until(isLoaded);
    await book.add({ text: 'The user lives in Rom.', ...home, value: 'Rom' });
    const [added] = book.state.current.profile;
    expect(added).toMatchObject({ text: 'The user lives in Rom.', source: null });
    await book.correct(added?.id ?? '', { text: 'The user lives in Rome.' });
    expect(book.state.current.profile).toMatchObject([{ text: 'The user lives in Rome.', value: null }]);
    await book.delete(added?.id ?? '');
    expect(book.state.current).toMatchObject({ profile: [], memories: [] });
  });

  it('tells whoever asked why it cannot be done', async () => {
    book.open();
    await until(isLoaded);
    await expect(book.add({ text: '' })).rejects.toThrow(/^text: /);
    await expect(book.delete('nobody')).rejects.toThrow('There is no memory nobody.');
    expect(book.state.current.problem).toBeNull();
  });

  it('finds what is looked for, and only the last question counts', async () => {
    await write('The sister of the user is Ada.');
    await write('The brother of the user is Bob.');
    book.open();
    await until(isLoaded);
    await Promise.all([book.search('brother'), book.search('sister')]);
    expect(book.state.current.query).toBe('sister');
    expect(texts(book.state.current.found)).toEqual(['The sister of the user is Ada.']);
    await book.search('zebra');
    expect(book.state.current.found).toEqual([]);
    await book.search('');
    expect(book.state.current).toMatchObject({ query: '', found: null });
  });

  it('keeps what was found in step with what is deleted', async () => {
    const { id } = await write('The user likes tea.');
    book.open();
    await until(isLoaded);
    await book.search('tea');
    expect(book.state.current.found).toHaveLength(1);
    await book.delete(id);
    expect(book.state.current.found).toEqual([]);
  });

  it('gives everything away, one memory on each line', async () => {
    await write('The user sings.');
    const lines = (await (await book.export()).text()).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).text)).toEqual(['The user sings.']);
  });

  it('waits until everything is erased', async () => {
    let pauses = 0;
    let erasureId = '';
    const eraseEverything = rest.eraseEverything.bind(rest);
    rest.eraseEverything = async () => {
      const erasure = await eraseEverything();
      erasureId = erasure.id;
      return erasure;
    };
    onPause = () => {
      if (++pauses === 3) app.erasing.complete(erasureId);
    };
    let hasBegun = false;
    await book.eraseEverything(() => {
      hasBegun = true;
      expect(pauses).toBe(0);
    });
    expect({ hasBegun, pauses }).toEqual({ hasBegun: true, pauses: 3 });
  });

  it('says why there is nothing to see, and forgets everything when it is closed', async () => {
    const nowhere = new RestClient({
      baseUrl: 'http://127.0.0.1:9',
      token: () => null,
      onUnauthorized: () => {},
    });
    book = new MemoryBook({ rest: new MemoryRest(nowhere), pause: async () => undefined });
    book.open();
    expect((await until(isLoaded)).problem).toBe('The server does not answer.');
    book.close();
    expect(book.state.current).toMatchObject({ isOpen: false, isLoaded: false, problem: null });
  });

  it('does not open again by an answer that comes after it was closed', async () => {
    await write('The user sings.');
    book.open();
    const late = book.refresh();
    book.close();
    await late;
    expect(book.state.current).toMatchObject({ isOpen: false, isLoaded: false, memories: [] });
  });
});

it('is read again when a turn has ended, and when something was remembered', () => {
  const chat = new Value(emptyChat);
  let reads = 0;
  const end = followTurns({ chat }, { refresh: async () => void reads++ });
  const change = (given: Partial<typeof emptyChat>) => {
    chat.set({ ...chat.current, ...given });
    return reads;
  };
  expect(change({ isAsked: true })).toBe(0);
  expect(change({ responseId: 'resp_1' })).toBe(0);
  expect(change({ recall: { response_id: 'resp_1', source: 'cache', memories: [], wait_ms: 0 } })).toBe(1);
  expect(change({ entries: [] })).toBe(1);
  expect(change({ responseId: null })).toBe(2);
  expect(change({ recall: null })).toBe(2);
  end();
  expect(change({ responseId: 'resp_2' })).toBe(2);
});

describe('memories in groups', () => {
  const memory = (id: string, supersededBy: string | null = null, invalidAt: number | null = null) =>
    ({ id, superseded_by: supersededBy, invalid_at: supersededBy === null ? invalidAt : 5 }) as RestMemory;
  const ids = (memories: readonly RestMemory[]) => memories.map(({ id }) => id);

  it('are what holds, each with all that it took the place of', () => {
    const groups = groupMemories([memory('c'), memory('x'), memory('b', 'c'), memory('a', 'b')]);
    expect(groups.current.map((entry) => [entry.memory.id, ids(entry.earlier)])).toEqual([
      ['c', ['b', 'a']],
      ['x', []],
    ]);
    expect(groups.ended).toEqual([]);
  });

  it('are apart when nothing holds in their place, or that is not there any more', () => {
    const groups = groupMemories([memory('a', null, 3), memory('b', 'deleted'), memory('c', 'a')]);
    expect(groups.current).toEqual([]);
    expect(ids(groups.ended)).toEqual(['a', 'b', 'c']);
  });

  it('end also when they name each other', () => {
    expect(ids(groupMemories([memory('a', 'b'), memory('b', 'a')]).ended)).toEqual(['a', 'b']);
  });
});
