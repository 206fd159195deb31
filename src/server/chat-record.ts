import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Conversations, Lease } from '../conversation/conversations.ts';
import type { Item, ItemStatus, MessageItem } from '../conversation/item.ts';
import type { Owner } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import type { ToolCall } from '../llm/chat-model.ts';
import type { ChatCompletionMessage, ChatCompletionRequest } from '../protocol/rest-chat.ts';
import { textOf } from './chat-messages.ts';

/**
 * What is kept of a chat completion: nothing, unless the client says `store` or names a conversation.
 *
 * A frontend sends the whole chat every time, so only its last user message is new. Ids are made from the messages up
 * to there: the same request sent twice is stored once.
 */
export class ChatRecord implements Disposable {
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #user: string;
  readonly #prefix: string;

  private constructor(lease: Lease, clock: Clock, user: string, prefix: string) {
    this.#lease = lease;
    this.#clock = clock;
    this.#user = user;
    this.#prefix = prefix;
  }

  /** Null when nothing is to be kept. */
  static async open(
    { messages, metadata, store }: ChatCompletionRequest,
    owner: Owner,
    conversations: Conversations,
    clock: Clock,
  ): Promise<ChatRecord | null> {
    const named = metadata?.conversation_id;
    if (!named && !store) return null;
    const last = messages.findLastIndex((message) => message.role === 'user');
    const message = messages[last];
    if (message?.role !== 'user') {
      throw new VivavoceError('invalid_request', 'There is no user message that could be stored.', {
        param: 'messages',
      });
    }
    const id = named ?? `conv_${hash(owner, beginningOf(messages))}`;
    const lease = await openOrBegin(conversations, owner, id);
    return new ChatRecord(lease, clock, textOf(message.content), hash(owner, messages.slice(0, last + 1)));
  }

  get conversationId(): string {
    return this.#lease.conversation.id;
  }

  /** Durable when it resolves. */
  async userSaid(): Promise<void> {
    const item = this.#message('user', 'user', [{ type: 'input_text', text: this.#user }]);
    await this.#lease.conversation.append([item]);
  }

  /** Durable when it resolves. */
  async agentSaid(
    text: string,
    calls: readonly ToolCall[],
    status: Exclude<ItemStatus, 'in_progress'> = 'completed',
  ): Promise<void> {
    const items: Item[] = calls.map((call, index) => ({
      ...this.#record(`call${index}`),
      type: 'function_call' as const,
      ...call,
    }));
    if (text !== '') {
      const message = this.#message('reply', 'assistant', [{ type: 'output_text', text }]);
      items.unshift({ ...message, status, reply: { generated: text, sent: text, heard: null } });
    }
    const { conversation } = this.#lease;
    for (const item of items) {
      // The request came again because its answer had been cut off: this one takes that one's place.
      const there = await conversation.find(item.id);
      if (there?.status === 'incomplete') await conversation.replace(item);
    }
    if (items.length > 0) await conversation.append(items);
  }

  [Symbol.dispose](): void {
    this.#lease[Symbol.dispose]();
  }

  #message(part: string, role: MessageItem['role'], content: MessageItem['content']): MessageItem {
    return { ...this.#record(part), type: 'message', role, content, reply: null };
  }

  #record(part: string) {
    return {
      id: `item_${this.#prefix}_${part}`,
      status: 'completed' as const,
      createdAtMs: this.#clock.nowMs(),
      responseId: null,
    };
  }
}

async function openOrBegin(conversations: Conversations, owner: Owner, id: string): Promise<Lease> {
  try {
    return await conversations.open(owner, id);
  } catch (error) {
    if (!(error instanceof VivavoceError) || error.code !== 'not_found') throw error;
    return await conversations.begin(owner, { id });
  }
}

/** A chat without a name is recognised by how it began: everything up to its first user message. */
function beginningOf(messages: readonly ChatCompletionMessage[]): readonly ChatCompletionMessage[] {
  return messages.slice(0, messages.findIndex((message) => message.role === 'user') + 1);
}

function hash(owner: Owner, messages: readonly ChatCompletionMessage[]): string {
  return createHash('sha256')
    .update(JSON.stringify([owner.key, owner.user, messages]))
    .digest('base64url')
    .slice(0, 24);
}
