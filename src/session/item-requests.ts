import type { Clock, IdSource } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { Item } from '../conversation/item.ts';
import type { Placement } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import type { ClientEvent } from '../protocol/client-events.ts';
import type { WireItem } from '../protocol/wire-item.ts';
import { errorEvent } from './error-event.ts';
import { type SpokenReply, truncateToHeard } from './heard.ts';
import type { Outgoing } from './outgoing.ts';
import { fromClientItem, toWireItem } from './wire-item.ts';

type Event<Type extends ClientEvent['type']> = Extract<ClientEvent, { type: Type }>;

/** What a client does with the items of its conversation. */
export class ItemRequests {
  readonly #conversation: Conversation;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #spoken: (itemId: string) => SpokenReply | null;

  /** @param spoken where the words of a reply are in its audio, as long as that is known */
  constructor(
    conversation: Conversation,
    clock: Clock,
    ids: IdSource,
    spoken: (itemId: string) => SpokenReply | null,
  ) {
    this.#conversation = conversation;
    this.#clock = clock;
    this.#ids = ids;
    this.#spoken = spoken;
  }

  /**
   * Puts an item into the conversation at once; `durable` resolves when it is stored. `isRecorded`: its words are
   * still to be found in its audio.
   *
   * @throws VivavoceError when it is empty, its id is taken, or the item to follow is not there.
   */
  create(
    { item: given, previous_item_id: previous }: Event<'conversation.item.create'>,
    { isRecorded }: { isRecorded: boolean },
  ): {
    stored: Item;
    item: WireItem;
    previousId: string | null;
    durable: Promise<void>;
  } {
    const item = fromClientItem(given, {
      id: this.#ids.next('item'),
      callId: this.#ids.next('call'),
      createdAtMs: this.#clock.nowMs(),
    });
    if (!isRecorded) refuseEmpty(item);
    const placement: Placement = !previous ? 'end' : previous === 'root' ? 'root' : { after: previous };
    const durable = this.#conversation.add(item, placement);
    return {
      stored: item,
      item: toWireItem(item),
      previousId: this.#conversation.previousIdOf(item.id),
      durable,
    };
  }

  async retrieve({ item_id: id, event_id: eventId }: Event<'conversation.item.retrieve'>): Promise<Outgoing> {
    const item = await this.#conversation.find(id);
    if (item) return { type: 'conversation.item.retrieved', item: toWireItem(item) };
    return errorEvent(noSuchItem(id, 'item_retrieve_invalid_item_id'), eventId ?? null);
  }

  async delete({ item_id: id, event_id: eventId }: Event<'conversation.item.delete'>): Promise<Outgoing> {
    if (await this.#conversation.remove(id)) return { type: 'conversation.item.deleted', item_id: id };
    return errorEvent(noSuchItem(id, 'item_delete_invalid_item_id'), eventId ?? null);
  }

  /** Keeps of a spoken reply what was heard of it. */
  async truncate(event: Event<'conversation.item.truncate'>): Promise<Outgoing> {
    const { item_id: id, content_index: contentIndex, audio_end_ms: endMs, event_id: eventId } = event;
    const item = await this.#conversation.find(id);
    if (!item) return errorEvent(noSuchItem(id, 'item_truncate_invalid_item_id'), eventId ?? null);
    if (item.type !== 'message' || item.content[contentIndex]?.type !== 'output_audio') {
      const message = `Item ${id} has no audio at content_index ${contentIndex}.`;
      return errorEvent(
        new VivavoceError('invalid_request', message, { param: 'content_index' }),
        eventId ?? null,
      );
    }
    const truncated = truncateToHeard(item, this.#spoken(id), endMs);
    await this.#conversation.replace(truncated.item);
    return {
      type: 'conversation.item.truncated',
      item_id: id,
      content_index: contentIndex,
      audio_end_ms: truncated.audioEndMs,
    };
  }
}

function refuseEmpty(item: Item): void {
  if (item.type !== 'message') return;
  const refuse = (message: string) => {
    throw new VivavoceError('invalid_request', message, { param: 'item.content' });
  };
  if (item.content.every((part) => 'text' in part && part.text.trim() === '')) {
    refuse('The message is empty; put some text into item.content.');
  }
  if (item.content.some((part) => part.type === 'input_audio' && part.transcript === null)) {
    refuse('The message has neither audio nor a transcript; send one of them.');
  }
}

function noSuchItem(id: string, wireCode: string): VivavoceError {
  return new VivavoceError('not_found', `There is no item ${id} in this conversation.`, {
    param: 'item_id',
    wireCode,
  });
}
