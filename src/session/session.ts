import type { Conversation } from '../conversation/conversation.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import type { ClientEvent, Decoded } from '../protocol/client-events.ts';
import type { SessionPatch } from '../protocol/session-config.ts';
import type { WireRealtimeSession, WireSession } from '../protocol/wire-session.ts';
import { errorEvent } from './error-event.ts';
import { ItemRequests } from './item-requests.ts';
import type { Received } from './line.ts';
import { Microphone } from './microphone.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { Pace } from './pace.ts';
import { Playhead } from './playhead.ts';
import { recordedAudio } from './recorded-speech.ts';
import { Replies } from './replies.ts';
import { Responder, refuseResponse } from './responder.ts';
import { defaultSession, mergeSession, type SessionDefaults, withoutResponses } from './session-config.ts';
import type { SessionDeps, SessionOptions } from './session-deps.ts';
import { Silence } from './silence.ts';

/** What a client may do about an answer while nothing new is begun. */
const ABOUT_WHAT_IS_SAID: ReadonlySet<ClientEvent['type']> = new Set([
  'response.cancel',
  'conversation.item.truncate',
  'output_audio_buffer.clear',
  'vivavoce.playback.reported',
]);

function restarting(): VivavoceError {
  return new VivavoceError('overloaded', 'The server is restarting; connect again in a moment.', {
    retryAfterSeconds: 2,
  });
}

type Event<Type extends ClientEvent['type']> = Extract<ClientEvent, { type: Type }>;

/** One connection of the Realtime protocol: what its client says, in the order in which it says it. */
export class Session implements AsyncDisposable {
  readonly #deps: SessionDeps;
  readonly #conversation: Conversation;
  readonly #outbox: Outbox<Outgoing>;
  readonly #defaults: SessionDefaults;
  readonly #playhead: Playhead;
  readonly #pace: Pace;
  readonly #replies: Replies;
  readonly #items: ItemRequests;
  readonly #responder: Responder;
  readonly #microphone: Microphone;
  readonly #silence: Silence;
  #config: WireRealtimeSession;
  #hasEnded = false;
  #isFinishing = false;
  #isAway = false;
  /** `transcription`: writes down what is said, and answers nothing. */
  #type: WireSession['type'] = 'realtime';

