import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Owner } from '../../src/conversation/store.ts';
import type { Memory } from '../../src/memory/memory.ts';
import { userSays } from '../conversation/sample-items.ts';
import { tempDir } from '../conversation/temp-dir.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { QdrantServer } from '../support/qdrant-server.ts';
import { RememberingProcess } from '../support/remembering-process.ts';

/** Two keys, and users of the same names behind them. */
const PEOPLE: readonly Owner[] = [
  { key: 'home', user: 'ada' },
  { key: 'home', user: 'office' },
  { key: 'office', user: 'ada' },
  { key: 'office', user: 'home' },
];
/** What each of them calls things; nobody else uses these words. */
const WORDS = [
  ['Adam', 'Agnes', 'Astrid'],
  ['Boris', 'Bella', 'Bruno'],
  ['Carl', 'Clara', 'Conrad'],
  ['Doris', 'Daphne', 'Diego'],
] as const;
/** The same for everybody: whoever finds more than their own is told of another's. */
const STATEMENTS = [
  (word: string) => `My name is ${word}.`,
  (word: string) => `I live in ${word}.`,
  (word: string) => `My dog is called ${word}.`,
  (word: string) => `My sister ${word} lives in ${word} and loves tea.`,
  // No rule understands that: it is found as it was said.
  (word: string) => `The plumber left a ladder in the garage of ${word}.`,
];
const HOME = 1;
const QUESTIONS = [
  'What is my name?',
  'Where do I live?',
  'What is my dog called?',
  'What does my sister love?',
  'Where is the ladder of the plumber?',
  'What do you know about me?',
  `Who are ${WORDS.flat().join(', ')}?`,
];
const ALL = { limit: 100, order: 'asc', withHistory: true } as const;
const signal = AbortSignal.timeout(120_000);

type Command = { readonly who: number } & (
  | { readonly do: 'say'; readonly conversation: number; readonly statement: number; readonly word: number }
  | { readonly do: 'ask'; readonly question: number }
  | { readonly do: 'write'; readonly word: number }
  | { readonly do: 'correct'; readonly memory: number; readonly word: number }
  | { readonly do: 'delete'; readonly memory: number }
  | { readonly do: 'reach for'; readonly whose: number; readonly memory: number }
  | { readonly do: 'drop'; readonly conversation: number }
  | { readonly do: 'erase' }
  | { readonly do: 'wait' }
);

const who = fc.nat(PEOPLE.length - 1);
const word = fc.nat(2);
const memory = fc.nat(5);
const conversation = fc.nat(1);
const is = <T extends string>(what: T) => fc.constant(what);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      who,
      do: is('say'),
      conversation,
      statement: fc.nat(STATEMENTS.length - 1),
      word,
    }),
  },
  { weight: 5, arbitrary: fc.record({ who, do: is('ask'), question: fc.nat(QUESTIONS.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ who, do: is('write'), word }) },
  { weight: 1, arbitrary: fc.record({ who, do: is('correct'), memory, word }) },
  { weight: 2, arbitrary: fc.record({ who, do: is('delete'), memory }) },
  { weight: 2, arbitrary: fc.record({ who, do: is('reach for'), whose: who, memory }) },
  { weight: 1, arbitrary: fc.record({ who, do: is('drop'), conversation }) },
  { weight: 1, arbitrary: fc.record({ who, do: is('erase') }) },
  { weight: 2, arbitrary: fc.record({ who, do: is('wait') }) },
);

/** People who talk at the same time. Each round has owners of its own in the same stores. */
class Round {
  readonly #process: RememberingProcess;
  readonly #clock: ManualClock;
  readonly #number: number;
  /** Where each has said last to live. */
  readonly #homes = new Map<number, string>();
  /** They have taken back something, so who knows. */
  readonly #changedTheirMind = new Set<number>();
  #items = 0;

  constructor(process: RememberingProcess, clock: ManualClock, number: number) {
    this.#process = process;
    this.#clock = clock;
    this.#number = number;
  }

