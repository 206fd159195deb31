import type { ServerEvent, ServerEventOf } from '../../src/protocol/server-events.ts';

interface Speech {
  readonly startMs: number | null;
  isStopped: boolean;
  isCommitted: boolean;
  isAnItem: boolean;
  /** What the transcription's deltas say so far. */
  transcript: string;
  isTranscribed: boolean;
}

/**
 * Watches what a connection tells of what a person says: one item id from its first sound to its transcript, each step
 * once and in its turn, one person at a time.
 */
export class InputAudioOrder {
  readonly #speeches = new Map<string, Speech>();
  #problems: string[] = [];

  /** What is wrong with the next event; nothing, mostly. */
  check(event: ServerEvent): readonly string[] {
    this.#problems = [];
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.#started(event);
        break;
      case 'input_audio_buffer.speech_stopped':
        this.#stopped(event);
        break;
      case 'input_audio_buffer.committed':
        this.#committed(event);
        break;
      case 'input_audio_buffer.cleared':
        // Whoever was speaking has said nothing.
        for (const speech of this.#open()) speech.isStopped = true;
        break;
      case 'conversation.item.added':
        this.#added(event);
        break;
      case 'conversation.item.input_audio_transcription.delta':
      case 'conversation.item.input_audio_transcription.completed':
      case 'conversation.item.input_audio_transcription.failed':
        this.#transcribed(event);
        break;
    }
    return this.#problems.map((problem) => `${event.type} ${problem}`);
  }

  #started({ item_id: id, audio_start_ms: startMs }: ServerEventOf<'input_audio_buffer.speech_started'>) {
    this.#require(!this.#speeches.has(id), `repeats the item ${id}`);
    this.#require(this.#open().length === 0, 'comes while somebody speaks');
    this.#require(Number.isInteger(startMs) && startMs >= 0, `is at ${startMs}`);
    this.#speeches.set(id, newSpeech(startMs));
  }

  #stopped({ item_id: id, audio_end_ms: endMs }: ServerEventOf<'input_audio_buffer.speech_stopped'>) {
    const speech = this.#speeches.get(id);
    this.#require(speech !== undefined, `comes before speech_started of ${id}`);
    this.#require(!speech?.isStopped, 'comes twice');
    this.#require(Number.isInteger(endMs) && endMs >= (speech?.startMs ?? 0), `is at ${endMs}`);
    if (speech) speech.isStopped = true;
  }

  #committed({ item_id: id }: ServerEventOf<'input_audio_buffer.committed'>) {
    const speech = this.#speeches.get(id) ?? newSpeech(null);
    this.#speeches.set(id, speech);
    this.#require(speech.isStopped || speech.startMs === null, 'comes before speech_stopped');
    this.#require(!speech.isCommitted, 'comes twice');
    speech.isCommitted = true;
  }

  #added({ item }: ServerEventOf<'conversation.item.added'>) {
    const speech = this.#speeches.get(item.id);
    if (!speech) return;
    this.#require(speech.isCommitted, 'comes before committed');
    this.#require(
      item.type === 'message' && item.role === 'user' && item.content[0]?.type === 'input_audio',
      'is not what somebody has said',
    );
    speech.isAnItem = true;
  }

  #transcribed(
    event: Extract<ServerEvent, { type: `conversation.item.input_audio_transcription.${string}` }>,
  ) {
    const speech = this.#speeches.get(event.item_id);
    // A recording that came as an item has a transcription too.
    if (!speech) return;
    this.#require(speech.isAnItem, 'comes before conversation.item.added');
    this.#require(!speech.isTranscribed, 'comes after the transcription was done');
    if (event.type === 'conversation.item.input_audio_transcription.delta') {
      speech.transcript += event.delta;
      return;
    }
    speech.isTranscribed = true;
    if (event.type === 'conversation.item.input_audio_transcription.failed') return;
    this.#require(event.transcript === speech.transcript, 'says something else than was streamed');
  }

  #open(): Speech[] {
    return [...this.#speeches.values()].filter(({ startMs, isStopped }) => startMs !== null && !isStopped);
  }

  #require(holds: boolean, otherwise: string): void {
    if (!holds) this.#problems.push(otherwise);
  }
}

function newSpeech(startMs: number | null): Speech {
  return {
    startMs,
    isStopped: false,
    isCommitted: false,
    isAnItem: false,
    transcript: '',
    isTranscribed: false,
  };
}