  constructor(deps: SessionDeps, { conversation, model, patch, line, onHangUp }: SessionOptions) {
    this.#deps = deps;
    this.#conversation = conversation;
    const outbox = new Outbox<Outgoing>(
      (event) => line.deliver(event),
      (error) => {
        deps.telemetry.writeFailed({ what: conversation.id, error: messageOf(error) });
        return errorEvent(error, null);
      },
    );
    this.#outbox = outbox;
    const playhead = new Playhead(deps.clock);
    this.#playhead = playhead;
    this.#pace = new Pace(deps.clock, playhead);
    this.#replies = new Replies({
      ...{ deps, outbox, conversation, playhead, line },
      ...{ pace: this.#pace, admission: deps.admission },
      onChanged: () => this.#repliesChanged(),
    });
    this.#items = new ItemRequests(conversation, deps.clock, deps.ids, (id) => this.#replies.spoken(id));
    this.#defaults = {
      id: deps.ids.next('sess'),
      model,
      instructions: deps.agent.instructions,
      voice: deps.defaultVoice,
    };
    this.#config = defaultSession(this.#defaults);
    if (patch) this.#merge(patch);
    const config = () => this.#config;
    this.#responder = new Responder({
      ...{ deps, conversation, playhead, config },
      replies: this.#replies,
      answers: () => this.#type === 'realtime',
    });
    this.#microphone = new Microphone({
      ...deps,
      ...{ conversation, outbox, playhead, config },
      sendsLate: line.hasExtensions,
      agent: this.#responder,
      onStirred: () => this.#silence.stirred(),
    });
    this.#silence = new Silence({
      ...{ clock: deps.clock, ids: deps.ids, idle: deps.idle, playhead, outbox, conversation },
      // What is said meanwhile comes when the client is back.
      isBusy: () => this.#isAway || this.#replies.active !== null || this.#microphone.isHearing,
      heardMs: () => this.#microphone.heardMs,
      nudge: () => this.#responder.nudge(),
      hangUp: onHangUp,
    });
    this.#configureSilence();
  }

  /** Says hello on the wire, and aloud when the agent has a greeting and the conversation is new. */
  start(): void {
    const { agent } = this.#deps;
    this.#outbox.send({ type: 'session.created', session: this.#wire() });
    this.#outbox.send({
      type: 'conversation.created',
      conversation: { id: this.#conversation.id, object: 'realtime.conversation' },
    });
    if (agent.greeting !== null && this.#type === 'realtime' && this.#conversation.items.length === 0) {
      this.#responder.greet(agent.greeting);
    }
  }

  /** Takes one event of the client. Never throws: whatever is wrong with it becomes an `error` event. */
  receive(decoded: Decoded): void {
    if (this.#hasEnded) return;
    if (!decoded.ok) {
      this.#outbox.send({ type: 'error', error: decoded.error });
      return;
    }
    const { event } = decoded;
    if (this.#isFinishing) {
      this.#takeLate(event);
      return;
    }
    // Audio waits for its place by itself; whatever else comes behind a commit is about the item that it becomes.
    if (event.type.startsWith('input_audio_buffer.')) this.#take(event);
    else this.#microphone.afterCommits(() => this.#take(event));
  }

  /** While the last words are said they can be heard and stopped, and nothing new begins. */
  #takeLate(event: ClientEvent): void {
    if (ABOUT_WHAT_IS_SAID.has(event.type)) this.#take(event);
    else if (!event.type.startsWith('input_audio_buffer.')) {
      this.#outbox.send(errorEvent(restarting(), event.event_id ?? null));
    }
  }

  #take(event: ClientEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      this.#outbox.send(errorEvent(error, event.event_id ?? null));
    }
  }

  notify(event: Outgoing): void {
    this.#outbox.send(event);
  }

  /** Its connection is lost, and it may come back. */
  wentAway(): void {
    this.#isAway = true;
    this.#silence.check();
  }

  /** The client is back after a drop, on another connection. */
  cameBack(received: Received | null): void {
    this.#isAway = false;
    this.#microphone.cameBack();
    this.#replies.cameBack(received);
  }

  /**
   * Takes nothing more, and resolves when what is being answered has been: all of it, or to the end of the sentence, and
   * heard where the client tells. It has to be disposed of all the same.
   */
  async finish(how: { sentencesOnly: boolean }): Promise<void> {
    this.#isFinishing = true;
    this.#silence[Symbol.dispose]();
    this.#responder.forgetGreeting();
    await Promise.all([this.#replies.finish(how), this.#microphone[Symbol.asyncDispose]()]);
    if (how.sentencesOnly) await this.#silent();
  }

  /** Some seconds at most of a client that plays: it is sent no more ahead of that. */
  async #silent(): Promise<void> {
    const { isAudible, isMoving } = this.#playhead;
    if (!this.#pace.isReported || !isAudible || !isMoving) return;
    await new Promise<void>((resolve) => void this.#playhead.onSilent(resolve));
  }

  /** Ends what is running and tells the client; what was sent of it, and what was said, is kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    this.#silence[Symbol.dispose]();
    this.#responder.dropGreeting();
    await Promise.all([this.#replies[Symbol.asyncDispose](), this.#microphone[Symbol.asyncDispose]()]);
    await this.#outbox.idle();
  }

  #handle(event: ClientEvent): void {
    switch (event.type) {
      case 'session.update':
        this.#update(event);
        return;
      case 'conversation.item.create':
        this.#create(event);
        return;
      case 'conversation.item.retrieve':
        this.#outbox.send(this.#items.retrieve(event));
        return;
      case 'conversation.item.delete':
        this.#replies.stopSpeaking(event.item_id);
        this.#microphone.conversationChanged();
        this.#outbox.send(this.#items.delete(event));
        return;
      case 'conversation.item.truncate':
        // Whoever truncates what is still being said has stopped listening.
        this.#replies.stopSpeaking(event.item_id);
        this.#outbox.send(this.#items.truncate(event));
        return;
      case 'response.create':
        if (this.#type === 'transcription') refuseResponse();
        this.#responder.respond(event.response ?? {});
        return;
      case 'response.cancel':
        this.#replies.cancel(event.response_id ?? null);
        return;
      case 'input_audio_buffer.append':
        this.#microphone.append(event.audio);
        return;
      case 'input_audio_buffer.commit':
        this.#microphone.commit();
        return;
      case 'input_audio_buffer.clear':
        this.#microphone.clear();
        return;
      case 'output_audio_buffer.clear':
        this.#replies.flushed();
        return;
      case 'vivavoce.playback.reported':
        this.#playhead.reported(event.item_id, event.audio_played_ms, event.is_playing);
        this.#pace.reported();
        this.#repliesChanged();
        return;
      case 'vivavoce.input.muted':
        this.#microphone.mute(event.muted);
        return;
    }
  }

  #update({ session }: Event<'session.update'>): void {
    this.#merge(session);
    this.#microphone.configure(this.#config.audio.input);
    this.#configureSilence();
    this.#outbox.send({ type: 'session.updated', session: this.#wire() });
  }

  #configureSilence(): void {
    this.#silence.configure(this.#config, { canAnswer: this.#type === 'realtime' });
  }

  #merge(patch: SessionPatch): void {
    this.#type = patch.type ?? this.#type;
    this.#config = mergeSession(this.#config, patch, this.#defaults, {
      voiceIsFixed: this.#replies.hasBeenHeard,
    });
    if (this.#type === 'transcription') this.#config = withoutResponses(this.#config);
  }

  #create(event: Event<'conversation.item.create'>): void {
    const recording = recordedAudio(event.item, this.#deps.hearing);
    const { stored, item, previousId, durable } = this.#items.create(event, {
      isRecorded: recording !== null,
    });
    this.#responder.dropGreeting();
    this.#microphone.conversationChanged();
    this.#silence.stirred();
    const body = { item, previous_item_id: previousId };
    this.#outbox.send({ type: 'conversation.item.added', ...body });
    this.#outbox.send({ type: 'conversation.item.done', ...body }, { after: durable });
    if (recording === null || stored.type !== 'message') return;
    this.#responder.awaitWords(this.#microphone.transcribe(stored, recording));
  }

  #repliesChanged(): void {
    this.#pace.changed();
    this.#microphone.echoChanged();
    this.#silence.check();
    if (this.#replies.active === null) this.#microphone.agentIsFree();
  }

  /** The settings in force, as this kind of session shows them. */
  #wire(): WireSession {
    const { id, object, expires_at, audio, include } = this.#config;
    if (this.#type === 'realtime') return this.#config;
    return { id, object, expires_at, type: 'transcription', audio: { input: audio.input }, include };
  }
}
