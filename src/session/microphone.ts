import type { MessageItem } from '../conversation/item.ts';
import { VivavoceError } from '../errors.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import { bytesPerSecond } from '../speech/audio/input-format.ts';
import type { AgentSide } from './agent-side.ts';
import { EchoGate } from './echo-gate.ts';
import { Floor } from './floor.ts';
import type { Hearing } from './hearing.ts';
import { Listener } from './listener.ts';
import type { Playhead } from './playhead.ts';
import { transcribeRecording } from './recorded-speech.ts';

type FloorOptions = ConstructorParameters<typeof Floor>[0];

/** How long a session that ends waits for what its recogniser still has to say. */
const LAST_WORDS_MS = 1_000;

interface Options extends Omit<FloorOptions, 'speculates' | 'agent'> {
  readonly ids: ConstructorParameters<typeof Listener>[0]['ids'];
  readonly hearing: Hearing;
  readonly sendsLate: boolean;
  readonly playhead: Playhead;
  readonly agent: AgentSide;
  /** Somebody has begun to speak, or has ended. */
  readonly onStirred: () => void;
}

/** The ear of a session. It costs nothing until the first audio comes. */
export class Microphone implements AsyncDisposable {
  readonly #options: Options;
  readonly #floor: Floor;
  readonly #gate: EchoGate;
  #listener: Listener | null = null;
  #hasSaidWhyNot = false;
  #isMuted = false;
  readonly #closed = new AbortController();

  constructor(options: Options) {
    this.#options = options;
    this.#floor = new Floor({ ...options, speculates: options.hearing.speculates });
    this.#gate = new EchoGate(options.clock, options.playhead);
  }

  /** Somebody is speaking at this moment. */
  get isHearing(): boolean {
    return this.#listener?.utterance != null;
  }

  /** Audio received so far, milliseconds. */
  get heardMs(): number {
    return this.#listener?.heardMs ?? 0;
  }

  /** @throws VivavoceError `invalid_request` when it is no audio, or when nothing can be heard here: that once. */
  append(audio: string): void {
    const unavailable = this.#options.hearing.unavailable();
    if (unavailable !== null && !this.#listener) {
      // Fifty of these come in a second.
      if (this.#hasSaidWhyNot) return;
      this.#hasSaidWhyNot = true;
      throw new VivavoceError('invalid_request', unavailable, {
        param: 'audio',
        wireCode: 'input_audio_unavailable',
      });
    }
    this.#listener ??= this.#open();
    this.#listener.append(audio);
  }

  /** @throws VivavoceError when there is nothing to commit. */
  commit(): void {
    if (this.#listener) {
      this.#listener.commit();
      return;
    }
    const why = this.#options.hearing.unavailable();
    throw new VivavoceError('invalid_request', `There is no audio to commit.${why ? ` ${why}` : ''}`, {
      wireCode: 'input_audio_buffer_commit_empty',
    });
  }

  /** Calls `run` behind commits and clears whose audio is still on its way in; now, when there are none. */
  afterCommits(run: () => void): void {
    if (this.#listener) this.#listener.afterCommits(run);
    else run();
  }

  /** Finds the words of a recording that came as an item. Resolves when the item has them, or never will. */
  async transcribe(item: MessageItem, audio: Uint8Array): Promise<void> {
    const { hearing, conversation, config } = this.#options;
    const { format, transcription } = config().audio.input;
    const request = {
      language: transcription?.language ?? hearing.language,
      prompt: transcription?.prompt ?? null,
      speaker: conversation.id,
    };
    const words = transcribeRecording(audio, format, hearing, request, this.#closed.signal);
    const seconds = audio.length / bytesPerSecond(format);
    await this.#floor.wordsOf(item, seconds, words);
  }

  clear(): void {
    const tell = () => this.#options.outbox.send({ type: 'input_audio_buffer.cleared' });
    if (this.#listener) this.#listener.clear(tell);
    else tell();
  }

  mute(muted: boolean): void {
    this.#isMuted = muted;
    this.#listener?.mute(muted);
  }

  /** The client is back, with what it has heard in the meantime. */
  cameBack(): void {
    this.#listener?.cameBack();
  }

  /** A reply has ended. */
  agentIsFree(): void {
    this.#floor.agentIsFree();
  }

  /** The session's settings have changed. */
  configure(input: WireRealtimeSession['audio']['input']): void {
    this.#floor.changed();
    this.#listener?.configure(input);
  }

  /** The conversation has changed by other means than speech. */
  conversationChanged(): void {
    this.#floor.changed();
  }

  /** What is audible of the agent has changed. */
  echoChanged(): void {
    this.#gate.changed();
  }

  /** Ends what is being said and waits a little for the words that are missing, so that they are kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener?.finish();
    const late = Promise.withResolvers<void>();
    using _deadline = this.#options.clock.after(LAST_WORDS_MS, late.resolve);
    await Promise.race([this.#floor.close(), late.promise]);
    this.#closed.abort(new VivavoceError('cancelled', 'the session has ended'));
    this.#listener?.[Symbol.dispose]();
  }

  #open(): Listener {
    const { clock, ids, hearing, sendsLate, conversation, config, onStirred } = this.#options;
    const floor = this.#floor;
    const listener = new Listener({
      ...{ clock, ids, hearing, sendsLate },
      speaker: conversation.id,
      input: config().audio.input,
      isEchoing: () => config().audio.input.half_duplex === true && this.#gate.isClosed,
      events: {
        begun: (utterance) => {
          onStirred();
          floor.begun(utterance);
        },
        progressed: (utterance) => floor.progressed(utterance),
        understood: (utterance, text) => floor.understood(utterance, text),
        wentOn: (utterance) => floor.wentOn(utterance),
        ended: (utterance, transcript, isCommitted) => {
          onStirred();
          floor.ended(utterance, transcript, isCommitted);
        },
        dropped: (utterance) => {
          onStirred();
          floor.dropped(utterance);
        },
        failed: (error) => floor.failed(error),
      },
    });
    listener.mute(this.#isMuted);
    return listener;
  }
}
