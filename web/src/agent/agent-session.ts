import { Access, type StorageLike } from '../api/access.ts';
import { RestClient } from '../api/rest-client.ts';
import { RestError } from '../api/rest-error.ts';
import type { AudioContextLike } from '../audio/audio-context.ts';
import { decodePcm16 } from '../audio/pcm.ts';
import { type PlaybackReport, Player } from '../audio/player.ts';
import { type ChatState, emptyChat, isBusy } from '../chat/chat-state.ts';
import { queued } from '../chat/edit-entries.ts';
import { type ChatAction, reduceChat } from '../chat/reduce.ts';
import { ASK_EVENT_ID, createEventId } from '../chat/reduce-server-event.ts';
import {
  type AgentEvent,
  CannotConnect,
  type ConnectionState,
  RealtimeConnection,
  type SocketLike,
  type Target,
} from '../realtime/connection.ts';
import { readVoiceIsOn, writeVoiceIsOn } from './preferences.ts';
import { SpokenTurns } from './spoken-turns.ts';
import { Value } from './value.ts';

interface Deps {
  /** `http://host:port`; the page's own origin. */
  readonly origin: string;
  readonly createSocket: (target: Target) => SocketLike;
  readonly createAudioContext: () => AudioContextLike;
  /** What lives as long as the tab. */
  readonly tabStorage: StorageLike;
  readonly storage: StorageLike;
  readonly newId: () => string;
}

/** A key is asked for; `message` says why, when there is more to say than that. */
export interface KeyRequest {
  readonly message: string | null;
}

