import { isDeepStrictEqual } from 'node:util';
import type { ServerEvent, ServerEventOf } from '../../src/protocol/server-events.ts';
import type { WireItem } from '../../src/protocol/wire-item.ts';

interface Part {
  readonly type: 'text' | 'audio';
  /** What the deltas say so far. */
  text: string;
  isTextDone: boolean;
  isAudioDone: boolean;
  isDone: boolean;
}

interface Output {
  readonly id: string;
  readonly index: number;
  readonly parts: Part[];
  arguments: string;
  /** The item as `response.output_item.done` told it. */
  done: WireItem | null;
}

interface RunningResponse {
  readonly conversationId: string | null;
  readonly metadata: unknown;
  readonly outputs: Output[];
  isDone: boolean;
}

interface Options {
  /** The beta has no `conversation.item.done`. */
  readonly hasItemDone?: boolean;
}

type PartEvent = Extract<ServerEvent, { content_index: number; response_id: string }>;
type CallEvent = ServerEventOf<
  'response.function_call_arguments.delta' | 'response.function_call_arguments.done'
>;

/**
 * Watches the events of one connection for the promises that clients rely on: every response is done once and after
 * all that belongs to it, nothing is heard of a thing before it was announced or after it was closed, ids agree, and
 * what is summed up at the end is what was streamed.
 */
export class EventOrder {
  readonly #hasItemDone: boolean;
  readonly #eventIds = new Set<string>();
  readonly #responses = new Map<string, RunningResponse>();
  readonly #items = new Map<string, { isDone: boolean }>();
  #problems: string[] = [];

  constructor({ hasItemDone = true }: Options = {}) {
    this.#hasItemDone = hasItemDone;
  }

  /** What is wrong with the next event; nothing, mostly. */
  check(event: ServerEvent): readonly string[] {
    this.#problems = [];
    this.#require(this.#eventIds.size > 0 || event.type === 'session.created', 'is not session.created');
    this.#require(!this.#eventIds.has(event.event_id), `repeats the event_id ${event.event_id}`);
    this.#eventIds.add(event.event_id);
    this.#apply(event);
    return this.#problems.map((problem) => `${event.type} ${problem}`);
  }

  /** The responses that still owe their `response.done`. */
  get unfinished(): readonly string[] {
    return [...this.#responses].filter(([, { isDone }]) => !isDone).map(([id]) => id);
  }

  #apply(event: ServerEvent): void {
    switch (event.type) {
      case 'response.created':
        this.#created(event);
        return;
      case 'response.done':
        this.#done(event);
        return;
      case 'response.output_item.added':
        this.#outputAdded(event);
        return;
      case 'response.output_item.done':
        this.#outputDone(event);
        return;
      case 'response.content_part.added':
      case 'response.content_part.done':
      case 'response.output_text.delta':
      case 'response.output_text.done':
      case 'response.output_audio.delta':
      case 'response.output_audio.done':
      case 'response.output_audio_transcript.delta':
      case 'response.output_audio_transcript.done':
        this.#part(event);
        return;
      case 'response.function_call_arguments.delta':
      case 'response.function_call_arguments.done':
        this.#call(event);
        return;
      case 'conversation.item.added':
        this.#itemAdded(event);
        return;
      case 'conversation.item.done':
        this.#itemDone(event);
        return;
      case 'conversation.item.truncated':
        this.#require(this.#items.has(event.item_id), `is about an unknown item ${event.item_id}`);
        return;
      case 'conversation.item.deleted':
        this.#require(this.#items.delete(event.item_id), `is about an unknown item ${event.item_id}`);
        return;
    }
  }

