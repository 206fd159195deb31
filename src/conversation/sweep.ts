import type { ConversationThread } from './conversation-database.ts';

/** Wipes the conversations that belong to nobody any more, in writes so short that others do not wait for them. */
export async function sweep(thread: ConversationThread): Promise<void> {
  while (await thread.write('sweep', null));
}
