import type { ClientEvent } from '../../../src/protocol/client-events.ts';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import type { AgentEvent } from './agent-event.ts';
import { backoffMs, resumeDelayMs } from './backoff.ts';
import { type ResumePlace, SessionTrail } from './session-trail.ts';
import { CannotConnect, NotNow, type SocketLike, type Target } from './target.ts';
import type { NamedEvent } from './unanswered.ts';

/** To these the server says nothing when all is well. */
const WITHOUT_ANSWER: ReadonlySet<ClientEvent['type']> = new Set([
  'input_audio_buffer.append',
  'vivavoce.playback.reported',
  'vivavoce.input.muted',
]);

/** About one moment; in the next it is worth nothing. */
const FLEETING: ClientEvent['type'] = 'vivavoce.playback.reported';

/** A quarter of a minute of speech that does not leave: the other side takes nothing any more. */
const MAX_BUFFERED_BYTES = 1_000_000;

/** Not 1000, which would say that the session is over. */
const TO_BE_RESUMED = 4000;

/** Behind these the server has no session any more. */
const SESSION_OVER: ReadonlySet<number> = new Set([
  1000,
  CLOSE.restarting,
  CLOSE.limits,
  CLOSE.notResumable,
  CLOSE.gone,
]);

const NOT_RESUMABLE: ReadonlySet<string | null> = new Set(['resume_token_unknown', 'resume_too_late']);

export type ConnectionState =
  | { readonly status: 'connecting' }
  | { readonly status: 'open' }
  /** The connection is lost and the session is not: it comes back by itself, and nothing of it will be missing. */
  | { readonly status: 'resuming' }
  /** It tries again by itself at `retryAtMs` (wall clock). */
  | { readonly status: 'waiting'; readonly retryAtMs: number; readonly reason: string }
  /** It does not try again before `connect()` is called. */
  | { readonly status: 'closed'; readonly reason: string | null };

const RESUMING: ConnectionState = { status: 'resuming' };

interface Deps {
  /**
   * Finds out where to connect to, and whether that would work: a browser is not told why an upgrade was refused.
   *
   * @throws CannotConnect to stop trying, NotNow; whatever else it throws is tried again later.
   */
  readonly prepare: (signal: AbortSignal) => Promise<Target>;
  /** Where a session is gone on with. */
  readonly resumeTarget: (place: ResumePlace) => Target;
  readonly createSocket: (target: Target) => SocketLike;
  readonly onState: (state: ConnectionState) => void;
  readonly onEvent: (event: AgentEvent) => void;
  readonly random?: () => number;
  readonly nowMs?: () => number;
  /** So long without an answer means that the connection is dead. */
  readonly silenceMs?: number;
}

/**
 * A Realtime connection that comes back by itself: to the session that it had, when the server still keeps it, else to
 * a new one. Nobody hears of events twice, and what was sent and has not arrived is sent again.
 */
export class RealtimeConnection {
  readonly #deps: Required<Deps>;
  #trail = new SessionTrail();
  #attempt = 0;
  #socket: SocketLike | null = null;
  #isOpen = false;
  /** When the session lost its connection; null while it has one, and while there is no session. */
  #lostAtMs: number | null = null;
  /** What the server said instead of beginning. */
  #refusal: string | null = null;
  #run = new AbortController();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #eventCount = 0;
  /** What was said while the connection was lost and leaves now: it is no sign that the other side takes nothing. */
  #lateBytes = 0;

