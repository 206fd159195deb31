import type { Agent } from '../agent-file.ts';
import type { Clock, IdSource } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import { textOf } from '../conversation/item.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import type { TurnGraph } from '../graph/graph.ts';
import type { ReplyLimits } from '../graph/state.ts';
import type { ClientEvent, Decoded, ResponseParams } from '../protocol/client-events.ts';
import type { SessionPatch } from '../protocol/session-config.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import { errorEvent } from './error-event.ts';
import type { AgentSide, Said } from './floor.ts';
import { Greeting } from './greeting.ts';
import type { Hearing } from './hearing.ts';
import { ItemRequests } from './item-requests.ts';
import { Microphone } from './microphone.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { Playhead } from './playhead.ts';
import { Rehearsal } from './rehearsal.ts';
import { Replies } from './replies.ts';
import type { ResponseDeps } from './response.ts';
import { planResponse, planSaying } from './response-plan.ts';
import { defaultSession, mergeSession, type SessionDefaults } from './session-config.ts';
import { Silence } from './silence.ts';

/** What the model is told when it speaks up because nobody else does. */
const NUDGE =
  'The person has said nothing for a while. Say one short, friendly sentence that invites them to go on. ' +
  'Do not repeat what you have said.';

export interface SessionDeps extends ResponseDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly graph: TurnGraph;
  readonly agent: Agent;
  readonly limits: ReplyLimits;
  readonly hearing: Hearing;
  /** What happens in a silence; null: nothing. */
  readonly idle: {
    /** The agent speaks up. */
    readonly nudgeMs: number | null;
    /** The connection is closed. */
    readonly endMs: number | null;
  };
}

interface SessionOptions {
  readonly conversation: Conversation;
  /** The `model` that the client named; it is echoed and means nothing. */
  readonly model: string;
  /** What the client's ephemeral key was minted with. */
  readonly patch: SessionPatch | null;
  /** Answers false when the client is gone. */
  readonly deliver: (event: Outgoing) => unknown;
  /** The session wants to end, with the reason for the client. */
  readonly onHangUp: (reason: string) => void;
}

type Event<Type extends ClientEvent['type']> = Extract<ClientEvent, { type: Type }>;

/** One connection of the Realtime protocol: what its client says, in the order in which it says it. */
export class Session implements AsyncDisposable {
  readonly #deps: SessionDeps;
  readonly #conversation: Conversation;
  readonly #outbox: Outbox<Outgoing>;
  readonly #defaults: SessionDefaults;
  readonly #playhead: Playhead;
  readonly #replies: Replies;
  readonly #items: ItemRequests;
  readonly #microphone: Microphone;
  readonly #silence: Silence;
  #config: WireRealtimeSession;
  readonly #greeting = new Greeting();
  /** Words that the client has committed and that are still being recognised. */
  #words: Promise<unknown> | null = null;
  /** The person has spoken while a reply that may not be interrupted was made. */
  #answersNext = false;

