import { randomBytes } from 'node:crypto';
import type { Clock, IdSource } from '../clock.ts';
import type { Lease } from '../conversation/conversations.ts';
import { VivavoceError } from '../errors.ts';
import type { Decoded } from '../protocol/client-events.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import type { SessionPatch } from '../protocol/session-config.ts';
import { settledOrAborted } from '../resilience/abortable.ts';
import type { Line, Received } from '../session/line.ts';
import type { Outgoing } from '../session/outgoing.ts';
import { Session } from '../session/session.ts';
import type { SessionDeps } from '../session/session-deps.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { hideAddresses } from './engine-reasons.ts';
import { OncePerId } from './once-per-id.ts';
import type { RealtimeSocket } from './realtime-socket.ts';
import { KEPT_MS, ReplayLog } from './replay-log.ts';

export interface CallOptions {
  readonly lease: Lease;
  readonly model: string;
  readonly patch: SessionPatch | null;
  /** Whether the client knows our own events, and how to come back. */
  readonly hasExtensions: boolean;
  /** Whether the client may know why an engine is as it is. */
  readonly isOperator: boolean;
  /** Its place among the connections of the service, kept while the client is away. */
  readonly place: Disposable;
}

export interface CallDeps extends SessionDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly telemetry: Telemetry;
}

/** Where a client is that comes back. */
export interface ComingBack {
  /** The last event that it has; -1 for none. */
  readonly after: number;
  /** How far it has the newest audio; null when it does not say. */
  readonly received: Received | null;
}

/**
 * A session and the connection that it has at the moment, if any.
 *
 * When a connection is cut, what is being answered goes on. A client that knows how comes back to the same session within a
 * minute and gets what it missed. Of any other client the answer is finished and kept: it is there when the conversation is
 * opened again.
 */
export class Call implements Line {
  readonly session: Session;
  readonly hasExtensions: boolean;
  /** What a client comes back with; known to nobody else. */
  readonly token = randomBytes(24).toString('base64url');
  /** Resolves when nothing of it is running any more. */
  readonly ended: Promise<void>;
  readonly #id: string;
  readonly #options: CallOptions;
  readonly #deps: CallDeps;
  readonly #log: ReplayLog;
  readonly #known = new OncePerId();
  readonly #end = Promise.withResolvers<void>();
  #socket: RealtimeSocket | null = null;
  #connection = 0;
  #events = 0;
  /** From here on nobody comes back: what was said is being put away. */
  #isEnding = false;
  #hasEnded = false;
  #away: Disposable | null = null;
  #back = Promise.withResolvers<void>();

  constructor(options: CallOptions, deps: CallDeps) {
    this.#options = options;
    this.#deps = deps;
    this.hasExtensions = options.hasExtensions;
    this.#id = deps.ids.next('call');
    this.#log = new ReplayLog(deps.clock);
    this.ended = this.#end.promise;
    this.session = new Session(deps, {
      conversation: options.lease.conversation,
      model: options.model,
      patch: options.patch,
      line: this,
      onHangUp: (reason) => this.hangUp(1000, reason),
    });
  }

  get isOperator(): boolean {
    return this.#options.isOperator;
  }

  get owner() {
    return this.#options.lease.conversation.owner;
  }

  /** Its conversation was deleted under it. */
  get isForgotten(): boolean {
    return this.#options.lease.conversation.isDeleted;
  }

  get connection(): number {
    return this.#connection;
  }

  /** The first connection. */
  begin(socket: RealtimeSocket): void {
    this.#attach(socket);
    this.session.start();
  }

  /**
   * The client is back: it gets what it missed, and whoever was connected before is sent away.
   *
   * @throws VivavoceError `not_found` with what to do instead.
   */
  resume(socket: RealtimeSocket, connectionId: string, { after, received }: ComingBack): void {
    const missed = this.hasExtensions && !this.#isEnding ? this.#log.since(after) : null;
    if (!missed) throw cannotResume('resume_too_late');
    this.#socket?.close(CLOSE.takenOver, 'the session goes on on another connection');
    this.#attach(socket);
    for (const text of missed) socket.sendText(text);
    const { last } = this.#known;
    socket.send(
      this.#named({ type: 'vivavoce.session.resumed', replayed: missed.length, last_event_id: last }),
    );
    this.#deps.telemetry.sessionResumed({ connectionId, replayed: missed.length });
    this.session.cameBack(received);
    this.#back.resolve();
    this.#back = Promise.withResolvers();
  }

