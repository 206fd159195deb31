import type { ClientEvent } from '../../../src/protocol/client-events.ts';
import type { AgentEvent } from './agent-event.ts';

/** A client event that can be sent twice: the server takes each id of a session once. */
export type NamedEvent = ClientEvent & { readonly event_id: string };

/** A minute of speech as base64: as long as a session waits for its client. */
const MAX_SPEECH_CHARS = 60 * 64_000;

/** In the order in which it was sent. */
interface Sent<Event extends NamedEvent = NamedEvent> {
  readonly place: number;
  readonly event: Event;
}

type Speech = Extract<NamedEvent, { type: 'input_audio_buffer.append' }>;

/**
 * What was sent and may not have arrived, oldest first. The server takes events in their order, so an answer to one
 * says that those before it are there too: also those that have no answer of their own, as speech.
 */
export class Unanswered {
  #events: Sent[] = [];
  /** Apart from the others: there is a lot of it, and nothing is an answer to it. */
  #speech: Sent<Speech>[] = [];
  #speechChars = 0;
  #count = 0;

  get all(): readonly NamedEvent[] {
    return [...this.#events, ...this.#speech]
      .sort((one, other) => one.place - other.place)
      .map(({ event }) => event);
  }

  add(event: NamedEvent): void {
    const place = this.#count++;
    if (event.type !== 'input_audio_buffer.append') {
      this.#events.push({ place, event });
      return;
    }
    this.#speech.push({ place, event });
    this.#speechChars += event.audio.length;
    while (this.#speechChars > MAX_SPEECH_CHARS) this.#forgetSpeech();
  }

  heard(event: AgentEvent): void {
    this.#arrived(this.#events.find(({ event: sent }) => isAnswer(sent, event)));
  }

  /** The server has this one, and so all before it. Null, and one that is not kept any more, say nothing new. */
  arrived(id: string | null): void {
    this.#arrived([...this.#events, ...this.#speech].find(({ event }) => event.event_id === id));
  }

  #arrived(last: Sent | undefined): void {
    if (!last) return;
    this.#events = this.#events.filter(({ place }) => place > last.place);
    while (this.#speech[0] && this.#speech[0].place <= last.place) this.#forgetSpeech();
  }

  #forgetSpeech(): void {
    const oldest = this.#speech.shift();
    this.#speechChars -= oldest?.event.audio.length ?? 0;
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
    case 'input_audio_buffer.clear':
      return event.type === 'input_audio_buffer.cleared';
    default:
      // To a commit neither: the server commits turns that it finds by itself, and may tell of them late.
      return false;
  }
}

function sameWords(one: Record<string, string> | null, other: Record<string, string>): boolean {
  const names = Object.keys(other);
  return one !== null && Object.keys(one).length === names.length && names.every((n) => one[n] === other[n]);
}