  constructor(deps: SessionDeps, { conversation, model, patch, deliver, onHangUp }: SessionOptions) {
    this.#deps = deps;
    this.#conversation = conversation;
    const outbox = new Outbox<Outgoing>(deliver, (error) => {
      deps.telemetry.writeFailed({ what: conversation.id, error: messageOf(error) });
      return errorEvent(error, null);
    });
    this.#outbox = outbox;
    const playhead = new Playhead(deps.clock);
    this.#playhead = playhead;
    this.#replies = new Replies({
      ...{ deps, outbox, conversation, playhead },
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
    if (patch) this.#config = mergeSession(this.#config, patch, this.#defaults, { voiceIsFixed: false });
    this.#microphone = new Microphone({
      ...deps,
      ...{ conversation, outbox, playhead },
      config: () => this.#config,
      agent: this.#agentSide(),
      onStirred: () => this.#silence.stirred(),
    });
    this.#silence = new Silence({
      ...{ clock: deps.clock, ids: deps.ids, idle: deps.idle, playhead, outbox, conversation },
      isBusy: () => this.#replies.active !== null || this.#microphone.isHearing,
      heardMs: () => this.#microphone.heardMs,
      nudge: () => this.#nudge(),
      hangUp: onHangUp,
    });
    this.#silence.configure(this.#config);
  }

  /** Says hello on the wire, and aloud when the agent has a greeting and the conversation is new. */
  start(): void {
    const { clock, agent } = this.#deps;
    this.#outbox.send({ type: 'session.created', session: this.#config });
    this.#outbox.send({
      type: 'conversation.created',
      conversation: { id: this.#conversation.id, object: 'realtime.conversation' },
    });
    if (agent.greeting !== null && this.#conversation.items.length === 0) {
      const { greeting } = agent;
      this.#greeting.wait(clock, () =>
        this.#replies.begin(planSaying(greeting, this.#config, this.#conversation)),
      );
    }
  }

  /** Takes one event of the client. Never throws: whatever is wrong with it becomes an `error` event. */
  receive(decoded: Decoded): void {
    if (!decoded.ok) {
      this.#outbox.send({ type: 'error', error: decoded.error });
      return;
    }
    const eventId = decoded.event.event_id ?? null;
    try {
      this.#handle(decoded.event);
    } catch (error) {
      this.#outbox.send(errorEvent(error, eventId));
    }
  }

  notify(event: Outgoing): void {
    this.#outbox.send(event);
  }

  /** Ends what is running and tells the client; what was sent of it is kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#silence[Symbol.dispose]();
    this.#microphone[Symbol.dispose]();
    this.#greeting.drop();
    await this.#replies[Symbol.asyncDispose]();
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
        this.#respond(event.response ?? {});
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
        this.#repliesChanged();
        return;
      case 'vivavoce.input.muted':
        this.#microphone.mute(event.muted);
        return;
    }
  }

  #update({ session }: Event<'session.update'>): void {
    if (session.type === 'transcription') {
      throw new VivavoceError(
        'invalid_request',
        'There are no transcription sessions here: use a realtime session with create_response false.',
        { param: 'session.type' },
      );
    }
    this.#config = mergeSession(this.#config, session, this.#defaults, {
      voiceIsFixed: this.#replies.hasBeenHeard,
    });
    this.#microphone.configure(this.#config.audio.input);
    this.#silence.configure(this.#config);
    this.#outbox.send({ type: 'session.updated', session: this.#config });
  }

  #create(event: Event<'conversation.item.create'>): void {
    const { item, previousId, durable } = this.#items.create(event);
    this.#greeting.drop();
    this.#microphone.conversationChanged();
    this.#silence.stirred();
    const body = { item, previous_item_id: previousId };
    this.#outbox.send({ type: 'conversation.item.added', ...body });
    this.#outbox.send({ type: 'conversation.item.done', ...body }, { after: durable });
  }

  #respond(params: ResponseParams): void {
    this.#greeting.drop();
    const plan = planResponse(params, { ...this.#basis(), words: this.#words });
    this.#replies.refuseSecond(plan);
    this.#replies.begin(plan);
  }

  #basis() {
    const { graph, limits } = this.#deps;
    return { session: this.#config, conversation: this.#conversation, graph, limits };
  }

  #agentSide(): AgentSide {
    return {
      isAudible: () => this.#playhead.isAudible,
      isAnswering: () => this.#replies.active !== null,
      interrupt: () => {
        this.#greeting.drop();
        return this.#replies.interrupt();
      },
      answer: (said) => this.#answer(said),
      rehearse: (tentative, said) => {
        const plan = { ...planResponse({}, { ...this.#basis(), tentative }), ...timesOf(said) };
        return new Rehearsal(textOf(tentative), plan, this.#deps);
      },
      awaitWords: (words) => {
        const all = Promise.all([this.#words, words]);
        this.#words = all;
        void all.finally(() => {
          if (this.#words === all) this.#words = null;
        });
      },
    };
  }

  #answer(said: Said | null): void {
    if (this.#replies.active) {
      said?.rehearsal?.[Symbol.dispose]();
      this.#answersNext = true;
      return;
    }
    if (said?.rehearsal) {
      const { plan, deps } = said.rehearsal.performance();
      this.#replies.begin({ ...plan, ...timesOf(said) }, deps);
    } else this.#replies.begin({ ...planResponse({}, this.#basis()), ...(said && timesOf(said)) });
  }

  #nudge(): void {
    this.#replies.begin(planResponse({}, { ...this.#basis(), note: NUDGE }));
  }

  #repliesChanged(): void {
    this.#microphone.echoChanged();
    this.#silence.check();
    if (!this.#answersNext || this.#replies.active) return;
    this.#answersNext = false;
    this.#answer(null);
  }
}

function timesOf({ endedAtMs, transcribedMs }: Said) {
  return { startedMs: endedAtMs, transcribedMs };
}
