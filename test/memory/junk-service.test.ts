import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChatModel, ChatPart, ChatRequest } from '../../src/llm/chat-model.ts';
import { agentSays, userSays } from '../conversation/sample-items.ts';
import { type TempDir, tempDir } from '../conversation/temp-dir.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RememberingProcess } from '../support/remembering-process.ts';
import { JUNK_MEMORIES, JUNK_MESSAGES, type JunkMessage } from './junk-messages.ts';
import { answerTo, handedOver, REPLY } from './junk-model.ts';

const OWNER = { key: 'home', user: 'alice' };

/** So many messages of a conversation, then nobody is connected for a while. */
const BATCH = 5;

const texts = (all: readonly { readonly text: string }[]) => all.map(({ text }) => text).toSorted();
const byRules = texts(JUNK_MEMORIES.filter(({ by }) => by === 'rules'));
const ended = JUNK_MESSAGES.flatMap(({ ends }) => ends).toSorted();

let dir: TempDir;
let clock: ManualClock;

beforeEach(async () => {
  dir = await tempDir();
  clock = new ManualClock();
});
afterEach(() => dir[Symbol.asyncDispose]());

const start = (model?: ChatModel) =>
  RememberingProcess.start({ folder: dir.path, clock, ...(model && { model }) });

async function remembered({ remembering }: RememberingProcess) {
  const data = await Array.fromAsync(remembering.keeper.export(OWNER));
  return {
    holding: texts(data.filter(({ invalidAtMs }) => invalidAtMs === null)),
    past: texts(data.filter(({ invalidAtMs }) => invalidAtMs !== null)),
  };
}

describe('two hundred messages, in the middle of which the service ends', () => {
  const half = JUNK_MESSAGES.length / 2;

  async function say(process: RememberingProcess, { id, conversation, text }: JunkMessage): Promise<void> {
    await clock.advance(60_000);
    await process.say(OWNER, conversation, userSays(id, text, clock.nowMs()));
  }

  test('leave what rules can learn and no more, also after another start', async () => {
    {
      await using before = await start();
      for (const message of JUNK_MESSAGES.slice(0, half)) await say(before, message);
      // Nobody waits for what can be learned from the last ones.
    }
    {
      await using after = await start();
      for (const message of JUNK_MESSAGES.slice(half)) await say(after, message);
      await after.learned();
      expect(await remembered(after)).toEqual({ holding: byRules, past: ended });
    }
    await using again = await start();
    await again.learned();
    expect(await remembered(again)).toEqual({ holding: byRules, past: ended });
  });

  test('leave what is to be learned and no more, with a language model that makes every mistake', async () => {
    const batches = [...Map.groupBy(JUNK_MESSAGES, ({ conversation }) => conversation).values()].flatMap(
      (messages) =>
        Array.from({ length: Math.ceil(messages.length / BATCH) }, (_, at) =>
          messages.slice(at * BATCH, (at + 1) * BATCH),
        ),
    );
    const middle = Math.floor(batches.length / 2);
    const model = new MistakenModel();
    const converse = async (process: RememberingProcess, messages: readonly JunkMessage[]) => {
      model.batch = messages;
      await clock.advance(60_000);
      const items = messages.flatMap(({ id, text }, at) => {
        const atMs = clock.nowMs() + at;
        return [userSays(id, text, atMs), { ...agentSays(`${id}r`, REPLY), createdAtMs: atMs }];
      });
      await process.say(OWNER, messages[0]?.conversation ?? '', ...items);
    };
    {
      await using before = await start(model);
      for (const messages of batches.slice(0, middle)) {
        await converse(before, messages);
        await before.readAndLearned();
      }
      // Of these the next process learns.
      await converse(before, batches[middle] ?? []);
    }
    await using after = await start(model);
    await after.readAndLearned();
    for (const messages of batches.slice(middle + 1)) {
      await converse(after, messages);
      await after.readAndLearned();
    }
    expect(await remembered(after)).toEqual({ holding: texts(JUNK_MEMORIES), past: ended });
    expect(model.calls).toBeGreaterThan(middle);
    expect(await after.store.outbox.quarantined()).toBe(0);
  });
});

/** It answers as in `junk-model.ts`. */
class MistakenModel implements ChatModel {
  readonly engine = 'scripted';
  readonly model = 'mistaken';
  readonly contextTokens = 8_192;
  calls = 0;
  /** What it is asked about. */
  batch: readonly JunkMessage[] = [];

  async *stream(request: ChatRequest): AsyncGenerator<ChatPart> {
    yield { type: 'text', text: handedOver(this.calls++, answerTo(request, this.batch)) };
    const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 };
    yield { type: 'usage', usage, finishReason: 'stop' };
  }
}
