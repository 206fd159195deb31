import type { Agent } from '../agent-file.ts';
import type { Clock, IdSource } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import type { TurnGraph } from '../graph/graph.ts';
import type { ReplyLimits } from '../graph/state.ts';
import type { ClientEvent, Decoded, ResponseParams } from '../protocol/client-events.ts';
import type { SessionPatch } from '../protocol/session-config.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import { errorEvent } from './error-event.ts';
import { ItemRequests } from './item-requests.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { Response, type ResponseDeps, type ResponsePlan } from './response.ts';
import { planResponse } from './response-plan.ts';
import { defaultSession, mergeSession, type SessionDefaults } from './session-config.ts';

/** A client may set its session up before it is greeted; so long is waited for that. */
const GREETING_DELAY_MS = 250;
/** Responses outside of the conversation that may run at once. */
const MAX_RESPONSES = 8;

export interface SessionDeps extends ResponseDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly graph: TurnGraph;
  readonly agent: Agent;
  readonly limits: ReplyLimits;
  /** Why there is no voice input. */
  readonly noVoiceInput: string;
}

interface SessionOptions {
  readonly conversation: Conversation;
  /** The `model` that the client named; it is echoed and means nothing. */
  readonly model: string;
  /** What the client's ephemeral key was minted with. */
  readonly patch: SessionPatch | null;
  /** Answers false when the client is gone. */
  readonly deliver: (event: Outgoing) => unknown;
}

type Event<Type extends ClientEvent['type']> = Extract<ClientEvent, { type: Type }>;

/** One connection of the Realtime protocol: what its client says, in the order in which it says it. */
export class Session implements AsyncDisposable {
  readonly #deps: SessionDeps;
  readonly #conversation: Conversation;
  readonly #outbox: Outbox<Outgoing>;
  readonly #defaults: SessionDefaults;
  readonly #responses = new Map<string, Response>();
  readonly #items: ItemRequests;
  #config: WireRealtimeSession;
  /** The response that speaks in the conversation; there is one at most. */
  #active: Response | null = null;
  #greeting: { timer: Disposable } | { response: Response } | null = null;
  #saidNoVoiceInput = false;

