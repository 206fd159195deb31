import type { Clock, IdSource } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import { errorEvent } from './error-event.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import type { Playhead } from './playhead.ts';
import { userAudioItem } from './user-item.ts';
import { toWireItem } from './wire-item.ts';

interface Alarm {
  readonly afterMs: number;
  readonly run: () => void;
}

interface Options {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly conversation: Conversation;
  readonly outbox: Outbox<Outgoing>;
  readonly playhead: Playhead;
  /** Off when null. */
  readonly idle: { readonly nudgeMs: number | null; readonly endMs: number | null };
  /** Somebody speaks, or a reply is being made. */
  readonly isBusy: () => boolean;
  /** Audio received, milliseconds. */
  readonly heardMs: () => number;
  /** Lets the agent speak up. */
  readonly nudge: () => void;
  readonly hangUp: (reason: string) => void;
}

/** What happens when nobody says anything: the agent speaks up, and some time later the connection is closed. */
export class Silence implements Disposable {
  readonly #options: Options;
  #alarms: readonly Alarm[] = [];
  #quietSinceMs: number | null = null;
  #timer: Disposable | null = null;
  #untilSilent: Disposable | null = null;
  /** Alarms that have run in this silence. */
  readonly #done = new Set<Alarm>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Takes the times from the session's settings and from the service's. */
  configure({ audio }: WireRealtimeSession, { canAnswer }: { canAnswer: boolean }): void {
    const { idle, nudge, hangUp } = this.#options;
    const detection = audio.input.turn_detection;
    const timeoutMs = detection?.type === 'server_vad' ? detection.idle_timeout_ms : null;
    const alarms: Alarm[] = [];
    if (!canAnswer) {
      // There is nobody to speak up.
    } else if (timeoutMs !== null) alarms.push({ afterMs: timeoutMs, run: () => this.#timeOut(timeoutMs) });
    else if (idle.nudgeMs !== null) alarms.push({ afterMs: idle.nudgeMs, run: nudge });
    if (idle.endMs !== null) {
      alarms.push({ afterMs: idle.endMs, run: () => hangUp('nobody has said anything for a while') });
    }
    this.#alarms = alarms;
    this.#done.clear();
    this.check();
  }

  /** Somebody has said or sent something: the silence begins anew, with all its alarms. */
  stirred(): void {
    this.#done.clear();
    this.#quietSinceMs = null;
    this.check();
  }

  /** Something has begun or ended that makes it quiet or not. */
  check(): void {
    if (this.#alarms.length === 0) return;
    const { clock, playhead, isBusy } = this.#options;
    this.#stop();
    if (playhead.isAudible) this.#untilSilent = playhead.onSilent(() => this.check());
    if (isBusy() || playhead.isAudible) {
      this.#quietSinceMs = null;
      return;
    }
    this.#quietSinceMs ??= clock.monotonicMs();
    const quietMs = clock.monotonicMs() - this.#quietSinceMs;
    const waiting = this.#alarms.filter((alarm) => !this.#done.has(alarm));
    const next = waiting.toSorted((a, b) => a.afterMs - b.afterMs)[0];
    if (!next) return;
    this.#timer = clock.after(Math.max(next.afterMs - quietMs, 0), () => {
      if (isBusy() || playhead.isAudible) {
        this.check();
        return;
      }
      this.#done.add(next);
      next.run();
      this.check();
    });
  }

  [Symbol.dispose](): void {
    this.#alarms = [];
    this.#stop();
  }

  #stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    this.#untilSilent?.[Symbol.dispose]();
    this.#untilSilent = null;
  }

  /** The protocol's own nudge: the silence becomes an empty item, and the model answers to that. */
  #timeOut(timeoutMs: number): void {
    const { ids, clock, conversation, outbox, heardMs, nudge } = this.#options;
    const endMs = Math.round(heardMs());
    const item = userAudioItem(ids.next('item'), '', clock.nowMs());
    outbox.send({
      type: 'input_audio_buffer.timeout_triggered',
      item_id: item.id,
      audio_start_ms: Math.max(endMs - timeoutMs, 0),
      audio_end_ms: endMs,
    });
    let durable: Promise<void>;
    try {
      durable = conversation.add(item);
    } catch (error) {
      // It was deleted under the session.
      outbox.send(errorEvent(error, null));
      return;
    }
    const placed = { item: toWireItem(item), previous_item_id: conversation.previousIdOf(item.id) };
    outbox.send({
      type: 'input_audio_buffer.committed',
      item_id: item.id,
      previous_item_id: placed.previous_item_id,
    });
    outbox.send({ type: 'conversation.item.added', ...placed });
    outbox.send({ type: 'conversation.item.done', ...placed }, { after: durable });
    nudge();
  }
}
