import type { RestConversationItem } from '../../../src/protocol/rest-conversations.ts';
import type { AgentEvent } from '../realtime/agent-event.ts';
import { type ChatState, emptyChat } from './chat-state.ts';
import { append, edit } from './edit-entries.ts';
import { type Entry, userEntry } from './entry.ts';
import { fromItems } from './from-items.ts';
import { reduceServerEvent } from './reduce-server-event.ts';

/** What happens to a conversation, besides the events of the server. */
export type ChatAction =
  | { readonly type: 'server'; readonly event: AgentEvent }
  /** The person wrote something. */
  | { readonly type: 'written'; readonly id: string; readonly text: string }
  /** Messages went out. */
  | { readonly type: 'sent'; readonly ids: readonly string[] }
  /** An answer was asked for. */
  | { readonly type: 'asked' }
  /** The person takes a message back. */
  | { readonly type: 'withdrawn'; readonly id: string }
  /** The person does not want the answer any more. */
  | { readonly type: 'stopped' }
  /** The connection is gone, and with it the answer that was being made. */
  | { readonly type: 'disconnected' }
  /** Another conversation; `id` null: a new one. */
  | { readonly type: 'opened'; readonly id: string | null }
  /** What the store holds of it, oldest first. */
  | { readonly type: 'loaded'; readonly items: readonly RestConversationItem[]; readonly hasEarlier: boolean }
  | {
      readonly type: 'loaded-earlier';
      readonly items: readonly RestConversationItem[];
      readonly hasEarlier: boolean;
    }
  | { readonly type: 'problem'; readonly id: string; readonly text: string }
  | { readonly type: 'engines'; readonly engines: ChatState['engines'] };

export function reduceChat(state: ChatState, action: ChatAction): ChatState {
  switch (action.type) {
    case 'server':
      return reduceServerEvent(state, action.event);
    case 'written': {
      const { id, text } = action;
      return {
        ...state,
        entries: [...state.entries, userEntry({ id, text })],
      };
    }
    case 'sent':
      return {
        ...state,
        entries: state.entries.map((entry) =>
          entry.kind === 'user' && action.ids.includes(entry.id) ? { ...entry, state: 'sent' } : entry,
        ),
      };
    case 'asked':
      return { ...state, isAsked: true };
    case 'stopped':
      return state.isAsked ? { ...state, isAsked: false } : state;
    case 'withdrawn':
      return { ...state, entries: state.entries.filter(({ id }) => id !== action.id) };
    case 'disconnected':
      // `isAsked` stays: whoever connects again asks again.
      return {
        ...state,
        responseId: null,
        // What was being said is heard by nobody; the store knows whether what was said has arrived.
        entries: state.entries.filter((entry) => !isUnkeptSpeech(entry)).map(unsettle),
      };
    case 'opened':
      return {
        ...emptyChat,
        engines: state.engines,
        conversationId: action.id,
        isStored: action.id !== null,
      };
    case 'loaded':
      return merge(state, fromItems(action.items), action.hasEarlier);
    case 'loaded-earlier':
      return {
        ...state,
        entries: [...fromItems(action.items), ...state.entries],
        hasEarlier: action.hasEarlier,
      };
    case 'problem':
      return {
        ...state,
        entries: append(state.entries, { kind: 'problem', id: action.id, text: action.text }),
      };
    case 'engines':
      return { ...state, engines: action.engines };
  }
}

function isUnkeptSpeech(entry: Entry): boolean {
  return entry.kind === 'user' && entry.speech !== null && entry.state !== 'stored';
}

/** An entry after the connection was lost. */
function unsettle(entry: Entry): Entry {
  if (entry.kind === 'agent' && entry.status === 'in_progress') {
    return { ...entry, status: 'incomplete', ending: 'stopped' };
  }
  // Whether it arrived, the store tells when there is a connection again.
  if (entry.kind === 'user' && entry.state === 'sent') return { ...entry, state: 'queued' };
  return entry;
}

/** The store's word goes before ours; what only this page knows (traces, unsent messages) stays. */
function merge(state: ChatState, loaded: readonly Entry[], hasEarlier: boolean): ChatState {
  const first = state.entries.findIndex(({ id }) => id === loaded[0]?.id);
  const earlier = first === -1 ? [] : state.entries.slice(0, first);
  const ids = new Set(loaded.map(({ id }) => id));
  const local = state.entries.slice(earlier.length).filter(({ kind, id }) => {
    return !ids.has(id) && (kind === 'user' || kind === 'problem');
  });
  let entries = loaded;
  for (const ours of state.entries) {
    if (ours.kind !== 'agent' || !ids.has(ours.id)) continue;
    const { responseId, trace, recall, skipped, heard } = ours;
    entries = edit(entries, 'agent', ours.id, (entry) => {
      // The store has what was heard; keep showing the rest of it too when it was cut.
      const text = ours.text.startsWith(entry.text) ? ours.text : entry.text;
      const ending = ours.ending ?? entry.ending;
      return { ...entry, text, ending, responseId, trace, recall, skipped, heard };
    });
  }
  return {
    ...state,
    isStored: true,
    // The answer came while nobody was connected.
    isAsked: state.isAsked && loaded.at(-1)?.kind !== 'agent',
    entries: [...earlier, ...entries, ...local],
    hasEarlier: earlier.length > 0 ? state.hasEarlier : hasEarlier,
  };
}
