import type { ClientEvent } from '../../../src/protocol/client-events.ts';
import type { StorageLike } from '../api/access.ts';
import type { AudioOutput, OutputEvents, PlaybackReport, Played, Stopped } from '../audio/audio-output.ts';
import { ItemPlaces } from '../audio/item-places.ts';
import { decodePcm16 } from '../audio/pcm.ts';
import type { AgentEvent } from '../realtime/agent-event.ts';
import type { OpenChat } from './open-chat.ts';
import { readVoiceIsOn, writeVoiceIsOn } from './preferences.ts';
import { SpokenTurns } from './spoken-turns.ts';
import { Value } from './value.ts';

interface Deps {
  readonly openOutput: (events: OutputEvents) => AudioOutput;
  readonly storage: StorageLike;
  readonly chat: OpenChat;
  readonly send: (event: ClientEvent) => boolean;
}

/** The voice of the agent: what of it may be heard, and what of it was. */
export class VoiceOutput {
  readonly playback = new Value<PlaybackReport>({ state: 'idle', audibleSamples: 0 });
  readonly isOn: Value<boolean>;
  readonly #deps: Deps;
  readonly #output: AudioOutput;
  readonly #turns = new SpokenTurns();
  readonly #places = new ItemPlaces();
  #told: Played | null = null;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.isOn = new Value(readVoiceIsOn(deps.storage));
    this.#output = deps.openOutput({
      onChange: (report) => this.playback.set(report),
      onPlayed: (played) => {
        const { itemId, playedMs } = played;
        this.#tell({ ...played, playedMs: this.#places.placeMs(itemId, playedMs) });
      },
    });
  }

  /** To be attached to a `response.create`, so that its answer may be heard. */
  get metadata(): Record<string, string> {
    return this.#turns.metadata;
  }

  /** Lets the browser make sound: to be called on a gesture of the person. */
  unlock(): void {
    if (this.isOn.current) this.#output.unlock();
  }

  /** How loud it is at this moment, 0 to 1. */
  level(): number {
    return this.#output.level();
  }

  /** Whoever turns the voice off reads on: it falls silent and nothing is cancelled. */
  setOn(isOn: boolean): void {
    writeVoiceIsOn(this.#deps.storage, isOn);
    this.isOn.set(isOn);
    if (!isOn) this.hush();
  }

  /** Silence; audio of everything that was asked for before is dropped when it comes. */
  hush(): Stopped[] {
    this.#turns.next();
    return this.#stop();
  }

  /** Tells the server what was heard of what was stopped. `activeItems`: those of which more is being made. */
  truncate(stopped: readonly Stopped[], activeItems: ReadonlySet<string>): void {
    for (const { itemId, playedMs, isCut } of stopped) {
      if (!isCut && !activeItems.has(itemId)) continue;
      this.#deps.send({
        type: 'conversation.item.truncate',
        item_id: itemId,
        content_index: 0,
        audio_end_ms: playedMs,
      });
    }
  }

  onEvent(event: AgentEvent): void {
    switch (event.type) {
      case 'response.created':
        this.#turns.begun(event.response.id, event.response.metadata);
        break;
      case 'response.output_audio.delta':
        if (this.isOn.current && this.#turns.mayBeHeard(event.response_id, event.item_id)) {
          const samples = decodePcm16(event.delta);
          this.#places.added(event.item_id, samples.length, event.audio_offset_ms);
          this.#output.play(event.item_id, samples);
        }
        break;
      case 'response.done':
        this.#turns.ended(event.response.id);
        break;
      case 'vivavoce.output.ducked':
        this.#output.duck();
        break;
      case 'vivavoce.output.resumed':
        this.#output.resume();
        break;
      case 'input_audio_buffer.speech_started':
        this.#interrupt();
        break;
    }
  }

  /** Nobody will say any more whether it goes on. */
  disconnected(): void {
    this.#output.resume();
    this.#told = null;
  }

  /** The server has not heard meanwhile how far it is, and may wait for that. */
  resumed(): void {
    if (this.#told) this.#tell(this.#told);
  }

  #tell(played: Played): void {
    this.#told = played;
    this.#deps.send({
      type: 'vivavoce.playback.reported',
      item_id: played.itemId,
      audio_played_ms: played.playedMs,
      is_playing: played.isPlaying,
    });
  }

  /** Silence; what was heard of each item, as places in its audio. */
  #stop(): Stopped[] {
    const stopped = this.#output.stop().map((item) => ({
      ...item,
      playedMs: this.#places.placeMs(item.itemId, item.playedMs),
    }));
    this.#places.clear();
    return stopped;
  }

  /**
   * Somebody speaks up: silence first, then the server learns how far it got. What the server makes without having
   * been interrupted may still be heard, so this is about items and not about the whole turn.
   */
  #interrupt(): void {
    const stopped = this.#stop();
    const activeItems = this.#deps.chat.activeItems();
    const isOver = ({ itemId, isCut }: Stopped) => !isCut && !activeItems.has(itemId);
    this.#turns.interrupted(stopped.filter((item) => !isOver(item)).map(({ itemId }) => itemId));
    this.truncate(stopped, activeItems);
  }
}
