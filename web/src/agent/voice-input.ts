import type { ClientEvent } from '../../../src/protocol/client-events.ts';
import type { SessionPatch } from '../../../src/protocol/session-config.ts';
import type { StorageLike } from '../api/access.ts';
import type { MicrophoneFrame } from '../audio/microphone-frames.ts';
import { encodePcm16, SAMPLE_RATE } from '../audio/pcm.ts';
import type { AgentEvent } from '../realtime/agent-event.ts';
import { Microphone, type OpenCapture } from '../voice/microphone.ts';
import { readTurnMode, type TurnMode, writeTurnMode } from './preferences.ts';
import { Value } from './value.ts';

type InputPatch = NonNullable<NonNullable<SessionPatch['audio']>['input']>;

/** 120 ms: less holds no word, and the server takes no commit of less than 100 ms. */
const FEWEST_FRAMES = 3;

/** `ending`: the button was let go, and the frame that is being filled then still belongs to it. */
type Talk = 'none' | 'talking' | 'ending';

interface Deps {
  readonly openCapture: OpenCapture;
  readonly storage: StorageLike;
  /** False when it could not be sent. */
  readonly send: (event: ClientEvent) => boolean;
  /** Sends the settings of the session. */
  readonly configure: () => void;
  /** Ends what the agent is saying. */
  readonly interrupt: () => void;
  /** Asks for an answer. */
  readonly ask: () => void;
}

/** The voice of the person: when the microphone is heard, and what is told to the server about it. */
export class VoiceInput implements Disposable {
  readonly microphone: Microphone;
  readonly mode: Value<TurnMode>;
  /** The server hears somebody speak. */
  readonly isHeard = new Value(false);
  /** The button is held (push-to-talk). */
  readonly isTalking = new Value(false);
  readonly #deps: Deps;
  #talk: Talk = 'none';
  #sentFrames = 0;
  #wasOn = false;
  /** What the session knows of it: while nothing is to come, it does not wait for more. */
  #isToldMuted = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.mode = new Value(readTurnMode(deps.storage));
    this.microphone = new Microphone({
      openCapture: deps.openCapture,
      onFrame: (frame) => this.#onFrame(frame),
    });
    this.microphone.state.subscribe(() => {
      if (!this.#isOn) this.#wentOff();
      this.#wasOn = this.#isOn;
    });
  }

  get #isOn(): boolean {
    return this.microphone.state.current.status === 'on';
  }

  /** What the session has to know; null while nobody listens. */
  get patch(): InputPatch | null {
    if (!this.#isOn) return null;
    const isManual = this.mode.current === 'push-to-talk';
    return {
      format: { type: 'audio/pcm', rate: SAMPLE_RATE },
      transcription: {},
      turn_detection: isManual
        ? null
        : { type: 'semantic_vad', eagerness: 'auto', create_response: true, interrupt_response: true },
    };
  }

  async turnOn(): Promise<void> {
    await this.microphone.open();
    if (!this.#isOn) return;
    this.#tellMuted(false);
    this.#deps.configure();
  }

  turnOff(): void {
    this.microphone.close();
  }

  /** Nothing is heard, and the microphone stays open. */
  setMuted(isMuted: boolean): void {
    if (!this.#isOn) return;
    this.microphone.setMuted(isMuted);
    this.#tellMuted(isMuted);
  }

  setMode(mode: TurnMode): void {
    if (mode === this.mode.current) return;
    this.#abandonTalk();
    this.setMuted(false);
    writeTurnMode(this.#deps.storage, mode);
    this.mode.set(mode);
    this.isHeard.set(false);
    if (this.#isOn) this.#deps.configure();
  }

  /** The button of push-to-talk goes down: what is said from now on is one message. */
  press(): void {
    if (this.mode.current !== 'push-to-talk' || !this.#isOn || this.#talk === 'talking') return;
    // Pressed again within a frame: the message goes on.
    const isNew = this.#talk === 'none';
    this.#setTalk('talking');
    if (!isNew) return;
    this.#sentFrames = 0;
    this.#deps.interrupt();
    this.#deps.send({ type: 'input_audio_buffer.clear' });
  }

  release(): void {
    if (this.#talk === 'talking') this.#setTalk('ending');
  }

  onEvent(event: AgentEvent): void {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.isHeard.set(true);
        break;
      case 'input_audio_buffer.speech_stopped':
      case 'input_audio_buffer.committed':
        this.isHeard.set(false);
        break;
      case 'error':
        // The conversation shows why.
        if (event.error.code === 'input_audio_unavailable') this.microphone.close();
        break;
    }
  }

  /** There is a new session, and it knows nothing. */
  connected(): void {
    const { current } = this.microphone.state;
    this.#isToldMuted = false;
    this.#tellMuted(current.status === 'on' && current.isMuted);
  }

  disconnected(): void {
    this.isHeard.set(false);
    this.#setTalk('none');
  }

  [Symbol.dispose](): void {
    this.microphone[Symbol.dispose]();
  }

  #onFrame({ samples }: MicrophoneFrame): void {
    if (this.mode.current === 'push-to-talk' && this.#talk === 'none') return;
    const isSent = this.#deps.send({ type: 'input_audio_buffer.append', audio: encodePcm16(samples) });
    if (isSent) this.#sentFrames++;
    if (this.#talk === 'ending') this.#finishTalk();
  }

  #finishTalk(): void {
    this.#setTalk('none');
    if (this.#sentFrames < FEWEST_FRAMES) {
      this.#deps.send({ type: 'input_audio_buffer.clear' });
      return;
    }
    this.#deps.send({ type: 'input_audio_buffer.commit' });
    this.#deps.ask();
  }

  #abandonTalk(): void {
    if (this.#talk === 'none') return;
    this.#setTalk('none');
    this.#deps.send({ type: 'input_audio_buffer.clear' });
  }

  #wentOff(): void {
    this.isHeard.set(false);
    // The last frame will not come; what was said before it was meant.
    if (this.#talk !== 'none') this.#finishTalk();
    if (this.#wasOn) this.#tellMuted(true);
  }

  #tellMuted(muted: boolean): void {
    if (muted === this.#isToldMuted) return;
    const isTold = this.#deps.send({ type: 'vivavoce.input.muted', muted });
    if (isTold) this.#isToldMuted = muted;
  }

  #setTalk(talk: Talk): void {
    this.#talk = talk;
    this.isTalking.set(talk === 'talking');
  }
}
