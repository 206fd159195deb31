import type { Clock } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { ItemStatus, MessageItem } from '../conversation/item.ts';
import { AudioTimeline } from './audio-timeline.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import type { SpokenFrame } from './speaker.ts';
import { toWireItem } from './wire-item.ts';

interface Deps {
  readonly outbox: Outbox<Outgoing>;
  readonly clock: Clock;
  /** Null for a response that belongs to no conversation: nothing of it is stored. */
  readonly conversation: Conversation | null;
  readonly responseId: string;
  readonly itemId: string;
  readonly outputIndex: number;
  readonly modality: 'text' | 'audio';
  /** Whether audio tells where in the item's audio it begins. */
  readonly saysOffsets: boolean;
  /** Called when something of the message could not be stored. */
  readonly onStoreFailed: (error: unknown) => void;
}

/** What became of a frame. */
interface AudioOutcome {
  /** It has been handed to the socket. */
  readonly onSent: () => void;
  /** Nobody was there to take it. */
  readonly onLost: () => void;
}

/**
 * One spoken or written message of a response, on the wire and in the store.
 *
 * Writes are ordered as people depend on them: the item exists before its words leave, a sentence is durable before
 * its first frame leaves, and the item is durable as it ended before anybody is told that it has ended.
 */
export class MessageWriter {
  readonly timeline = new AudioTimeline();
  readonly #deps: Deps;
  readonly #createdAtMs: number;
  #generated = '';
  #sent = '';
  #saved: Promise<void>;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#createdAtMs = deps.clock.nowMs();
    const { outbox, conversation, outputIndex, responseId, itemId, modality } = deps;
    const item = this.#item('in_progress');
    this.#saved = this.#watched(conversation?.add(item));
    const wire = toWireItem({ ...item, content: [] });
    outbox.send({
      type: 'response.output_item.added',
      response_id: responseId,
      output_index: outputIndex,
      item: wire,
    });
    if (conversation) {
      outbox.send({
        type: 'conversation.item.added',
        item: wire,
        previous_item_id: conversation.previousIdOf(itemId),
      });
    }
    outbox.send({
      type: 'response.content_part.added',
      ...this.#place(),
      part: modality === 'audio' ? { type: 'audio', transcript: '' } : { type: 'text', text: '' },
    });
  }

  get generated(): string {
    return this.#generated;
  }

  /** The words, as the model writes them. */
  text(delta: string): void {
    const { outbox, responseId, modality } = this.#deps;
    this.#generated += delta;
    outbox.send(
      {
        type: modality === 'audio' ? 'response.output_audio_transcript.delta' : 'response.output_text.delta',
        ...this.#place(),
        delta,
      },
      {
        stream: responseId,
        onSent: () => {
          this.#sent += delta;
        },
      },
    );
  }

  /** A sentence is complete: it becomes durable, and audio that is sent later waits for that. */
  sentenceEnded(): void {
    const { conversation } = this.#deps;
    if (!conversation) return;
    this.#saved = this.#watched(conversation.replace(this.#item('in_progress')));
  }

  /**
   * A frame of audio, as `bytes` in the client's format. It has its place in the item's audio also when it is lost, because
   * the client's connection is.
   */
  audio(frame: SpokenFrame, bytes: Uint8Array, { onSent, onLost }: AudioOutcome): void {
    this.#sendAudio(bytes, frame.isFirst ? this.#saved : null, {
      onSent: () => {
        this.timeline.add(frame);
        if (bytes.length > 0) onSent();
      },
      onLost: () => {
        this.timeline.add(frame);
        onLost();
      },
    });
  }

  /** A frame that is passed over: it has its place, and nobody gets it. */
  skip(frame: SpokenFrame, onSkipped: () => void): void {
    this.#deps.outbox.afterAll(this.#deps.responseId, () => {
      this.timeline.add(frame);
      onSkipped();
    });
  }

  /** What the encoder still held when the last frame had gone. */
  audioTail(bytes: Uint8Array): void {
    this.#sendAudio(bytes, null, { onSent: () => undefined, onLost: () => undefined });
  }

  #sendAudio(bytes: Uint8Array, after: Promise<void> | null, outcome: AudioOutcome): void {
    const { outbox, responseId: stream, saysOffsets } = this.#deps;
    if (bytes.length === 0) {
      outbox.afterAll(stream, outcome.onSent);
      return;
    }
    const delta = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    const event = { type: 'response.output_audio.delta' as const, ...this.#place(), delta };
    // Where it begins is known when all before it has left.
    const placed = () => ({ ...event, audio_offset_ms: Math.round(this.timeline.sentMs) });
    outbox.send(saysOffsets ? placed : event, { stream, ...outcome, ...(after && { after }) });
  }

  /**
   * Closes the message; the item as it ended, and the promise that it is durable. `isCut`: what had not left yet was discarded, so the item
   * holds what did.
   */
  end(
    status: Exclude<ItemStatus, 'in_progress'>,
    { isCut }: { isCut: boolean },
  ): { item: MessageItem; durable: Promise<void> } {
    const { outbox, conversation, modality, outputIndex, responseId, itemId } = this.#deps;
    const item = this.#item(status, isCut ? this.#sent : this.#generated);
    const durable = conversation?.replace(item) ?? Promise.resolve();
    const text = item.reply?.sent ?? '';
    if (modality === 'audio') {
      outbox.send({ type: 'response.output_audio.done', ...this.#place() });
      outbox.send({ type: 'response.output_audio_transcript.done', ...this.#place(), transcript: text });
    } else outbox.send({ type: 'response.output_text.done', ...this.#place(), text });
    outbox.send({
      type: 'response.content_part.done',
      ...this.#place(),
      part: modality === 'audio' ? { type: 'audio', transcript: text } : { type: 'text', text },
    });
    const wire = toWireItem(item);
    outbox.send({
      type: 'response.output_item.done',
      response_id: responseId,
      output_index: outputIndex,
      item: wire,
    });
    if (conversation) {
      outbox.send(
        { type: 'conversation.item.done', item: wire, previous_item_id: conversation.previousIdOf(itemId) },
        { after: durable },
      );
    }
    return { item, durable };
  }

  #watched(write: Promise<void> = Promise.resolve()): Promise<void> {
    write.catch(this.#deps.onStoreFailed);
    return write;
  }

  #place() {
    const { responseId, itemId, outputIndex } = this.#deps;
    return { response_id: responseId, item_id: itemId, output_index: outputIndex, content_index: 0 };
  }

  #item(status: ItemStatus, sent = this.#generated): MessageItem {
    const { itemId, responseId, modality } = this.#deps;
    return {
      id: itemId,
      type: 'message',
      role: 'assistant',
      status,
      createdAtMs: this.#createdAtMs,
      responseId,
      content: [
        modality === 'audio'
          ? { type: 'output_audio', transcript: sent }
          : { type: 'output_text', text: sent },
      ],
      reply: { generated: this.#generated, sent, heard: null },
    };
  }
}