  constructor(deps: Deps) {
    this.#deps = { random: Math.random, nowMs: Date.now, silenceMs: 10_000, ...deps };
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Connects now, to a new session. */
  connect(): void {
    this.#end();
    this.#trail = new SessionTrail();
    this.#lostAtMs = null;
    void this.#open(this.#run.signal);
  }

  /** Does now what would be tried again later. */
  retry(): void {
    if (this.#lostAtMs === null) this.connect();
    else this.#resume();
  }

  /** The system says so: the line would only be found out to be dead when an answer is missed. */
  networkIsGone(): void {
    if (this.#isOpen) this.#lost(this.#run.signal, 'There is no network.');
  }

  close(reason: string | null = null): void {
    this.#end();
    this.#trail = new SessionTrail();
    this.#lostAtMs = null;
    this.#deps.onState({ status: 'closed', reason });
  }

  /** False when it is lost: there is no connection, and none that would make up for it. */
  send(event: ClientEvent): boolean {
    if (!this.#isOpen && this.#lostAtMs === null) return false;
    const isKept = event.type !== FLEETING;
    const sent = isKept ? { event_id: `page_${this.#eventCount++}`, ...event } : event;
    if (isKept) this.#trail.unanswered.add(sent as NamedEvent);
    if (!this.#isOpen || !this.#socket) return isKept;
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount < MAX_BUFFERED_BYTES) this.#lateBytes = 0;
    if (bufferedAmount > MAX_BUFFERED_BYTES + this.#lateBytes) {
      this.#lost(this.#run.signal, 'The connection is too slow for speech.');
      return isKept && this.#lostAtMs !== null;
    }
    this.#socket.send(JSON.stringify(sent));
    if (!WITHOUT_ANSWER.has(event.type)) this.#expectAnswer();
    return true;
  }

  async #open(signal: AbortSignal): Promise<void> {
    this.#deps.onState({ status: 'connecting' });
    try {
      const target = await this.#deps.prepare(signal);
      if (!signal.aborted) this.#listenTo(target, signal);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof CannotConnect) this.close(reason);
      else this.#wait(reason, error instanceof NotNow ? error.waitMs : 0);
    }
  }

  #resume(): void {
    const { place } = this.#trail;
    this.#end(TO_BE_RESUMED);
    if (!place) return;
    this.#listenTo(this.#deps.resumeTarget(place), this.#run.signal);
  }

  #listenTo(target: Target, signal: AbortSignal): void {
    const socket = this.#deps.createSocket(target);
    this.#socket = socket;
    this.#refusal = null;
    this.#expectAnswer();
    socket.addEventListener('message', ({ data }) => {
      if (signal.aborted) return;
      this.#heardFrom();
      this.#take(JSON.parse(String(data)) as AgentEvent, signal);
      // A line may die without a word, and nothing is sent on it while the person reads.
      if (!signal.aborted && this.#trail.isAnswering) this.#expectAnswer(2 * this.#deps.silenceMs);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      const said = this.#refusal ?? (reason ? `Disconnected: ${reason}.` : 'The connection was lost.');
      this.#lost(signal, said, code);
    });
  }

  #take(event: AgentEvent, signal: AbortSignal): void {
    if (!this.#isOpen && event.type === 'error' && event.sequence === undefined) {
      // About the connection; what becomes of it the close says that follows.
      this.#refusal = event.error.message;
      if (NOT_RESUMABLE.has(event.error.code)) this.connect();
      return;
    }
    if (event.type === 'vivavoce.session.resumed') {
      this.#isBack(event.last_event_id);
      return;
    }
    switch (this.#trail.note(event)) {
      case 'known':
        return;
      case 'gap':
        this.#lost(signal, 'The server left something out.');
        return;
      case 'next':
        if (event.type === 'session.created') this.#hasBegun();
        this.#deps.onEvent(event);
    }
  }

  #hasBegun(): void {
    this.#isOpen = true;
    this.#attempt = 0;
    this.#deps.onState({ status: 'open' });
  }

  #isBack(lastArrived: string | null): void {
    if (this.#lostAtMs === null) return;
    this.#lostAtMs = null;
    this.#trail.unanswered.arrived(lastArrived);
    this.#lateBytes = 0;
    for (const event of this.#trail.unanswered.all) {
      const text = JSON.stringify(event);
      this.#lateBytes += text.length;
      this.#socket?.send(text);
      if (!WITHOUT_ANSWER.has(event.type)) this.#expectAnswer();
    }
    this.#hasBegun();
  }

  #lost(signal: AbortSignal, reason: string, code = TO_BE_RESUMED): void {
    if (signal.aborted) return;
    if (code === CLOSE.takenOver) {
      this.close('This conversation goes on elsewhere.');
      return;
    }
    this.#end(TO_BE_RESUMED);
    const nowMs = this.#deps.nowMs();
    const sinceMs = this.#lostAtMs ?? nowMs;
    const isResumable = !SESSION_OVER.has(code) && nowMs - sinceMs < this.#trail.keptMs;
    if (!isResumable) {
      const wasResuming = this.#lostAtMs !== null;
      // Where resuming failed a new session is tried at once.
      if (wasResuming && code !== CLOSE.restarting) this.connect();
      else this.#wait(reason);
      return;
    }
    this.#lostAtMs = sinceMs;
    // A server that has too much to do is not to be asked soon.
    if (code === CLOSE.overloaded) this.#attempt = Math.max(this.#attempt, 2);
    this.#retry = setTimeout(() => this.#resume(), resumeDelayMs(this.#attempt++, this.#deps.random));
    this.#deps.onState(RESUMING);
  }

  /** For a new session. */
  #wait(reason: string, leastMs = 0): void {
    this.#end();
    this.#trail = new SessionTrail();
    this.#lostAtMs = null;
    const delayMs = leastMs + backoffMs(this.#attempt++, this.#deps.random);
    this.#retry = setTimeout(() => this.connect(), delayMs);
    this.#deps.onState({ status: 'waiting', retryAtMs: this.#deps.nowMs() + delayMs, reason });
  }

  #expectAnswer(withinMs = this.#deps.silenceMs): void {
    this.#silence ??= setTimeout(() => {
      this.#lost(this.#run.signal, 'The server does not answer any more.');
    }, withinMs);
  }

  #heardFrom(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  /** Lets go of the connection that is there; nothing of it is heard of afterwards. */
  #end(code?: number): void {
    this.#run.abort();
    this.#run = new AbortController();
    this.#isOpen = false;
    this.#socket?.close(code);
    this.#socket = null;
    clearTimeout(this.#retry);
    this.#heardFrom();
  }
}
