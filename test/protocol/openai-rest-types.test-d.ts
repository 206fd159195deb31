import type { SpeechCreateParams } from 'openai/resources/audio/speech';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
} from 'openai/resources/chat/completions';
import type * as Conversations from 'openai/resources/conversations';
import type { Model } from 'openai/resources/models';
import type {
  ClientSecretCreateParams,
  ClientSecretCreateResponse,
} from 'openai/resources/realtime/client-secrets';
import type * as z from 'zod';
import type * as rest from '../../src/protocol/rest.ts';
import type * as audio from '../../src/protocol/rest-audio.ts';
import type * as chat from '../../src/protocol/rest-chat.ts';
import type * as conversations from '../../src/protocol/rest-conversations.ts';
import type { Nothing, UnknownFields } from '../support/type-checks.ts';

/* Nothing here runs: `tsc` is the test. It holds our REST shapes against those of the official SDK. */

/** Names of what does not fit; empty when all does. */
type Misfits<Pairs extends Record<string, [ours: unknown, theirs: unknown]>> = {
  [K in keyof Pairs]: Pairs[K][0] extends Pairs[K][1]
    ? UnknownFields<Pairs[K][0], Pairs[K][1]> extends never
      ? never
      : UnknownFields<Pairs[K][0], Pairs[K][1], K & string>
    : K;
}[keyof Pairs];

/** An empty page has no first and no last id: null, which the SDK's paging reads as the end. */
type Page = Omit<Conversations.ConversationItemList, 'first_id' | 'last_id'> & {
  first_id: string | null;
  last_id: string | null;
};

/** What we answer fits their types. */
export type Answers = Nothing<
  Misfits<{
    conversation: [conversations.RestConversation, Conversations.Conversation];
    deleted: [conversations.RestConversationDeleted, Conversations.ConversationDeletedResource];
    item: [conversations.RestConversationItem, Conversations.ConversationItem];
    items: [conversations.RestConversationItemList, Page];
    completion: [chat.ChatCompletion, ChatCompletion];
    chunk: [chat.ChatCompletionChunk, ChatCompletionChunk];
    model: [rest.ModelList['data'][number], Model];
    secret: [Omit<rest.ClientSecret, 'session'>, Omit<ClientSecretCreateResponse, 'session'>];
  }>
>;

/** Every field that we read is one of theirs. `user`, `max_uses` and `scopes` of a secret are ours: the token decides
 * who its holder is; so is `half_duplex`. */
export type Requests = Nothing<
  | UnknownFields<
      z.input<typeof conversations.createConversationRequest>,
      Conversations.ConversationCreateParams
    >
  | UnknownFields<
      z.input<typeof conversations.updateConversationRequest>,
      Conversations.ConversationUpdateParams
    >
  | UnknownFields<
      z.input<typeof conversations.createItemsRequest>,
      Omit<Conversations.ItemCreateParams, 'include'>
    >
  | Exclude<
      UnknownFields<
        Omit<z.input<typeof rest.clientSecretRequest>, 'user' | 'max_uses' | 'scopes'>,
        ClientSecretCreateParams
      >,
      '.session.audio.input.half_duplex'
    >
  | UnknownFields<z.input<typeof chat.chatCompletionRequest>, ChatCompletionCreateParams>
  | UnknownFields<z.input<typeof audio.speechRequest>, SpeechCreateParams>
>;

type Misspelt = { x: [{ id: string; createdAt: number }, { id: string; created_at?: number }] };
// @ts-expect-error a field has another name
export type NoticesRenamed = Nothing<Misfits<Misspelt>>;
