import { isAbort, messageOf, VivavoceError } from '../errors.ts';
import type { TurnPart } from '../graph/state.ts';
import type { ToolCall } from '../llm/chat-model.ts';
import type { WireResponse, WireStatusDetails } from '../protocol/wire-response.ts';
import type { TurnEnded } from '../telemetry/events.ts';
import { AudioOut, type AudioPath, ENOUGH } from './audio-out.ts';
import { writeFunctionCall } from './function-call-writer.ts';
import { MessageWriter } from './message-writer.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { type ResponseDeps, voiceNameOf } from './response-deps.ts';
import type { ResponsePlan } from './response-plan.ts';
import { failedBecause, recalledEvent, toWireResponse } from './response-wire.ts';
import { Speaker, type Utterance } from './speaker.ts';
import { SpokenPieces } from './spoken-pieces.ts';
import { TurnAccount } from './turn-account.ts';
import { toWireUsage } from './usage.ts';
import { toWireItem } from './wire-item.ts';

export type CancelReason = 'turn_detected' | 'client_cancelled';

/**
 * One response, from `response.created` to `response.done`, which comes exactly once.
 *
 * Two loops run side by side: one reads the turn and sends words as they come, the other speaks the pieces that are
 * complete. `cancel` closes everything at once and leaves the loops to find out that they are too late.
 */
export class Response {
  readonly id: string;
  /** Resolves when nothing of this response is running any more. Never rejects. */
  readonly done: Promise<void>;
  readonly #plan: ResponsePlan;
  readonly #deps: ResponseDeps;
  readonly #outbox: Outbox<Outgoing>;
  readonly #controller = new AbortController();
  /** Stops the model and lets what it has said be spoken. */
  readonly #enough = new AbortController();
  readonly #account: TurnAccount;
  readonly #pieces: SpokenPieces;
  readonly #path: AudioPath;
  readonly #audio: AudioOut | null;
  readonly #speaker: Speaker | null;
  readonly #output: WireResponse['output'] = [];
  readonly #writes: Promise<void>[] = [];
  #nextIndex = 0;
  #message: { writer: MessageWriter; itemId: string; index: number } | null = null;
  #isClosed = false;
  #isFinishing = false;
  /** Where in the text the last whole sentence ends. */
  #sentenceEnd = 0;
  #onClosed: (() => void) | null = null;

