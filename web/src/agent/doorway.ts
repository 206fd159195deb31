import { Access, type StorageLike } from '../api/access.ts';
import { RestClient } from '../api/rest-client.ts';
import { RestError } from '../api/rest-error.ts';
import { queued } from '../chat/edit-entries.ts';
import type { ResumePlace } from '../realtime/session-trail.ts';
import { CannotConnect, NotNow, type Target } from '../realtime/target.ts';
import type { OpenChat } from './open-chat.ts';
import { Value } from './value.ts';

/** A key is asked for; `message` says why, when there is more to say than that. */
export interface KeyRequest {
  readonly message: string | null;
}

interface Deps {
  readonly origin: string;
  readonly tabStorage: StorageLike;
  readonly chat: OpenChat;
  readonly connect: () => void;
}

/** What has to be known and allowed before there is a connection, all of it by REST. */
export class Doorway {
  /** Null while none is needed. */
  readonly keyRequest = new Value<KeyRequest | null>(null);
  readonly access: Access;
  readonly rest: RestClient;
  readonly #deps: Deps;
  #hasLostAccess = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.access = new Access({ baseUrl: deps.origin, storage: deps.tabStorage });
    this.rest = new RestClient({
      baseUrl: deps.origin,
      token: () => this.access.token,
      onUnauthorized: (token) => this.#onUnauthorized(token),
    });
  }

  /** @throws RestError, ServerUnreachable */
  async signIn(key: string): Promise<void> {
    await this.access.exchange(key);
    this.keyRequest.set(null);
    this.#deps.connect();
  }

  /** What can be asked by REST is asked first: a browser does not say why a WebSocket was refused. */
  async prepare(signal: AbortSignal): Promise<Target> {
    const { conversationId, isStored, entries } = this.#deps.chat.current;
    // The last words may have been stored although the answer that says so was lost.
    const mayBeStored = isStored || queued(entries).length > 0;
    let named = mayBeStored ? conversationId : null;
    try {
      if (named !== null) await this.#load(named, signal);
      else await this.rest.probe(signal);
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      // Some keys may talk and not read: then it goes on with what is shown.
      const mayNotRead = error.status === 403 && named !== null;
      if (!mayNotRead && (error.status === 401 || error.status === 403)) {
        throw new CannotConnect(error.message);
      }
      if (error.retryAfterSeconds !== null) throw new NotNow(error.message, error.retryAfterSeconds * 1000);
      if (!mayNotRead) {
        if (error.status !== 404 || named === null) throw error;
        named = null;
        if (isStored) this.#wasDeleted();
      }
      await this.rest.probe(signal);
    }
    void this.#loadEngines();
    return this.#target(named === null ? {} : { conversation: named });
  }

  /** Asks nothing first: the token of the session says all that is needed. */
  resumeTarget({ token, after, audio }: ResumePlace): Target {
    return this.#target({
      resume: token,
      after: String(after),
      // Of whoever says nothing the server believes that it has heard what it was sent so far.
      audio_item: audio?.itemId ?? 'none',
      audio_ms: String(Math.round(audio?.endMs ?? 0)),
    });
  }

  async loadEarlier(): Promise<void> {
    const { chat } = this.#deps;
    const { conversationId, entries } = chat.current;
    const before = entries.find(({ kind }) => kind !== 'problem')?.id;
    if (conversationId === null || before === undefined) return;
    try {
      const page = await this.rest.items(conversationId, { before });
      if (chat.current.conversationId !== conversationId) return;
      chat.do({ type: 'loaded-earlier', items: page.data.reverse(), hasEarlier: page.has_more });
    } catch (error) {
      chat.problem(error);
    }
  }

  #target(query: Readonly<Record<string, string>>): Target {
    const url = new URL('/v1/realtime?extensions=vivavoce', this.#deps.origin.replace(/^http/, 'ws'));
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { token } = this.access;
    return {
      url: url.href,
      protocols: token === null ? ['realtime'] : ['realtime', `openai-insecure-api-key.${token}`],
    };
  }

  async #load(conversationId: string, signal: AbortSignal): Promise<void> {
    const page = await this.rest.items(conversationId, { signal });
    signal.throwIfAborted();
    this.#deps.chat.do({ type: 'loaded', items: page.data.reverse(), hasEarlier: page.has_more });
  }

  async #loadEngines(): Promise<void> {
    try {
      this.#deps.chat.do({ type: 'engines', engines: await this.rest.engines() });
    } catch (error) {
      this.#deps.chat.problem(error);
    }
  }

  /** The conversation is gone; what the person wrote and was not stored goes on in a new one. */
  #wasDeleted(): void {
    const { chat } = this.#deps;
    const waiting = queued(chat.current.entries);
    chat.do({ type: 'opened', id: null });
    for (const { id, text } of waiting) chat.do({ type: 'written', id, text });
    chat.problem('This conversation does not exist any more. What you write now begins a new one.');
  }

  #onUnauthorized(token: string | null): void {
    // Several requests may learn of it; the first one has dealt with it.
    if (token !== this.access.token) return;
    const hadAccess = token !== null || this.access.hasExpired;
    this.access.forget();
    if (hadAccess) this.#hasLostAccess = true;
    if (token !== null) {
      // Perhaps none is needed any more; if one is, this leads back here.
      this.#deps.connect();
      return;
    }
    this.keyRequest.set({
      message: this.#hasLostAccess ? 'Your sign-in has expired. Please enter the key again.' : null,
    });
  }
}