  async perform(command: Command): Promise<void> {
    const { who } = command;
    const owner = this.#owner(who);
    const { keeper, erasing } = this.#process.remembering;
    switch (command.do) {
      case 'say': {
        const word = WORDS[who]?.[command.word] ?? '';
        const text = STATEMENTS[command.statement]?.(word) ?? '';
        if (command.statement === HOME) this.#homes.set(who, word);
        const item = userSays(`item_${this.#number}_${this.#items++}`, text, this.#clock.nowMs());
        return await this.#process
          .say(owner, this.#conversation(who, command.conversation), item)
          .catch(expectGone);
      }
      case 'ask':
        return await this.#ask(who, QUESTIONS[command.question] ?? '');
      case 'write': {
        const text = `The user knows ${WORDS[who]?.[command.word]}.`;
        const details = { subject: 'user', attribute: null, value: null, importance: 0.5 } as const;
        await keeper.add(owner, { kind: 'fact', text, ...details }).catch(expectGone);
        return;
      }
      case 'correct': {
        this.#changedTheirMind.add(who);
        const one = await this.#memoryOf(who, command.memory);
        const text = `The user corrected it to ${WORDS[who]?.[command.word]}.`;
        if (one) await keeper.edit(owner, one.id, { text }).catch(expectGone);
        return;
      }
      case 'delete': {
        this.#changedTheirMind.add(who);
        const one = await this.#memoryOf(who, command.memory);
        if (one) await keeper.delete(owner, one.id);
        return;
      }
      case 'reach for':
        if (command.whose !== who) await this.#reachFor(who, command.whose, command.memory);
        return;
      case 'drop':
        this.#changedTheirMind.add(who);
        await this.#process.conversations.delete(owner, this.#conversation(who, command.conversation));
        return;
      case 'erase':
        this.#changedTheirMind.add(who);
        await erasing.request(owner);
        return;
      case 'wait':
        return await this.#process.learned();
    }
  }

  /** When everybody is silent. */
  async end(): Promise<void> {
    await this.#process.remembering.erasing.idle();
    await this.#process.learned();
    for (const who of PEOPLE.keys()) {
      for (const question of QUESTIONS) await this.#ask(who, question);
      const home = this.#homes.get(who);
      const profile = await this.#process.remembering.keeper.profile(this.#owner(who), signal);
      if (home !== undefined && !this.#changedTheirMind.has(who))
        expect(profile.find(({ attribute }) => attribute === 'home')?.value).toBe(home);
    }
  }

  /** All that somebody can see. */
  async #ask(who: number, text: string): Promise<void> {
    const owner = this.#owner(who);
    const { keeper, memory } = this.#process.remembering;
    memory.prefetch(owner, text);
    const recalled = await memory.recall(owner, { text, conversationId: null });
    const recalledAgain = await memory.recall(owner, { text, conversationId: null });
    const told = [
      ...[recalled, recalledAgain, memory.stale(owner, { text, conversationId: null })].flatMap(
        ({ memories }) => memories,
      ),
      ...(await memory.profile(owner)),
      ...memory.staleProfile(owner),
    ];
    const kept: Memory[] = [
      ...(await keeper.list(owner, ALL)).data,
      ...(await Array.fromAsync(keeper.export(owner))),
      ...(await keeper.search(owner, { text, limit: 50 }, signal)).map((found) => found.memory),
      ...(await keeper.overview(owner, 50)).map((found) => found.memory),
      ...(await keeper.profile(owner, signal)),
    ];
    memory.used(owner, recalled);
    const words = JSON.stringify([told.map((one) => one.text), kept.map(({ text, value }) => [text, value])]);
    expect(
      WORDS.flatMap((others, other) => (other === who ? [] : others)).filter((each) => words.includes(each)),
    ).toEqual([]);
    const own = [0, 1].map((number) => this.#conversation(who, number));
    for (const { source } of kept) if (source) expect(own).toContain(source.conversationId);
  }

  /** With the id of somebody else's memory there is nothing to be had. */
  async #reachFor(who: number, whose: number, number: number): Promise<void> {
    const { keeper } = this.#process.remembering;
    const one = await this.#memoryOf(whose, number);
    if (!one) return;
    const owner = this.#owner(who);
    await expect(keeper.get(owner, one.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(keeper.history(owner, one.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(keeper.edit(owner, one.id, { text: 'The user was here.' })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await keeper.delete(owner, one.id)).toBe(false);
  }

  async #memoryOf(who: number, number: number): Promise<Memory | undefined> {
    const { data } = await this.#process.remembering.keeper.list(this.#owner(who), ALL);
    return data[number % Math.max(1, data.length)];
  }

  #owner(who: number): Owner {
    const { key, user } = PEOPLE[who] as Owner;
    return { key: `${key}-${this.#number}`, user };
  }

  #conversation(who: number, number: number): string {
    return `conv_${this.#number}_${who}_${number}`;
  }
}

/** What is done to something while it is being erased may fail for that. */
function expectGone(error: unknown): void {
  expect(error).toMatchObject({ code: 'not_found' });
}

async function nobodyIsToldOfAnother(numRuns: number, qdrantUrl?: string): Promise<void> {
  await using dir = await tempDir();
  const clock = new ManualClock();
  const where = qdrantUrl === undefined ? {} : { qdrantUrl };
  await using process = await RememberingProcess.start({ folder: dir.path, clock, ...where });
  let rounds = 0;
  // At the same time: what two people do in the middle of what a third one does.
  const atOnce = fc.array(command, { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(fc.array(atOnce, { minLength: 4, maxLength: 12 }), async (steps) => {
    const round = new Round(process, clock, rounds++);
    for (const step of steps) {
      await clock.advance(1);
      // Each does one thing after the other.
      const doings = Map.groupBy(step, ({ who }) => who).values();
      await Promise.all(
        doings.map(async (own) => {
          for (const each of own) await round.perform(each);
        }),
      );
    }
    await round.end();
  });
  await fc.assert(property, { seed: 4, numRuns });
}

test('nobody is told, shown or given what another has said: a file', () => nobodyIsToldOfAnother(15));

test('nobody is told, shown or given what another has said: Qdrant', async () => {
  await using server = await new QdrantServer().start();
  await nobodyIsToldOfAnother(3, server.url);
});
