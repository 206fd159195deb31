import { VivavoceError } from '../errors.ts';
import type { TurnPart } from '../graph/state.ts';
import type { SpeechChunk, SpeechRequest, Voice } from '../speech/tts/voice.ts';
import { readAhead } from './async-queue.ts';
import { type ResponseDeps, voiceNameOf } from './response-deps.ts';
import type { ResponsePlan } from './response-plan.ts';
import type { Utterance } from './speaker.ts';
import { SpokenPieces } from './spoken-pieces.ts';

/** Made once: an abort without a reason makes an error with a stack trace, every turn. */
const NOT_NEEDED = new VivavoceError('cancelled', 'the person went on speaking');

interface Prepared {
  readonly request: SpeechRequest;
  readonly audio: AsyncIterable<SpeechChunk>;
  isTaken: boolean;
}

/**
 * A reply to what has probably been said: the model writes it and the voice says its first piece, and nobody hears of
 * it. Either a response performs it, from its beginning, or it is disposed and has left no trace.
 */
export class Rehearsal implements Disposable {
  /** What it answers. */
  readonly text: string;
  /** The state of the conversation that it goes by. */
  readonly revision: number | null;
  readonly #deps: ResponseDeps;
  readonly #controller = new AbortController();
  readonly #plan: ResponsePlan;
  readonly #confirm: () => void;
  #prepared: Prepared | null = null;
  #firstTokenMs: number | null = null;

  /** @param confirm called when a response performs it: from then on the turn may leave traces */
  constructor(text: string, plan: ResponsePlan, deps: ResponseDeps, confirm: () => void) {
    this.text = text;
    this.revision = plan.conversation?.revision ?? null;
    this.#deps = deps;
    this.#confirm = confirm;
    const parts = readAhead(this.#watch(plan));
    this.#plan = {
      ...plan,
      parts: (signal) => {
        signal.addEventListener('abort', () => this.#controller.abort(signal.reason), { once: true });
        return parts;
      },
    };
  }

  /** What a response needs to perform it. */
  performance(): { plan: ResponsePlan; deps: ResponseDeps } {
    const firstTokenMs = this.#firstTokenMs;
    this.#confirm();
    return {
      plan: { ...this.#plan, ...(firstTokenMs !== null && { firstTokenMs }) },
      deps: { ...this.#deps, voice: this.#voice() },
    };
  }

  [Symbol.dispose](): void {
    this.#controller.abort(NOT_NEEDED);
  }

  async *#watch(plan: ResponsePlan): AsyncGenerator<TurnPart> {
    const pieces = new SpokenPieces(this.#deps.pronunciations);
    for await (const part of plan.parts(this.#controller.signal)) {
      if (part.type === 'text' || part.type === 'tool-call') {
        this.#firstTokenMs ??= this.#deps.clock.monotonicMs();
      }
      if (part.type === 'text') this.#prepareFirst(plan, pieces.push(part.text));
      yield part;
    }
    this.#prepareFirst(plan, pieces.finish());
  }

  #prepareFirst(plan: ResponsePlan, pieces: readonly Utterance[]): void {
    if (plan.modality === 'text' || this.#prepared) return;
    const { voice } = this.#deps;
    const text = pieces.find(({ spoken }) => spoken.text !== '')?.spoken.text;
    if (text === undefined || voice.cannotSpeak(text) !== null) return;
    const request = { text, voice: voiceNameOf(plan, this.#deps), speed: plan.speed };
    this.#prepared = {
      request,
      audio: readAhead(voice.speak(request, this.#controller.signal)),
      isTaken: false,
    };
  }

  /** The voice, which says the piece that it has prepared at once. */
  #voice(): Voice {
    const { voice } = this.#deps;
    return {
      get engine() {
        return voice.engine;
      },
      get voices() {
        return voice.voices;
      },
      cannotSpeak: (text) => voice.cannotSpeak(text),
      speak: (request, signal) => {
        const prepared = this.#prepared;
        if (!prepared || prepared.isTaken || !isSame(prepared.request, request)) {
          return voice.speak(request, signal);
        }
        prepared.isTaken = true;
        return prepared.audio;
      },
    };
  }
}

function isSame(one: SpeechRequest, other: SpeechRequest): boolean {
  return one.text === other.text && one.voice === other.voice && one.speed === other.speed;
}