  constructor(deps: SessionDeps, { conversation, model, patch, deliver }: SessionOptions) {
    this.#deps = deps;
    this.#conversation = conversation;
    this.#items = new ItemRequests(conversation, deps.clock, deps.ids);
    this.#outbox = new Outbox<Outgoing>(deliver, (error) => {
      deps.telemetry.writeFailed({ what: conversation.id, error: messageOf(error) });
      return errorEvent(error, null);
    });
    this.#defaults = {
      id: deps.ids.next('sess'),
      model,
      instructions: deps.agent.instructions,
      voice: deps.defaultVoice,
    };
    this.#config = defaultSession(this.#defaults);
    if (patch) this.#config = mergeSession(this.#config, patch, this.#defaults, { voiceIsFixed: false });
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
      this.#greeting = { timer: clock.after(GREETING_DELAY_MS, () => this.#greet(greeting)) };
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

  /** Sends one of our own events. */
  notify(event: Outgoing): void {
    this.#outbox.send(event);
  }

  /** Ends what is running and tells the client; what was sent of it is kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#dropGreeting();
    const running = [...this.#responses.values()];
    for (const response of running) response.cancel('client_cancelled');
    await Promise.all(running.map((response) => response.done));
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
        this.#stopSpeaking(event.item_id);
        this.#outbox.send(this.#items.delete(event));
        return;
      case 'conversation.item.truncate':
        // Whoever truncates what is still being said has stopped listening.
        this.#stopSpeaking(event.item_id);
        this.#outbox.send(this.#items.truncate(event));
        return;
      case 'response.create':
        this.#respond(event.response ?? {});
        return;
      case 'response.cancel':
        this.#cancel(event);
        return;
      case 'input_audio_buffer.append':
        this.#refuseAudio();
        return;
      case 'input_audio_buffer.commit':
        throw new VivavoceError(
          'invalid_request',
          `There is no audio to commit. ${this.#deps.noVoiceInput}`,
          {
            wireCode: 'input_audio_buffer_commit_empty',
          },
        );
      case 'input_audio_buffer.clear':
        this.#outbox.send({ type: 'input_audio_buffer.cleared' });
        return;
      case 'output_audio_buffer.clear':
        // For media that the server plays out itself; here the client holds the audio.
        return;
    }
  }

  #update({ session }: Event<'session.update'>): void {
    if (session.type === 'transcription') {
      throw new VivavoceError(
        'invalid_request',
        `There are no transcription sessions yet. ${this.#deps.noVoiceInput}`,
        {
          param: 'session.type',
        },
      );
    }
    this.#config = mergeSession(this.#config, session, this.#defaults, {
      voiceIsFixed: this.#hasBeenHeard,
    });
    this.#outbox.send({ type: 'session.updated', session: this.#config });
  }

  #create(event: Event<'conversation.item.create'>): void {
    const { item, previousId, durable } = this.#items.create(event);
    this.#dropGreeting();
    const body = { item, previous_item_id: previousId };
    this.#outbox.send({ type: 'conversation.item.added', ...body });
    this.#outbox.send({ type: 'conversation.item.done', ...body }, { after: durable });
  }

  get #hasBeenHeard(): boolean {
    const running = [...this.#responses.values()];
    return this.#items.hasBeenHeard || running.some(({ spoken }) => (spoken?.timeline.sentMs ?? 0) > 0);
  }

  #stopSpeaking(itemId: string): void {
    if (this.#active?.spoken?.itemId === itemId) this.#active.cancel('client_cancelled');
  }

  #respond(params: ResponseParams): void {
    const { graph, limits } = this.#deps;
    this.#dropGreeting();
    const plan = planResponse(params, this.#config, this.#conversation, graph, limits);
    if (plan.conversation && this.#active) {
      throw new VivavoceError(
        'conflict',
        `Response ${this.#active.id} is still being made. Wait for its response.done or cancel it.`,
        { wireCode: 'conversation_already_has_active_response' },
      );
    }
    if (this.#responses.size >= MAX_RESPONSES) {
      throw new VivavoceError('conflict', `${MAX_RESPONSES} responses are being made; wait for one of them.`);
    }
    this.#begin(plan);
  }

  #begin(plan: ResponsePlan): Response {
    const response = new Response(plan, this.#deps, this.#outbox);
    this.#responses.set(response.id, response);
    if (plan.conversation) this.#active = response;
    response.onClosed(() => {
      this.#responses.delete(response.id);
      if (this.#active === response) this.#active = null;
      if (response.spoken) this.#items.remember(response.spoken);
    });
    return response;
  }

  #cancel({ response_id: id }: Event<'response.cancel'>): void {
    const response = id ? this.#responses.get(id) : this.#active;
    if (!response) {
      throw new VivavoceError('invalid_request', 'There is no response to cancel.', {
        wireCode: 'response_cancel_not_active',
        param: id ? 'response_id' : null,
      });
    }
    response.cancel('client_cancelled');
  }

  #greet(text: string): void {
    const { output } = this.#config.audio;
    const response = this.#begin({
      conversation: this.#conversation,
      modality: this.#config.output_modalities[0] ?? 'audio',
      format: output.format,
      voice: output.voice,
      speed: output.speed,
      maxOutputTokens: 'inf',
      metadata: null,
      async *parts() {
        yield { type: 'text', text };
      },
    });
    this.#greeting = { response };
  }

  /** A person who speaks first is not greeted over. */
  #dropGreeting(): void {
    const greeting = this.#greeting;
    this.#greeting = null;
    if (greeting === null) return;
    if ('timer' in greeting) greeting.timer[Symbol.dispose]();
    else greeting.response.cancel('client_cancelled');
  }

  /** Fifty of these come in a second: it is said once. */
  #refuseAudio(): void {
    if (this.#saidNoVoiceInput) return;
    this.#saidNoVoiceInput = true;
    throw new VivavoceError('invalid_request', this.#deps.noVoiceInput, {
      param: 'audio',
      wireCode: 'input_audio_unavailable',
    });
  }
}
