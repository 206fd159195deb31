import { beforeEach, describe, expect, it } from 'vitest';
import type { Owner } from '../../src/conversation/store.ts';
import { queryKey } from '../../src/memory/recall/query-key.ts';
import type { Question, Recollection } from '../../src/memory/recall/recollection.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { SessionHarness } from '../support/session-harness.ts';

let anticipated: string[];
let questions: Question[];
let used: Recollection[];
let noticed: string[];

beforeEach(() => {
  anticipated = [];
  questions = [];
  used = [];
  noticed = [];
  recalled = Promise.resolve(NOTHING);
});

const NOTHING: Recollection = { memories: [], source: 'search' };

let recalled: Promise<Recollection>;

async function session(...scripts: Parameters<typeof SessionHarness.start>[0]) {
  const memory = {
    recall: async (_: Owner, question: Question) => {
      questions.push(question);
      return await recalled;
    },
    stale: () => NOTHING,
    used: (_: Owner, recollection: Recollection) => used.push(recollection),
    profile: async () => [],
    staleProfile: () => [],
  };
  const harness = await SessionHarness.start(scripts, {
    hearing: (clock: ManualClock) => new ScriptedHearing({ clock, readMs: () => 150 }),
    deps: { anticipate: (_, text) => anticipated.push(text) },
    graph: { memory, learner: { noticed: (_, id) => noticed.push(id) } },
  });
  harness.listen();
  return harness;
}

const answered = async (harness: SessionHarness, text: string) => {
  await harness.speak(text);
  await harness.silence(1_600);
};

describe('what is looked for while somebody speaks', () => {
  it('is what the turn asks for, word by word before it is over', async () => {
    const harness = await session(['In Oslo.']);
    await answered(harness, 'where does my sister live');
    expect(anticipated.length).toBeGreaterThan(1);
    expect(queryKey(anticipated.at(-1) ?? '')).toBe(queryKey(questions.at(-1)?.text ?? ''));
  });

  it('goes on from what was said before when there are few words, as the turn does', async () => {
    const harness = await session(['In Oslo.'], ['In Rome.']);
    await answered(harness, 'where does my sister live');
    await answered(harness, 'and my brother');
    expect(questions.at(-1)?.text).toBe('where does my sister live\nand my brother');
    expect(anticipated.at(-1)).toBe('where does my sister live\nand my brother');
  });

  it('is nothing when nothing is going to be answered', async () => {
    const harness = await session(['In Oslo.']);
    harness.receive({ type: 'session.update', session: { type: 'transcription' } });
    await answered(harness, 'where does my sister live');
    expect(anticipated).toEqual([]);
    expect(questions).toEqual([]);
  });
});

describe('a rehearsal', () => {
  it('that is performed counts once', async () => {
    const harness = await session(['Nice.']);
    await answered(harness, 'i have bought a red boat');
    expect(questions).toHaveLength(1);
    expect(used).toEqual([NOTHING]);
    expect(noticed).toEqual(['conv_test']);
  });

  it('that is dropped leaves no trace in the memory', async () => {
    const harness = await session(['Early. ', 3_000, 'Much.'], ['Right.']);
    await harness.speak('i would like to have');
    await harness.silence(352);
    expect(questions).toHaveLength(1);
    await harness.speak('a boat');
    await harness.silence(352);
    expect(used).toEqual([]);
    expect(noticed).toEqual([]);
    await harness.silence(960);
    expect(questions.at(-1)?.text).toBe('i would like to have a boat');
    expect(used).toHaveLength(1);
    expect(noticed).toHaveLength(1);
  });
});

describe('a turn', () => {
  it('that is cut off while it remembers leaves no trace in the memory, and nothing hangs', async () => {
    const harness = await session(['Never.'], ['Here.']);
    const { promise, resolve } = Promise.withResolvers<Recollection>();
    recalled = promise;
    harness.say('I have bought a red boat.');
    await harness.clock.advance(50);
    harness.receive({ type: 'response.cancel' });
    await harness.clock.settle();
    expect(harness.last('response.done').response.status).toBe('cancelled');
    recalled = Promise.resolve(NOTHING);
    harness.say('And I have sailed it to Norway.');
    await harness.clock.advance(1_000);
    resolve(NOTHING);
    await harness.clock.settle();
    expect(harness.last('response.done').response.status).toBe('completed');
    expect(used).toHaveLength(1);
    expect(noticed).toEqual(['conv_test']);
    expect(harness.model.requests).toHaveLength(1);
  });

  it('outside of the conversation remembers, and nothing is learned from it', async () => {
    const harness = await session(['Aside.']);
    const content = [{ type: 'input_text', text: 'I have bought a red boat.' }];
    const input = [{ type: 'message', role: 'user', content }];
    harness.receive({ type: 'response.create', response: { conversation: 'none', input } });
    await harness.clock.advance(1_000);
    expect(questions).toEqual([{ text: 'I have bought a red boat.', conversationId: null }]);
    expect(noticed).toEqual([]);
    expect(harness.conversation.items).toEqual([]);
  });
});
