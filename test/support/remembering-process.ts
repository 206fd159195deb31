import { join } from 'node:path';
import { readAgent } from '../../src/agent-file.ts';
import { type Clock, randomIds } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import { Conversations } from '../../src/conversation/conversations.ts';
import type { MessageItem } from '../../src/conversation/item.ts';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { Owner } from '../../src/conversation/store.ts';
import type { EngineDeps } from '../../src/engines.ts';
import { AutoChatModel } from '../../src/llm/auto-chat-model.ts';
import type { ChatModel } from '../../src/llm/chat-model.ts';
import { OfflineChatModel } from '../../src/llm/offline.ts';
import { TurnsFirst } from '../../src/llm/turns-first.ts';
import { createRemembering, type Remembering } from '../../src/remembering.ts';
import { Guards } from '../../src/resilience/guards.ts';
import { Telemetry } from '../../src/telemetry/events.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { ManualClock } from './manual-clock.ts';

interface Options {
  /** Where `conversations.db` and `memory.db` are. */
  readonly folder: string;
  readonly clock: ManualClock;
  /** A Qdrant to remember in. */
  readonly qdrantUrl?: string;
  /** What learns besides the rules. */
  readonly model?: ChatModel;
}

/** All of the service that remembers, with real stores, wired as the service wires it: no server, no voice. */
export class RememberingProcess implements AsyncDisposable {
  readonly store: SqliteStore;
  readonly conversations: Conversations;
  readonly remembering: Remembering;
  readonly #clock: ManualClock;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    store: SqliteStore,
    conversations: Conversations,
    remembering: Remembering,
    clock: ManualClock,
    resources: AsyncDisposableStack,
  ) {
    this.store = store;
    this.conversations = conversations;
    this.remembering = remembering;
    this.#clock = clock;
    this.#resources = resources;
  }

  static async start({ folder, clock, qdrantUrl, model }: Options): Promise<RememberingProcess> {
    await using resources = new AsyncDisposableStack();
    const config = readConfig({
      DATA_DIR: folder,
      EMBEDDINGS: 'none',
      TIMEZONE: 'UTC',
      ...(qdrantUrl !== undefined && { QDRANT_URL: qdrantUrl }),
    });
    const deps: EngineDeps = {
      ...{ config, clock, resources },
      guards: new Guards(),
      agent: await readAgent(undefined),
      telemetry: new Telemetry(createLogger('silent')),
    };
    const store = resources.use(await SqliteStore.open({ path: join(folder, 'conversations.db'), clock }));
    const chat = resources.use(
      autoModel(model ?? new OfflineChatModel({ clock, timezone: 'UTC', ollamaUrl: null }), clock),
    );
    await chat.start();
    const turnsFirst = resources.use(new TurnsFirst({ clock }));
    const remembering = createRemembering({
      ...{ deps, store, turnsFirst },
      model: chat,
      conversations: () => conversations,
      forgetElsewhere: () => undefined,
      ids: randomIds,
      onChange: () => undefined,
    });
    const { learning } = remembering;
    const conversations: Conversations = new Conversations({
      ...{ store, clock, ids: randomIds },
      onSaid: (owner, id, item) => learning.said(owner, id, item),
      onDeleted: (owner) => learning.deleted(owner),
      onReleased: (owner, id) => learning.released(owner, id),
    });
    await remembering.start();
    return new RememberingProcess(store, conversations, remembering, clock, resources.move());
  }

  /** More messages of a connection, durable. What is learned from them is learned later. */
  async say(owner: Owner, conversationId: string, ...items: readonly MessageItem[]): Promise<void> {
    using lease = await this.#open(owner, conversationId);
    for (const item of items) await lease.conversation.add(item);
  }

  /** Lets everything that was said be learned by the rules, and applied. */
  async learned(): Promise<void> {
    const { outbox } = this.store;
    for (;;) {
      const waiting = await outbox.waiting(1_000);
      const decided = await outbox.decided(1);
      if (decided.length === 0 && waiting.every(({ newItems }) => newItems === 0)) return;
      await this.#clock.advance(1);
    }
  }

  /** The same, and what is worth a language model was read by it. */
  async readAndLearned(): Promise<void> {
    const { outbox } = this.store;
    while ((await outbox.waiting(1)).length > 0 || (await outbox.decided(1)).length > 0)
      await this.#clock.advance(100);
  }

  async #open(owner: Owner, conversationId: string) {
    const isThere = (await this.store.find(owner, conversationId)) !== null;
    return isThere
      ? await this.conversations.open(owner, conversationId)
      : await this.conversations.begin(owner, { id: conversationId });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function autoModel(model: ChatModel, clock: Clock): AutoChatModel {
  const status = {
    part: 'llm',
    engine: model.engine,
    detail: model.model,
    state: 'ready',
    reason: '',
  } as const;
  return new AutoChatModel({
    candidates: [{ name: model.engine, model, background: model, probe: async () => status }],
    clock,
    onChange: () => undefined,
  });
}