  receive(decoded: Decoded): void {
    const id = decoded.ok ? decoded.event.event_id : undefined;
    // What was sent before the drop and is sent again behind it.
    if (this.hasExtensions && id !== undefined && !this.#known.isNew(id)) return;
    this.session.receive(decoded);
  }

  deliver(said: Outgoing): boolean {
    if (this.#hasEnded) return false;
    const event = this.isOperator ? said : hideAddresses(said);
    const isOpen = this.#socket?.isOpen === true;
    if (event.type === 'response.output_audio.delta') {
      if (isOpen) this.#socket?.send(this.#named(event));
      return isOpen;
    }
    if (!this.hasExtensions) {
      if (isOpen && !event.type.startsWith('vivavoce.')) this.#socket?.send(this.#named(event));
      // Whoever was cut off finds it in the conversation; whoever has left did not want it.
      return isOpen || this.#socket === null || this.#socket.isCut;
    }
    const { next: sequence } = this.#log;
    const resume = { token: this.token, seconds: KEPT_MS / 1000 };
    const text = JSON.stringify({
      ...this.#named(event),
      sequence,
      ...(event.type === 'session.created' && { resume }),
    });
    if (isOpen) this.#log.trim();
    this.#log.add(text);
    this.#socket?.sendText(text);
    return true;
  }

  roomForAudio(signal: AbortSignal): Promise<void> | null {
    if (this.#socket?.isOpen) return this.#socket.roomForAudio(signal);
    if (!this.hasExtensions || this.#hasEnded) return null;
    // What is not sent now is heard when the client is back.
    return settledOrAborted(this.#back.promise, signal);
  }

  /** Ends it now. @param reason for the client */
  hangUp(code: number, reason: string): void {
    if (this.#socket) this.#socket.close(code, reason);
    else void this.#finish();
  }

  /** Lets what is being said come to the end of its sentence, until `signal` is aborted, and says goodbye. */
  async close(signal: AbortSignal, code: number, reason: string): Promise<void> {
    if (this.#socket && !signal.aborted) {
      await settledOrAborted(this.session.finish({ sentencesOnly: true }), signal);
    }
    await this.session[Symbol.asyncDispose]();
    const socket = this.#socket;
    socket?.close(code, reason);
    await socket?.ended;
    // However its connection has ended, nobody comes back any more.
    void this.#finish();
    await this.ended;
  }

  #attach(socket: RealtimeSocket): void {
    this.#away?.[Symbol.dispose]();
    this.#away = null;
    this.#socket = socket;
    this.#connection++;
    void socket.ended.then(({ isGoodbye }) => {
      if (this.#socket !== socket) return;
      if (isGoodbye) void this.#finish();
      else this.#wasCut();
    });
  }

  #wasCut(): void {
    this.#socket = null;
    const { clock } = this.#deps;
    this.#away = clock.after(KEPT_MS, () => void this.#finish());
    if (this.hasExtensions) {
      this.session.wentAway();
      return;
    }
    void this.session.finish({ sentencesOnly: false }).then(() => this.#finish());
  }

  async #finish(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#away?.[Symbol.dispose]();
    // First what was said to a client that has gone, then nothing more.
    await this.session[Symbol.asyncDispose]();
    this.#hasEnded = true;
    this.#options.lease[Symbol.dispose]();
    this.#options.place[Symbol.dispose]();
    this.#end.resolve();
  }

  #named<Event extends Outgoing>(event: Event): Event & { event_id: string } {
    return { event_id: `event_${this.#id}_${this.#events++}`, ...event };
  }
}

/** @param code `resume_token_unknown`: nobody has it; `resume_too_late`: too much has happened since. */
export function cannotResume(code: 'resume_token_unknown' | 'resume_too_late'): VivavoceError {
  return new VivavoceError(
    'not_found',
    'This session cannot be resumed. Its conversation is still there: connect with ?conversation=ID.',
    { wireCode: code },
  );
}