  constructor(plan: ResponsePlan, deps: ResponseDeps, outbox: Outbox<Outgoing>, path: AudioPath) {
    this.id = deps.ids.next('resp');
    this.#plan = plan;
    this.#deps = deps;
    this.#outbox = outbox;
    this.#account = new TurnAccount(deps.clock, deps.prices, plan.startedMs);
    if (plan.transcribedMs !== undefined) this.#account.mark('transcribed', plan.transcribedMs);
    if (plan.firstTokenMs !== undefined) this.#account.mark('first_token', plan.firstTokenMs);
    this.#pieces = new SpokenPieces(deps.pronunciations);
    this.#path = path;
    this.#speaker =
      plan.modality === 'audio'
        ? new Speaker({
            voice: deps.voice,
            voiceName: voiceNameOf(plan, deps),
            speed: plan.speed,
            signal: this.#controller.signal,
          })
        : null;
    this.#audio = this.#speaker && this.#audioOut(this.#speaker);
    outbox.send({ type: 'response.created', response: this.#wire('in_progress', null) });
    this.done = this.#run();
  }

  get modality(): 'text' | 'audio' {
    return this.#plan.modality;
  }

  /** The message of this response and where its words are in its audio; null before there is one. */
  get spoken(): (Pick<MessageWriter, 'timeline' | 'generated'> & { itemId: string }) | null {
    const message = this.#message;
    return (
      message && {
        itemId: message.itemId,
        timeline: message.writer.timeline,
        generated: message.writer.generated,
      }
    );
  }

  /** Calls `run` once, when `response.done` is on its way. */
  onClosed(run: () => void): void {
    this.#onClosed = run;
  }

  /** Ends it now: not one delta more, the model's connection closed, the item kept with what was sent. */
  cancel(reason: CancelReason): void {
    if (this.#isClosed) return;
    this.#controller.abort(new VivavoceError('cancelled', reason));
    this.#outbox.discard(this.id);
    this.#close('cancelled', { type: 'cancelled', reason }, null);
  }

  /** Ends it as soon as the sentence is over that is being said; what was not begun gets one. */
  finishSentence(): void {
    this.#isFinishing = true;
    this.#audio?.finishSentence();
    this.#stopIfEnough();
  }

  /** The client has nothing of the audio of this response from `audioMs` on; false: all of it has been handed over. */
  lostFrom(audioMs: number): boolean {
    if (this.#isClosed) return false;
    this.#audio?.lostFrom(audioMs);
    return true;
  }

  async #run(): Promise<void> {
    // Resolves with what stopped the audio, null when nothing did.
    const spoken =
      this.#audio?.run().then(
        () => null,
        (error: unknown) => error,
      ) ?? null;
    let failure: unknown = null;
    try {
      const signal = AbortSignal.any([this.#controller.signal, this.#enough.signal]);
      for await (const part of this.#plan.parts(signal)) {
        if (this.#isClosed) break;
        this.#take(part);
      }
    } catch (error) {
      failure = error;
    }
    // What was said before a fault is still worth hearing.
    this.#say(this.#isClosed || this.#enough.signal.aborted ? [] : this.#pieces.finish());
    this.#speaker?.finish();
    failure = (await spoken) ?? failure;
    if (this.#isClosed) return;
    if (failure !== null) this.#fail(failure);
    else if (this.#account.finish === 'length') {
      this.#close('incomplete', { type: 'incomplete', reason: 'max_output_tokens' }, null);
    } else this.#close('completed', null, null);
  }

  #take(part: TurnPart): void {
    this.#account.take(part);
    if (part.type === 'text') {
      this.#openMessage().text(part.text);
      this.#say(this.#pieces.push(part.text));
      this.#stopIfEnough();
    } else if (part.type === 'tool-call') this.#call(part.call);
    else if (part.type === 'recalled') this.#outbox.send(recalledEvent(this.id, part), { stream: this.id });
  }

  #stopIfEnough(): void {
    const said = this.#message?.writer.generated ?? '';
    const isBetweenSentences = this.#sentenceEnd > 0 && said.slice(this.#sentenceEnd).trim() === '';
    if (this.#isFinishing && isBetweenSentences) this.#enough.abort(ENOUGH);
  }

  #say(pieces: readonly Utterance[]): void {
    for (const { sentence, spoken } of pieces) {
      if (sentence.ending !== 'clause') this.#sentenceEnd = sentence.end;
      if (this.#speaker && spoken.text !== '') {
        const reason = this.#deps.voice.cannotSpeak(spoken.text);
        if (reason === null) {
          this.#account.mark('first_text_to_voice');
          this.#speaker.say({ sentence, spoken });
        } else this.#skipped(sentence.text, reason);
      }
      this.#message?.writer.sentenceEnded();
    }
  }

  #audioOut(speaker: Speaker): AudioOut {
    return new AudioOut({
      speaker,
      format: this.#plan.format,
      path: this.#path,
      outbox: this.#outbox,
      responseId: this.id,
      signal: this.#controller.signal,
      message: () => this.#message,
      onFirstAudio: () => this.#account.mark('first_audio'),
      onFirstSent: () => this.#account.mark('first_frame_out'),
      onFailure: ({ sentence }, error) => {
        this.#deps.telemetry.voiceFailed({ responseId: this.id, error });
        this.#skipped(sentence.text, error);
      },
    });
  }

  #openMessage(): MessageWriter {
    if (this.#message) return this.#message.writer;
    const itemId = this.#deps.ids.next('item');
    const index = this.#nextIndex++;
    const writer = new MessageWriter({
      outbox: this.#outbox,
      clock: this.#deps.clock,
      conversation: this.#plan.conversation,
      responseId: this.id,
      itemId,
      outputIndex: index,
      modality: this.#plan.modality,
      saysOffsets: this.#path.line.hasExtensions,
      onStoreFailed: (error) => this.#storeFailed(error),
    });
    this.#message = { writer, itemId, index };
    return writer;
  }

  #call(call: ToolCall): void {
    const index = this.#nextIndex++;
    const item = {
      id: this.#deps.ids.next('item'),
      type: 'function_call' as const,
      status: 'completed' as const,
      createdAtMs: this.#deps.clock.nowMs(),
      responseId: this.id,
      ...call,
    };
    this.#output[index] = toWireItem(item);
    const durable = writeFunctionCall(item, this.id, index, this.#plan.conversation, this.#outbox);
    this.#writes.push(durable);
    durable.catch((error) => this.#storeFailed(error));
  }

  #skipped(text: string, reason: string): void {
    const itemId = this.#message?.itemId;
    if (itemId === undefined) return;
    this.#outbox.send(
      { type: 'vivavoce.speech.skipped', response_id: this.id, item_id: itemId, text, reason },
      { stream: this.id },
    );
  }

  #fail(error: unknown): void {
    if (isAbort(error)) this.#close('cancelled', { type: 'cancelled', reason: 'client_cancelled' }, null);
    else this.#close('failed', failedBecause(error), messageOf(error));
  }

  /** What cannot be kept is not said: it ends here, with what has left. */
  #storeFailed(error: unknown): void {
    if (this.#isClosed) return;
    this.#controller.abort(error);
    this.#outbox.discard(this.id);
    this.#close('failed', failedBecause(error), messageOf(error), { isCut: true });
  }

  #close(
    status: Exclude<WireResponse['status'], 'in_progress'>,
    details: WireStatusDetails | null,
    error: string | null,
    { isCut = status === 'cancelled' } = {},
  ): void {
    this.#isClosed = true;
    if (this.#message) {
      const { writer, index } = this.#message;
      const { item, durable } = writer.end(status === 'completed' ? 'completed' : 'incomplete', { isCut });
      this.#output[index] = toWireItem(item);
      this.#writes.push(durable);
    }
    this.#account.mark('done');
    // It acknowledges what was said, so it tells the truth about the disk.
    const done = Promise.all(this.#writes).then(
      () => this.#wire(status, details),
      (cause) =>
        status === 'cancelled' ? this.#wire(status, details) : this.#wire('failed', failedBecause(cause)),
    );
    this.#outbox.send(done.then((response): Outgoing => ({ type: 'response.done', response })));
    // When its turn comes all of the audio has left, or never will.
    const isRefused = details?.error?.code === 'overloaded';
    this.#outbox.send(() => this.#report(isRefused ? 'refused' : status, error));
    this.#onClosed?.();
  }

  #report(status: TurnEnded['status'], error: string | null): Outgoing {
    this.#account.report(this.#deps.telemetry, {
      responseId: this.id,
      conversationId: this.#plan.conversation?.id ?? null,
      status,
      audioMs: Math.round(this.#message?.writer.timeline.sentMs ?? 0),
      error,
    });
    return this.#account.traced(this.id);
  }

  #wire(status: WireResponse['status'], details: WireStatusDetails | null): WireResponse {
    const usage = status === 'in_progress' ? null : toWireUsage(this.#account.usage);
    return toWireResponse(this.id, this.#plan, {
      status,
      details,
      output: this.#output.filter(Boolean),
      usage,
    });
  }
}
