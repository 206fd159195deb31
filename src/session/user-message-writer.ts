import type { Clock } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { MessageItem } from '../conversation/item.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import type { Transcript } from '../speech/stt/transcriber.ts';
import { errorEvent } from './error-event.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { withWords } from './recorded-speech.ts';
import { userAudioItem } from './user-item.ts';
import { transcriptionError, type UserUtterance } from './user-utterance.ts';
import { toWireItem } from './wire-item.ts';

interface Options {
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly outbox: Outbox<Outgoing>;
  readonly config: () => WireRealtimeSession;
}

/** What somebody has said, on the wire and in the store. */
export class UserMessageWriter {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Players stop at this, so it does not wait for the disk. */
  started({ itemId, startMs }: UserUtterance): void {
    this.#options.outbox.sendNow({
      type: 'input_audio_buffer.speech_started',
      item_id: itemId,
      audio_start_ms: Math.round(startMs),
    });
  }

  stopped({ itemId, endMs }: UserUtterance): void {
    this.#options.outbox.send({
      type: 'input_audio_buffer.speech_stopped',
      item_id: itemId,
      audio_end_ms: Math.round(endMs),
    });
  }

  /** What has been understood so far, for clients that listen to our own events. */
  partial({ itemId }: UserUtterance, text: string): void {
    this.#options.outbox.sendNow({ type: 'vivavoce.transcript.partial', item_id: itemId, text });
  }

  /** The agent's voice is to be held while it is found out who speaks. */
  ducked(utterance: UserUtterance): void {
    utterance.isDucked = true;
    this.#options.outbox.sendNow({ type: 'vivavoce.output.ducked', item_id: utterance.itemId });
  }

  /** It was nothing; only to be told to those who were told to hold it. */
  resumed(utterance: UserUtterance): void {
    if (!utterance.isDucked) return;
    utterance.isDucked = false;
    this.#options.outbox.sendNow({ type: 'vivavoce.output.resumed', item_id: utterance.itemId });
  }

  /** The words are known: they become an item with their transcript. False when there is no conversation any more. */
  commit(utterance: UserUtterance, text: string): boolean {
    if (!this.#add(utterance.itemId, text)) return false;
    this.#tellTranscript(utterance.itemId, utterance.seconds, text);
    return true;
  }

  /** It was said and nobody knows what. False when there is no conversation any more. */
  commitFailed(utterance: UserUtterance, error: unknown): boolean {
    if (!this.#add(utterance.itemId, null)) return false;
    this.#tellFailed(utterance.itemId, error);
    return true;
  }

  /** It becomes an item at once, because the client wants it, and its words follow. */
  async commitUnheard(
    utterance: UserUtterance,
    transcript: Promise<Transcript>,
    onFailed: (error: unknown) => void,
  ): Promise<void> {
    const item = this.#add(utterance.itemId, null);
    if (!item) return;
    const seconds = () => utterance.seconds;
    await this.wordsOf(item, seconds, transcript, onFailed);
  }

  /**
   * Gives an item its words when they are known. Resolves then, or when nobody will know them: `onFailed` gets the
   * reason.
   */
  async wordsOf(
    item: MessageItem,
    seconds: () => number,
    transcript: Promise<Transcript>,
    onFailed: (error: unknown) => void,
  ): Promise<void> {
    const { conversation } = this.#options;
    try {
      const text = (await transcript).text.trim();
      const durable = conversation.replace(withWords(item, text));
      this.#tellTranscript(item.id, seconds(), text, durable);
      await durable;
    } catch (error) {
      this.#tellFailed(item.id, error);
      onFailed(error);
    }
  }

  #add(itemId: string, text: string | null): MessageItem | null {
    const { conversation, outbox, clock } = this.#options;
    const item = userAudioItem(itemId, text, clock.nowMs());
    let durable: Promise<void>;
    try {
      durable = conversation.add(item);
    } catch (error) {
      // It was deleted under the session.
      outbox.send(errorEvent(error, null));
      return null;
    }
    const placed = { item: toWireItem(item), previous_item_id: conversation.previousIdOf(itemId) };
    outbox.send({
      type: 'input_audio_buffer.committed',
      item_id: itemId,
      previous_item_id: placed.previous_item_id,
    });
    outbox.send({ type: 'conversation.item.added', ...placed });
    outbox.send({ type: 'conversation.item.done', ...placed }, { after: durable });
    return item;
  }

  /** Only to clients that asked for transcripts. */
  #tellTranscript(itemId: string, seconds: number, text: string, durable = Promise.resolve()): void {
    const { outbox, config } = this.#options;
    if (!config().audio.input.transcription) return;
    const place = { item_id: itemId, content_index: 0 };
    if (text !== '') {
      outbox.send({ type: 'conversation.item.input_audio_transcription.delta', ...place, delta: text });
    }
    outbox.send(
      {
        type: 'conversation.item.input_audio_transcription.completed',
        ...place,
        transcript: text,
        usage: { type: 'duration', seconds },
      },
      { after: durable },
    );
  }

  /** To everybody: without it a person waits for an answer that does not come. */
  #tellFailed(itemId: string, error: unknown): void {
    this.#options.outbox.send({
      type: 'conversation.item.input_audio_transcription.failed',
      item_id: itemId,
      content_index: 0,
      error: transcriptionError(error),
    });
  }
}
