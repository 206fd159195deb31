import type { Conversation } from '../conversation/conversation.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import type { Admission } from '../resilience/admission.ts';
import { audioSkipped } from './audio-out.ts';
import { interruptAt, type SpokenReply } from './heard.ts';
import type { Line, Received } from './line.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import type { Pace } from './pace.ts';
import type { Playhead } from './playhead.ts';
import { type CancelReason, Response } from './response.ts';
import type { ResponseDeps } from './response-deps.ts';
import type { ResponsePlan } from './response-plan.ts';

/** Responses outside of the conversation that may run at once. */
const MAX_RESPONSES = 8;
/** Replies whose audio is remembered, so that they can be truncated after they were sent. */
const REMEMBERED_REPLIES = 16;
/** Less than this is no loss that anybody hears. */
const LOST_MS = 1;

interface Options {
  readonly deps: ResponseDeps;
  readonly outbox: Outbox<Outgoing>;
  readonly conversation: Conversation;
  readonly playhead: Playhead;
  readonly line: Line;
  readonly pace: Pace;
  /** Every response needs a place among the turns of the service. */
  readonly admission: Pick<Admission, 'turn'>;
  /** Audio of a reply has been sent, or a reply has ended. */
  readonly onChanged: () => void;
}

/** The responses of a session: those that are being made, and those that may still be heard. */
export class Replies implements AsyncDisposable {
  readonly #options: Options;
  readonly #running = new Map<string, Response>();
  readonly #spoken = new Map<string, SpokenReply>();
  /** Those of which something may not have been played yet. */
  readonly #playing = new Set<string>();
  /** Where the audio ends that a client has got of a reply of which it lost the rest. */
  readonly #lostFromMs = new Map<string, number>();
  #active: Response | null = null;
  #hasBeenHeard = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The response that speaks in the conversation; there is one at most. */
  get active(): Response | null {
    return this.#active;
  }

  /** True once audio has been sent. */
  get hasBeenHeard(): boolean {
    return this.#hasBeenHeard;
  }

  /** Where the words of a reply are in its audio; null for one that was not spoken, or long ago. */
  spoken(itemId: string): SpokenReply | null {
    const active = this.#active?.spoken;
    return this.#spoken.get(itemId) ?? (active?.itemId === itemId ? active : null);
  }

  /** @throws VivavoceError `conflict` when another one is being made. */
  refuseSecond(plan: Pick<ResponsePlan, 'conversation'>): void {
    if (plan.conversation && this.#active) {
      throw new VivavoceError(
        'conflict',
        `Response ${this.#active.id} is still being made. Wait for its response.done or cancel it.`,
        { wireCode: 'conversation_already_has_active_response' },
      );
    }
    if (this.#running.size >= MAX_RESPONSES) {
      throw new VivavoceError('conflict', `${MAX_RESPONSES} responses are being made; wait for one of them.`);
    }
  }

