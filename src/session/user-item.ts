import type { MessageItem } from '../conversation/item.ts';

/** What somebody said aloud, as an item; `transcript` is null while it is not known. */
export function userAudioItem(id: string, transcript: string | null, createdAtMs: number): MessageItem {
  return {
    id,
    type: 'message',
    role: 'user',
    status: 'completed',
    createdAtMs,
    responseId: null,
    content: [{ type: 'input_audio', transcript }],
    reply: null,
  };
}
