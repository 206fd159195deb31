import type { RestConversation } from '../../../src/protocol/rest-conversations.ts';
import type { RestClient } from '../api/rest-client.ts';
import { titleFrom } from '../chat/title.ts';
import { Value } from './value.ts';

const PAGE = 30;

export interface ConversationListState {
  /** Newest activity first. */
  readonly conversations: readonly RestConversation[];
  readonly hasMore: boolean;
  readonly isLoaded: boolean;
  /** Why the list is not what it should be. */
  readonly problem: string | null;
}

/** The stored conversations of the person. */
export class ConversationList {
  readonly state = new Value<ConversationListState>({
    conversations: [],
    hasMore: false,
    isLoaded: false,
    problem: null,
  });
  readonly #rest: RestClient;
  readonly #titled = new Set<string>();

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** From the top; as many as are shown already. */
  async refresh(): Promise<void> {
    const shown = Math.min(Math.max(this.state.current.conversations.length, PAGE), 100);
    await this.#try(async () => {
      const page = await this.#rest.conversations(null, shown);
      this.state.set({ conversations: page.data, hasMore: page.has_more, isLoaded: true, problem: null });
    });
  }

  async more(): Promise<void> {
    await this.#try(async () => {
      const { conversations } = this.state.current;
      const page = await this.#rest.conversations(conversations.at(-1)?.id ?? null, PAGE);
      const known = new Set(conversations.map(({ id }) => id));
      const added = page.data.filter(({ id }) => !known.has(id));
      this.state.set({
        ...this.state.current,
        conversations: [...conversations, ...added],
        hasMore: page.has_more,
        problem: null,
      });
    });
  }

  /** Gives the conversation a title out of its first message, unless it has one. */
  async titleIfNone(id: string, firstMessage: string): Promise<void> {
    if (this.#titled.has(id)) return;
    this.#titled.add(id);
    const known = this.state.current.conversations.find((conversation) => conversation.id === id);
    if (known?.metadata.title) return;
    await this.#try(async () => {
      const { metadata } = await this.#rest.conversation(id);
      // An update replaces all pairs.
      if (!metadata.title) await this.#rest.setMetadata(id, { ...metadata, title: titleFrom(firstMessage) });
      await this.refresh();
    });
  }

  async delete(id: string): Promise<void> {
    await this.#try(async () => {
      await this.#rest.deleteConversation(id);
      await this.refresh();
    });
  }

  async #try(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.state.set({
        ...this.state.current,
        isLoaded: true,
        problem: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