  begin(plan: ResponsePlan, deps = this.#options.deps): Response {
    const { outbox, playhead, line, pace, onChanged } = this.#options;
    // What was sent before has been played to its end.
    if (!playhead.isAudible) this.#playing.clear();
    const place = this.#placeFor(plan);
    const response = new Response(place.plan, deps, outbox, {
      ...{ line, pace },
      onSent: (itemId, ms) => {
        if (ms > 0) this.#hasBeenHeard = true;
        this.#playing.add(itemId);
        playhead.sent(itemId, ms);
        onChanged();
      },
      onSkipped: (itemId, ms) => playhead.skipped(itemId, ms),
    });
    void response.done.then(() => place.slot?.[Symbol.dispose]());
    this.#running.set(response.id, response);
    if (plan.conversation) this.#active = response;
    response.onClosed(() => {
      this.#running.delete(response.id);
      if (this.#active === response) this.#active = null;
      if (response.spoken) this.#remember(response.spoken);
      onChanged();
    });
    return response;
  }

  /** @throws VivavoceError when there is no such response. */
  cancel(id: string | null): void {
    const response = id ? this.#running.get(id) : this.#active;
    if (!response) {
      throw new VivavoceError('invalid_request', 'There is no response to cancel.', {
        wireCode: 'response_cancel_not_active',
        param: id ? 'response_id' : null,
      });
    }
    response.cancel('client_cancelled');
    if (response.spoken) this.#keepHeard(response.spoken.itemId, response.spoken.timeline.sentMs);
  }

  /** The client does not want to hear more of this item. */
  stopSpeaking(itemId: string): void {
    const { playhead } = this.#options;
    // It says what was heard, or wants it gone: nobody here knows better.
    this.#playing.delete(itemId);
    if (this.#active?.spoken?.itemId === itemId) this.#active.cancel('client_cancelled');
    if (playhead.itemId === itemId) this.#stopPlaying();
  }

  /** The client has thrown away what it had not played yet. */
  flushed(): void {
    this.#keepWhatWasHeard();
    this.#stopPlaying();
  }

  /** The reply that is being made, if somebody has heard or read a part of it. */
  get isHalfSaid(): boolean {
    return this.#active !== null && !this.#isUnknown(this.#active);
  }

  /**
   * Somebody has taken the floor: nothing more is said, and what was heard is kept. True when a reply was cut of which
   * nobody has heard or read a word.
   */
  interrupt(): boolean {
    const wasUnknown = this.#active !== null && this.#isUnknown(this.#active);
    this.#cut(
      [...this.#running.values()].filter(
        (response) => response === this.#active || response.modality === 'audio',
      ),
      'turn_detected',
    );
    return wasUnknown;
  }

  /**
   * The client is back on another connection. Of the audio that was sent it has what it says; when it says nothing, what it
   * should have played. It is told of what it lost, at once where nothing more comes.
   */
  cameBack(received: Received | null): void {
    const { playhead, outbox } = this.#options;
    let isBehind = received !== null && !this.#playing.has(received.itemId);
    for (const itemId of [...this.#playing]) {
      const spoken = this.spoken(itemId);
      if (!spoken) continue;
      const { sentMs } = spoken.timeline;
      let gotMs = received === null ? (playhead.playedMs(itemId) ?? sentMs) : isBehind ? 0 : sentMs;
      if (itemId === received?.itemId) {
        gotMs = Math.min(received.audioMs, sentMs);
        isBehind = true;
      }
      if (gotMs > sentMs - LOST_MS) continue;
      playhead.lost(itemId, gotMs);
      const active = [...this.#running.values()].find((response) => response.spoken?.itemId === itemId);
      if (active?.lostFrom(gotMs)) continue;
      this.#lostFromMs.set(itemId, gotMs);
      outbox.send(audioSkipped(this.#responseOf(itemId), itemId, gotMs, sentMs));
    }
    this.#options.onChanged();
  }

  /** Resolves when everything that is being said has been said: as it is, or to the end of its sentence. */
  async finish({ sentencesOnly }: { sentencesOnly: boolean }): Promise<void> {
    const running = [...this.#running.values()];
    if (sentencesOnly) for (const response of running) response.finishSentence();
    await Promise.all(running.map(({ done }) => done));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#running.values()];
    this.#cut(running, 'client_cancelled');
    await Promise.all(running.map((response) => response.done));
  }

  /** A response for which there is no room is one that fails: the client learns of it as of any other failure. */
  #placeFor(plan: ResponsePlan): { readonly plan: ResponsePlan; readonly slot: Disposable | null } {
    const { admission, conversation } = this.#options;
    try {
      return { plan, slot: admission.turn(conversation.owner.key) };
    } catch (error) {
      return { plan: { ...plan, parts: () => failing(error) }, slot: null };
    }
  }

  #responseOf(itemId: string): string {
    const item = this.#options.conversation.items.find(({ id }) => id === itemId);
    return (item && 'responseId' in item && item.responseId) || '';
  }

  #cut(responses: readonly Response[], reason: CancelReason): void {
    for (const response of responses) {
      response.cancel(reason);
      const itemId = response.spoken?.itemId;
      if (itemId !== undefined) this.#keepHeard(itemId, this.#options.playhead.playedMs(itemId) ?? 0);
    }
    this.flushed();
  }

  #isUnknown({ spoken, modality }: Response): boolean {
    if (!spoken) return true;
    if (modality === 'text') return spoken.generated === '';
    return (this.#options.playhead.playedMs(spoken.itemId) ?? 0) === 0;
  }

  #keepWhatWasHeard(): void {
    for (const id of this.#playing) {
      const playedMs = this.#options.playhead.playedMs(id);
      if (playedMs !== null) this.#keepHeard(id, playedMs);
    }
  }

  #keepHeard(id: string, playedMs: number): void {
    const { conversation, deps } = this.#options;
    // What was lost on the way was told in writing: it is not for want of listening.
    if (playedMs > (this.#lostFromMs.get(id) ?? Number.POSITIVE_INFINITY) - LOST_MS) return;
    const spoken = this.#spoken.get(id);
    const item = conversation.items.find((other) => other.id === id);
    if (!spoken || item?.type !== 'message') return;
    const cut = interruptAt(item, spoken, playedMs);
    if (cut === item) return;
    conversation.replace(cut).catch((error) => {
      deps.telemetry.writeFailed({ what: id, error: messageOf(error) });
    });
  }

  #stopPlaying(): void {
    this.#options.playhead.stop();
    this.#playing.clear();
    this.#options.onChanged();
  }

  #remember(spoken: SpokenReply): void {
    this.#spoken.set(spoken.itemId, spoken);
    for (const id of this.#spoken.keys()) {
      if (this.#spoken.size <= REMEMBERED_REPLIES) break;
      this.#spoken.delete(id);
      this.#lostFromMs.delete(id);
    }
  }
}

/** A turn that fails before its first part. */
async function* failing(error: unknown): AsyncGenerator<never> {
  yield await Promise.reject(error);
}