/** The conversation that is open: what the person does with it, and what comes back. No React in here. */
export class AgentSession implements Disposable {
  readonly chat = new Value<ChatState>(emptyChat);
  readonly connection = new Value<ConnectionState>({ status: 'connecting' });
  readonly playback = new Value<PlaybackReport>({ state: 'idle', audibleSamples: 0 });
  readonly isVoiceOn: Value<boolean>;
  /** Null while none is needed. */
  readonly keyRequest = new Value<KeyRequest | null>(null);
  readonly access: Access;
  readonly rest: RestClient;
  readonly #deps: Deps;
  readonly #player: Player;
  readonly #turns = new SpokenTurns();
  readonly #connection: RealtimeConnection;
  #hasLostAccess = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.isVoiceOn = new Value(readVoiceIsOn(deps.storage));
    this.access = new Access({ baseUrl: deps.origin, storage: deps.tabStorage });
    this.rest = new RestClient({
      baseUrl: deps.origin,
      token: () => this.access.token,
      onUnauthorized: (token) => this.#onUnauthorized(token),
    });
    this.#player = new Player({
      createContext: deps.createAudioContext,
      onChange: (report) => this.playback.set(report),
    });
    this.#connection = new RealtimeConnection({
      prepare: (signal) => this.#prepare(signal),
      createSocket: deps.createSocket,
      onState: (state) => this.#onConnection(state),
      onEvent: (event) => this.#onEvent(event),
    });
  }

  /** Opens a stored conversation, or a new one. Anything that speaks is silenced. */
  open(conversationId: string | null): void {
    this.stop();
    this.#do({ type: 'opened', id: conversationId });
    this.#connection.connect();
  }

  /** Tries again now. */
  reconnect(): void {
    if (!this.#connection.isOpen) this.#connection.connect();
  }

  /** Tries again now when it would try again later anyway. */
  reconnectIfWaiting(): void {
    if (this.connection.current.status === 'waiting') this.#connection.connect();
  }

  /** Lets the browser make sound: to be called on a gesture of the person. */
  unlockAudio(): void {
    if (this.isVoiceOn.current) this.#player.unlock();
  }

  /** How loud the voice is at this moment, 0 to 1. */
  voiceLevel(): number {
    return this.#player.level();
  }

  /** Says something; what the agent is saying ends. Without a connection it waits for one. */
  say(text: string): void {
    this.stop();
    this.#do({ type: 'written', id: this.#deps.newId(), text });
    if (this.#connection.isOpen) this.#sendWaiting();
  }

  /** Takes back a message that has not left, or was refused. Returns its text. */
  withdraw(id: string): string | null {
    const entry = this.chat.current.entries.find((other) => other.kind === 'user' && other.id === id);
    this.#do({ type: 'withdrawn', id });
    return entry?.kind === 'user' ? entry.text : null;
  }

  /** Ends what the agent is saying: first here, so that it is silent at once, then on the server. */
  stop(): void {
    const activeItems = new Set(this.#itemsOfResponse());
    const stopped = this.#hush();
    if (isBusy(this.chat.current)) this.#connection.send({ type: 'response.cancel' });
    this.#do({ type: 'stopped' });
    for (const { itemId, playedMs, isCut } of stopped) {
      if (!isCut && !activeItems.has(itemId)) continue;
      this.#connection.send({
        type: 'conversation.item.truncate',
        item_id: itemId,
        content_index: 0,
        audio_end_ms: playedMs,
      });
    }
  }

  setVoice(isOn: boolean): void {
    writeVoiceIsOn(this.#deps.storage, isOn);
    this.isVoiceOn.set(isOn);
    // Somebody who turns the voice off reads on: nothing is cancelled.
    if (!isOn) this.#hush();
    this.#configure();
  }

  /** @throws RestError, ServerUnreachable */
  async signIn(key: string): Promise<void> {
    await this.access.exchange(key);
    this.keyRequest.set(null);
    this.#connection.connect();
  }

  async loadEarlier(): Promise<void> {
    const { conversationId, entries } = this.chat.current;
    const before = entries.find(({ kind }) => kind !== 'problem')?.id;
    if (conversationId === null || before === undefined) return;
    try {
      const page = await this.rest.items(conversationId, { before });
      if (this.chat.current.conversationId !== conversationId) return;
      this.#do({ type: 'loaded-earlier', items: page.data.reverse(), hasEarlier: page.has_more });
    } catch (error) {
      this.#problem(error);
    }
  }

  [Symbol.dispose](): void {
    this.#hush();
    this.#connection.close();
  }

  #do(action: ChatAction): void {
    this.chat.set(reduceChat(this.chat.current, action));
  }

  #problem(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#do({ type: 'problem', id: this.#deps.newId(), text });
  }

  /** Silence here; audio that is still on its way is dropped when it comes. */
  #hush() {
    this.#turns.next();
    return this.#player.stop();
  }

  #itemsOfResponse(): string[] {
    const { entries, responseId } = this.chat.current;
    if (responseId === null) return [];
    return entries.flatMap((entry) =>
      entry.kind === 'agent' && entry.responseId === responseId ? [entry.id] : [],
    );
  }

  /** What can be asked by REST is asked first: a browser does not say why a WebSocket was refused. */
  async #prepare(signal: AbortSignal): Promise<Target> {
    const { conversationId, isStored, entries } = this.chat.current;
    // The last words may have been stored although the answer that says so was lost.
    const mayBeStored = isStored || queued(entries).length > 0;
    let named = mayBeStored ? conversationId : null;
    try {
      if (named !== null) await this.#load(named, signal);
      else await this.rest.probe(signal);
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      if (error.status === 401 || error.status === 403) throw new CannotConnect(error.message);
      if (error.status !== 404 || named === null) throw error;
      named = null;
      if (isStored) this.#wasDeleted();
      await this.rest.probe(signal);
    }
    void this.#loadEngines();
    const url = new URL('/v1/realtime?extensions=vivavoce', this.#deps.origin.replace(/^http/, 'ws'));
    if (named !== null) url.searchParams.set('conversation', named);
    const { token } = this.access;
    return {
      url: url.href,
      protocols: token === null ? ['realtime'] : ['realtime', `openai-insecure-api-key.${token}`],
    };
  }

  async #load(conversationId: string, signal: AbortSignal): Promise<void> {
    const page = await this.rest.items(conversationId, { signal });
    signal.throwIfAborted();
    this.#do({ type: 'loaded', items: page.data.reverse(), hasEarlier: page.has_more });
  }

  async #loadEngines(): Promise<void> {
    try {
      this.#do({ type: 'engines', engines: await this.rest.engines() });
    } catch (error) {
      this.#problem(error);
    }
  }

  /** The conversation is gone; what the person wrote and was not stored goes on in a new one. */
  #wasDeleted(): void {
    const waiting = queued(this.chat.current.entries);
    this.#do({ type: 'opened', id: null });
    for (const { id, text } of waiting) this.#do({ type: 'written', id, text });
    this.#problem('This conversation does not exist any more. What you write now begins a new one.');
  }

  #onConnection(state: ConnectionState): void {
    // The server ends an answer whose listener is gone; what came of it may be heard to its end.
    if (this.connection.current.status === 'open') this.#do({ type: 'disconnected' });
    this.connection.set(state);
    if (state.status !== 'open') return;
    this.keyRequest.set(null);
    this.#configure();
    this.#sendWaiting();
  }

  #configure(): void {
    this.#connection.send({
      type: 'session.update',
      session: { type: 'realtime', output_modalities: [this.isVoiceOn.current ? 'audio' : 'text'] },
    });
  }

  /** Sends what waits, and asks for one answer to all of it. */
  #sendWaiting(): void {
    const { entries, isAsked } = this.chat.current;
    const waiting = queued(entries);
    for (const { id, text } of waiting) {
      this.#connection.send({
        type: 'conversation.item.create',
        event_id: createEventId(id),
        item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
      });
    }
    this.#do({ type: 'sent', ids: waiting.map(({ id }) => id) });
    if (waiting.length > 0 || isAsked) this.#ask();
  }

  #ask(): void {
    this.#connection.send({
      type: 'response.create',
      event_id: ASK_EVENT_ID,
      response: { metadata: this.#turns.metadata },
    });
    this.#do({ type: 'asked' });
  }

  #onEvent(event: AgentEvent): void {
    this.#do({ type: 'server', event });
    switch (event.type) {
      case 'response.created':
        this.#turns.begun(event.response.id, event.response.metadata);
        break;
      case 'response.output_audio.delta':
        if (this.isVoiceOn.current && this.#turns.mayBeHeard(event.response_id)) {
          this.#player.play(event.item_id, decodePcm16(event.delta));
        }
        break;
      case 'response.done':
        this.#turns.ended(event.response.id);
        break;
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

  #onUnauthorized(token: string | null): void {
    // Several requests may learn of it; the first one has dealt with it.
    if (token !== this.access.token) return;
    const hadAccess = token !== null || this.access.hasExpired;
    this.access.forget();
    if (hadAccess) this.#hasLostAccess = true;
    if (token !== null) {
      // Perhaps none is needed any more; if one is, this leads back here.
      this.#connection.connect();
      return;
    }
    this.keyRequest.set({
      message: this.#hasLostAccess ? 'Your sign-in has expired. Please enter the key again.' : null,
    });
  }
}