  #created({ response }: ServerEventOf<'response.created'>): void {
    this.#require(!this.#responses.has(response.id), `comes twice for ${response.id}`);
    this.#require(response.status === 'in_progress', `has the status ${response.status}`);
    this.#require(response.output.length === 0, 'has an output already');
    const { conversation_id: conversationId, metadata } = response;
    this.#responses.set(response.id, { conversationId, metadata, outputs: [], isDone: false });
  }

  #done({ response }: ServerEventOf<'response.done'>): void {
    const running = this.#running(response.id);
    if (!running) return;
    running.isDone = true;
    this.#require(response.status !== 'in_progress', 'says in_progress');
    this.#require(response.usage !== null, 'has no usage');
    this.#require(isDeepStrictEqual(response.metadata, running.metadata), 'has other metadata than at first');
    this.#require(response.conversation_id === running.conversationId, 'is of another conversation');
    const outputs = running.outputs.map((output) => output.done);
    this.#require(isDeepStrictEqual(response.output, outputs), 'sums up other items than were done');
    for (const { id } of running.outputs) {
      const isDone = this.#items.get(id)?.isDone ?? false;
      const isOwed = running.conversationId !== null && this.#hasItemDone;
      this.#require(isDone || !isOwed, `comes before conversation.item.done of ${id}`);
    }
  }

  #outputAdded({ response_id, output_index, item }: ServerEventOf<'response.output_item.added'>): void {
    const running = this.#running(response_id);
    if (!running) return;
    this.#require(output_index === running.outputs.length, `has the output_index ${output_index}`);
    this.#require(!running.outputs.some(({ id }) => id === item.id), `repeats the item ${item.id}`);
    this.#require(item.status === 'in_progress', `has the status ${item.status}`);
    running.outputs.push({ id: item.id, index: output_index, parts: [], arguments: '', done: null });
  }

  #outputDone({ response_id, output_index, item }: ServerEventOf<'response.output_item.done'>): void {
    const output = this.#output(response_id, item.id, output_index);
    if (!output) return;
    this.#require(item.status !== 'in_progress', 'says in_progress');
    this.#require(
      output.parts.every(({ isDone }) => isDone),
      'comes before content_part.done',
    );
    if (item.type === 'function_call') {
      this.#require(item.arguments === output.arguments, 'has other arguments than were streamed');
    }
    if (item.type === 'message') {
      const texts = item.content.map((part) =>
        'text' in part ? part.text : 'transcript' in part && part.transcript,
      );
      const streamed = output.parts.map(({ text }) => text);
      this.#require(isDeepStrictEqual(texts, streamed), 'says something else than was streamed');
    }
    output.done = item;
  }

  #part(event: PartEvent): void {
    const output = this.#output(event.response_id, event.item_id, event.output_index);
    if (!output) return;
    if (event.type === 'response.content_part.added') {
      this.#require(event.content_index === output.parts.length, 'skips or repeats a content_index');
      this.#isInConversation(event.response_id, event.item_id);
      const { type } = event.part;
      output.parts.push({ type, text: '', isTextDone: false, isAudioDone: type === 'text', isDone: false });
      return;
    }
    const part = output.parts[event.content_index];
    this.#require(part !== undefined, 'comes before content_part.added');
    if (!part) return;
    this.#require(!part.isDone, 'comes after content_part.done');
    const kind = event.type.includes('output_text') ? 'text' : 'audio';
    this.#require(
      event.type === 'response.content_part.done' || kind === part.type,
      `in a part of ${part.type}`,
    );
    switch (event.type) {
      case 'response.output_text.delta':
      case 'response.output_audio_transcript.delta':
        this.#require(!part.isTextDone, 'comes after the text was done');
        part.text += event.delta;
        return;
      case 'response.output_audio.delta':
        this.#require(!part.isAudioDone, 'comes after the audio was done');
        this.#require(event.delta !== '', 'is empty');
        return;
      case 'response.output_audio.done':
        part.isAudioDone = true;
        return;
      case 'response.output_text.done':
        this.#textDone(part, event.text);
        return;
      case 'response.output_audio_transcript.done':
        this.#textDone(part, event.transcript);
        return;
      case 'response.content_part.done': {
        const said = event.part.type === 'text' ? event.part.text : event.part.transcript;
        this.#require(part.isTextDone && part.isAudioDone, 'comes before the part was done');
        this.#require(said === part.text, 'says something else than was streamed');
        part.isDone = true;
        return;
      }
    }
  }

  #textDone(part: Part, text: string): void {
    this.#require(!part.isTextDone, 'comes twice');
    this.#require(text === part.text, 'says something else than was streamed');
    part.isTextDone = true;
  }

  #call(event: CallEvent): void {
    const output = this.#output(event.response_id, event.item_id, event.output_index);
    if (!output) return;
    if (event.type === 'response.function_call_arguments.delta') output.arguments += event.delta;
    else {
      this.#require(event.arguments === output.arguments, 'has other arguments than were streamed');
      this.#isInConversation(event.response_id, event.item_id);
    }
  }

  #itemAdded({ item, previous_item_id: previous }: ServerEventOf<'conversation.item.added'>): void {
    this.#require(!this.#items.has(item.id), `repeats the item ${item.id}`);
    this.#require(previous === null || this.#items.has(previous), `follows an unknown item ${previous}`);
    const response = [...this.#responses.values()].find(({ outputs }) =>
      outputs.some(({ id }) => id === item.id),
    );
    this.#require(response?.conversationId !== null, 'is of a response outside of the conversation');
    this.#items.set(item.id, { isDone: false });
  }

  #itemDone({ item }: ServerEventOf<'conversation.item.done'>): void {
    const known = this.#items.get(item.id);
    this.#require(known !== undefined, `is about an unknown item ${item.id}`);
    this.#require(!known?.isDone, 'comes twice');
    this.#require(item.status !== 'in_progress', 'says in_progress');
    const outputs = [...this.#responses.values()].flatMap((response) => response.outputs);
    const output = outputs.find(({ id }) => id === item.id);
    this.#require(output?.done !== null, 'comes before response.output_item.done');
    this.#items.set(item.id, { isDone: true });
  }

  #running(id: string): RunningResponse | null {
    const response = this.#responses.get(id);
    this.#require(response !== undefined, `comes before response.created of ${id}`);
    this.#require(!response?.isDone, `comes after response.done of ${id}`);
    return response ?? null;
  }

  #output(responseId: string, itemId: string, index: number): Output | null {
    const output = this.#running(responseId)?.outputs.find(({ id }) => id === itemId);
    this.#require(output !== undefined, `comes before output_item.added of ${itemId}`);
    this.#require(!output || output.index === index, `has the output_index ${index}`);
    this.#require(!output?.done, 'comes after output_item.done');
    return output ?? null;
  }

  /** A client looks an item up in its history as soon as it hears of its content. */
  #isInConversation(responseId: string, itemId: string): void {
    const isOutside = this.#responses.get(responseId)?.conversationId === null;
    this.#require(isOutside || this.#items.has(itemId), 'comes before conversation.item.added');
  }

  #require(holds: boolean, otherwise: string): void {
    if (!holds) this.#problems.push(otherwise);
  }
}
