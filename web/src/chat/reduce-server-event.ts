import type { WireItem } from '../../../src/protocol/wire-item.ts';
import type { WireResponse } from '../../../src/protocol/wire-response.ts';
import type { AgentEvent } from '../realtime/agent-event.ts';
import type { ChatState } from './chat-state.ts';
import { append, edit, editAnswerOf } from './edit-entries.ts';
import { type AgentEntry, agentEntry, type Entry } from './entry.ts';
import { toolEntry } from './from-items.ts';
import { textOf } from './item-text.ts';
import { placeUserItem, reduceSpeech } from './reduce-speech.ts';

type ErrorEvent = Extract<AgentEvent, { type: 'error' }>;

/** The event id of the message `itemId`: an error that answers to it is about this message. */
export function createEventId(itemId: string): string {
  return `create:${itemId}`;
}

/** Errors that only say that something was over already. */
const HARMLESS: ReadonlySet<string | null> = new Set([
  'response_cancel_not_active',
  'item_retrieve_invalid_item_id',
]);

/** The conversation after an event of the server. */
export function reduceServerEvent(state: ChatState, event: AgentEvent): ChatState {
  switch (event.type) {
    case 'conversation.created': {
      const { id } = event.conversation;
      return { ...state, conversationId: id, isStored: state.isStored && state.conversationId === id };
    }
    case 'conversation.item.added':
      return withEntries(state, placed(state.entries, event.item, false));
    case 'conversation.item.done':
      return { ...withEntries(state, placed(state.entries, event.item, true)), isStored: true };
    case 'conversation.item.retrieved':
      return withEntries(state, retrieved(state.entries, event.item));
    case 'conversation.item.deleted':
      return withEntries(
        state,
        state.entries.filter(({ id }) => id !== event.item_id),
      );
    case 'response.created':
      return {
        ...state,
        entries: reduceSpeech(state.entries, event),
        isAsked: false,
        responseId: event.response.id,
      };
    case 'response.output_item.added':
      return withEntries(state, begun(state, event.response_id, event.item));
    case 'response.output_text.delta':
    case 'response.output_audio_transcript.delta':
      return withEntries(
        state,
        edit(state.entries, 'agent', event.item_id, (entry) => ({
          ...entry,
          text: entry.text + event.delta,
        })),
      );
    case 'response.function_call_arguments.done':
      return withEntries(
        state,
        edit(state.entries, 'tool', event.item_id, (entry) => ({ ...entry, args: event.arguments })),
      );
    case 'response.done':
      return ended(state, event.response);
    case 'vivavoce.turn.traced': {
      const { marks, degraded, nodes, waited_for, usage, cost } = event;
      const trace = { marks, degraded, nodes, waited_for, usage, cost };
      return withEntries(
        state,
        editAnswerOf(state.entries, event.response_id, (entry) => ({ ...entry, trace })),
      );
    }
    case 'vivavoce.memory.recalled': {
      const { response_id, source, memories, wait_ms } = event;
      const recall = { response_id, source, memories, wait_ms };
      const entries = editAnswerOf(state.entries, response_id, (entry) => ({ ...entry, recall }));
      return { ...state, entries, recall };
    }
    case 'vivavoce.speech.skipped': {
      const { text, reason } = event;
      return withEntries(
        state,
        edit(state.entries, 'agent', event.item_id, (entry) => ({
          ...entry,
          skipped: [...entry.skipped, { text, reason }],
        })),
      );
    }
    case 'vivavoce.engines.changed':
      return { ...state, engines: event.engines };
    case 'error':
      return failed(state, event);
    default:
      // Audio belongs to the player, the rest says nothing that is shown.
      return withEntries(state, reduceSpeech(state.entries, event));
  }
}

function withEntries(state: ChatState, entries: readonly Entry[]): ChatState {
  return entries === state.entries ? state : { ...state, entries };
}

/** An item that is in the conversation now; `isDone`: for good, and as it will stay. */
function placed(entries: readonly Entry[], item: WireItem, isDone: boolean): readonly Entry[] {
  switch (item.type) {
    case 'function_call':
      return known(entries, item.id) ? entries : append(entries, toolEntry(item, null));
    case 'function_call_output':
      return entries.map((entry) =>
        entry.kind === 'tool' && entry.callId === item.call_id ? { ...entry, output: item.output } : entry,
      );
    case 'message':
      break;
  }
  if (item.role === 'system') return entries;
  if (item.role === 'user') return placeUserItem(entries, item, isDone);
  const there = known(entries, item.id) ? entries : append(entries, agentEntry({ id: item.id }));
  if (!isDone) return there;
  return edit(there, 'agent', item.id, (entry) => ({ ...entry, text: textOf(item), status: item.status }));
}

function begun({ entries, recall }: ChatState, responseId: string, item: WireItem): readonly Entry[] {
  if (known(entries, item.id)) return entries;
  if (item.type === 'message') {
    const own = recall?.response_id === responseId ? recall : null;
    return append(entries, agentEntry({ id: item.id, responseId, recall: own }));
  }
  return item.type === 'function_call' ? append(entries, toolEntry(item, null)) : entries;
}

/** It is asked for after an interruption: its text is what was heard. */
function retrieved(entries: readonly Entry[], item: WireItem): readonly Entry[] {
  if (item.type !== 'message' || item.role !== 'assistant') return entries;
  const heard = textOf(item);
  return edit(entries, 'agent', item.id, (entry) => {
    if (!entry.text.startsWith(heard)) return entry;
    // The last word counts: it may be that all of it was heard after all.
    return { ...entry, heard: heard.length < entry.text.length ? heard : null };
  });
}

function ended(state: ChatState, response: WireResponse): ChatState {
  const { id, status, status_details: details, output } = response;
  const ending = endingOf(response);
  let entries = editAnswerOf(state.entries, id, (entry) => ({
    ...entry,
    status: status === 'completed' ? 'completed' : 'incomplete',
    ending,
  }));
  const problem =
    status === 'failed'
      ? (details?.error?.message ?? 'The answer could not be made.')
      : status === 'completed' && output.length === 0
        ? 'The answer was empty. Ask again, or in other words.'
        : null;
  if (problem !== null) entries = append(entries, { kind: 'problem', id: `${id}:problem`, text: problem });
  return { ...state, entries, responseId: state.responseId === id ? null : state.responseId };
}

function endingOf({ status, status_details: details }: WireResponse): AgentEntry['ending'] {
  if (details?.reason === 'turn_detected') return 'interrupted';
  if (status === 'cancelled') return 'stopped';
  return details?.reason === 'max_output_tokens' ? 'length' : null;
}

function failed(state: ChatState, { event_id: id, error }: ErrorEvent): ChatState {
  if (HARMLESS.has(error.code)) return state;
  const refused = state.entries.find(
    (entry) => entry.kind === 'user' && createEventId(entry.id) === error.event_id,
  );
  if (refused) {
    const reason = error.message;
    return withEntries(
      state,
      edit(state.entries, 'user', refused.id, (entry) => ({ ...entry, state: 'refused', reason })),
    );
  }
  const entries = append(state.entries, { kind: 'problem', id, text: error.message });
  // An answer that was asked for will not come when the asking was refused.
  return { ...state, entries, isAsked: error.event_id?.startsWith(askEventId('')) ? false : state.isAsked };
}

/** The event id of a `response.create`; `id` tells them apart. */
export function askEventId(id: string): string {
  return `ask:${id}`;
}

function known(entries: readonly Entry[], id: string): boolean {
  return entries.some((entry) => entry.id === id);
}
