import type { ClientEvent } from '../../../src/protocol/client-events.ts';
import type { AgentEvent } from './agent-event.ts';

/** A client event that can be sent twice: the server takes each id of a session once. */
export type NamedEvent = ClientEvent & { readonly event_id: string };

/**
 * What was sent and may not have arrived, oldest first. The server takes events in their order, so an answer to one
 * says that those before it are there too: also those that have no answer of their own.
 */
export class Unanswered {
  #events: NamedEvent[] = [];

  get all(): readonly NamedEvent[] {
    return this.#events;
  }

  add(event: NamedEvent): void {
    this.#events.push(event);
  }

  heard(event: AgentEvent): void {
    const index = this.#events.findIndex((sent) => isAnswer(sent, event));
    if (index !== -1) this.#events = this.#events.slice(index + 1);
  }
}

/** Whether `event` cannot have come without `sent`. When in doubt it is not: sent once more it does no harm. */
function isAnswer(sent: NamedEvent, event: AgentEvent): boolean {
  if (event.type === 'error') return event.error.event_id === sent.event_id;
  switch (sent.type) {
    case 'session.update':
      return event.type === 'session.updated';
    case 'conversation.item.create':
      return event.type === 'conversation.item.added' && event.item.id === sent.item.id;
    case 'conversation.item.retrieve':
      return event.type === 'conversation.item.retrieved' && event.item.id === sent.item_id;
    case 'conversation.item.delete':
      return event.type === 'conversation.item.deleted' && event.item_id === sent.item_id;
    case 'conversation.item.truncate':
      // The server truncates by itself too, at other places.
      return (
        event.type === 'conversation.item.truncated' &&
        event.item_id === sent.item_id &&
        event.audio_end_ms === sent.audio_end_ms
      );
    case 'response.create':
      // One that the server begins by itself has no metadata.
      return (
        event.type === 'response.created' && sameWords(event.response.metadata, sent.response?.metadata ?? {})
      );
    case 'response.cancel':
      return (
        event.type === 'response.done' &&
        event.response.status_details?.reason === 'client_cancelled' &&
        (sent.response_id ?? event.response.id) === event.response.id
      );
    case 'input_audio_buffer.commit':
      return event.type === 'input_audio_buffer.committed';
    case 'input_audio_buffer.clear':
      return event.type === 'input_audio_buffer.cleared';
    default:
      return false;
  }
}

function sameWords(one: Record<string, string> | null, other: Record<string, string>): boolean {
  const names = Object.keys(other);
  return one !== null && Object.keys(one).length === names.length && names.every((n) => one[n] === other[n]);
}
