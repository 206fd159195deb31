import type { StorageLike } from '../api/access.ts';
import type { AudioOutput, OutputEvents } from '../audio/audio-output.ts';
import { isBusy } from '../chat/chat-state.ts';
import { queued } from '../chat/edit-entries.ts';
import { askEventId, createEventId } from '../chat/reduce-server-event.ts';
import type { AgentEvent } from '../realtime/agent-event.ts';
import { type ConnectionState, RealtimeConnection } from '../realtime/connection.ts';
import type { SocketLike, Target } from '../realtime/target.ts';
import type { OpenCapture } from '../voice/microphone.ts';
import { Doorway } from './doorway.ts';
import { OpenChat } from './open-chat.ts';
import { Value } from './value.ts';
import { VoiceInput } from './voice-input.ts';
import { VoiceOutput } from './voice-output.ts';

interface Deps {
  /** `http://host:port`; the page's own origin. */
  readonly origin: string;
  readonly createSocket: (target: Target) => SocketLike;
  readonly openOutput: (events: OutputEvents) => AudioOutput;
  readonly openCapture: OpenCapture;
  /** What lives as long as the tab. */
  readonly tabStorage: StorageLike;
  readonly storage: StorageLike;
  readonly newId: () => string;
}

/** The conversation that is open: what the person does with it, and what comes back. No React in here. */
export class AgentSession implements Disposable {
  readonly connection = new Value<ConnectionState>({ status: 'connecting' });
  readonly doorway: Doorway;
  readonly output: VoiceOutput;
  readonly input: VoiceInput;
  readonly #deps: Deps;
  readonly #chat: OpenChat;
  readonly #connection: RealtimeConnection;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#chat = new OpenChat(deps.newId);
    this.doorway = new Doorway({
      origin: deps.origin,
      tabStorage: deps.tabStorage,
      chat: this.#chat,
      connect: () => this.#connection.connect(),
    });
    this.#connection = new RealtimeConnection({
      prepare: (signal) => this.doorway.prepare(signal),
      resumeTarget: (place) => this.doorway.resumeTarget(place),
      createSocket: deps.createSocket,
      onState: (state) => this.#onConnection(state),
      onEvent: (event) => this.#onEvent(event),
    });
    const send = this.#connection.send.bind(this.#connection);
    this.output = new VoiceOutput({
      ...{ openOutput: deps.openOutput, storage: deps.storage, chat: this.#chat, send },
    });
    this.input = new VoiceInput({
      ...{ openCapture: deps.openCapture, storage: deps.storage, send },
      configure: () => this.#configure(),
      interrupt: () => this.stop(),
      ask: () => this.#ask(),
    });
  }

  get chat() {
    return this.#chat.state;
  }

  /** Opens a stored conversation, or a new one. Anything that speaks is silenced. */
  open(conversationId: string | null): void {
    this.stop();
    this.#chat.do({ type: 'opened', id: conversationId });
    this.#connection.connect();
  }

  /** Tries again now. */
  reconnect(): void {
    if (!this.#connection.isOpen) this.#connection.retry();
  }

  /** The system has no network: what is said from now on is kept until there is one. */
  networkIsGone(): void {
    this.#connection.networkIsGone();
  }

  /** Tries again now when it would try again later anyway. */
  reconnectIfWaiting(): void {
    const { status } = this.connection.current;
    if (status === 'waiting' || status === 'resuming') this.#connection.retry();
  }

  /** Says something; what the agent is saying ends. Without a connection it waits for one. */
  say(text: string): void {
    this.stop();
    this.#chat.do({ type: 'written', id: this.#deps.newId(), text });
    if (this.#connection.isOpen) this.#sendWaiting();
  }

  /** Takes back a message that has not left, or was refused. Returns its text. */
  withdraw(id: string): string | null {
    const entry = this.#chat.current.entries.find((other) => other.kind === 'user' && other.id === id);
    this.#chat.do({ type: 'withdrawn', id });
    return entry?.kind === 'user' ? entry.text : null;
  }

  /** Ends what the agent is saying: first here, so that it is silent at once, then on the server. */
  stop(): void {
    const { isAsked, responseId } = this.#chat.current;
    const activeItems = this.#chat.activeItems();
    const stopped = this.output.hush();
    if (isBusy(this.#chat.current)) {
      // By its name: when this is late it must not end another one.
      const named = responseId !== null && !isAsked ? { response_id: responseId } : {};
      this.#connection.send({ type: 'response.cancel', ...named });
    }
    this.#chat.do({ type: 'stopped' });
    this.output.truncate(stopped, activeItems);
  }

  setVoice(isOn: boolean): void {
    this.output.setOn(isOn);
    this.#configure();
  }

  [Symbol.dispose](): void {
    this.input[Symbol.dispose]();
    this.output.hush();
    this.#connection.close();
  }

  #onConnection(state: ConnectionState): void {
    const wasResuming = this.connection.current.status === 'resuming';
    if (hasSession(this.connection.current) && !hasSession(state)) {
      // The server ends an answer whose listener is gone; what came of it may be heard to its end.
      this.#chat.do({ type: 'disconnected' });
      this.output.disconnected();
      this.input.disconnected();
    }
    this.connection.set(state);
    if (state.status !== 'open') return;
    this.doorway.keyRequest.set(null);
    if (wasResuming) {
      // The session is as it was, and everything that was asked of it is on its way.
      this.output.resumed();
      if (queued(this.#chat.current.entries).length > 0) this.#sendWaiting();
      return;
    }
    this.#configure();
    this.input.connected();
    this.#sendWaiting();
  }

  #configure(): void {
    const { patch } = this.input;
    this.#connection.send({
      type: 'session.update',
      session: {
        type: 'realtime',
        output_modalities: [this.output.isOn.current ? 'audio' : 'text'],
        ...(patch && { audio: { input: patch } }),
      },
    });
  }

  /** Sends what waits, and asks for one answer to all of it. */
  #sendWaiting(): void {
    const { entries, isAsked } = this.#chat.current;
    const waiting = queued(entries);
    for (const { id, text } of waiting) {
      this.#connection.send({
        type: 'conversation.item.create',
        event_id: createEventId(id),
        item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
      });
    }
    this.#chat.do({ type: 'sent', ids: waiting.map(({ id }) => id) });
    if (waiting.length > 0 || isAsked) this.#ask();
  }

  #ask(): void {
    this.#connection.send({
      type: 'response.create',
      event_id: askEventId(this.#deps.newId()),
      response: { metadata: this.output.metadata },
    });
    this.#chat.do({ type: 'asked' });
  }

  #onEvent(event: AgentEvent): void {
    // Silence comes before everything else that an interruption brings.
    this.output.onEvent(event);
    this.#chat.do({ type: 'server', event });
    this.input.onEvent(event);
    switch (event.type) {
      case 'conversation.item.truncated':
        // How much of the text that is, only the server knows.
        this.#connection.send({ type: 'conversation.item.retrieve', item_id: event.item_id });
        break;
      case 'error':
        // No answer to a message that was refused.
        if (event.error.event_id?.startsWith(createEventId(''))) {
          this.#connection.send({ type: 'response.cancel' });
        }
        break;
    }
  }
}

/** While a connection is on its way back its session goes on, and what is said is kept for it. */
export function hasSession({ status }: ConnectionState): boolean {
  return status === 'open' || status === 'resuming';
}
