import { lengthOfPcm16Ms } from '../audio/pcm.ts';
import type { AgentEvent } from './agent-event.ts';
import { Unanswered } from './unanswered.ts';

/** Where a session can be gone on with. */
export interface ResumePlace {
  readonly token: string;
  /** The last event that is here. */
  readonly after: number;
  /** How far the newest audio is here, which has no numbers. */
  readonly audio: { readonly itemId: string; readonly endMs: number } | null;
}

/** What is known of a session, and needed to come back to it. In memory only: a page that is loaded anew begins anew. */
export class SessionTrail {
  readonly unanswered = new Unanswered();
  #ticket: { readonly token: string; readonly seconds: number } | null = null;
  #last = -1;
  #audio: ResumePlace['audio'] = null;
  readonly #answers = new Set<string>();

  /** Null when there is no way back. */
  get place(): ResumePlace | null {
    return this.#ticket && { token: this.#ticket.token, after: this.#last, audio: this.#audio };
  }

  /** An answer is being made: more of it is to come. */
  get isAnswering(): boolean {
    return this.#answers.size > 0;
  }

  /** How long after a loss the server keeps the session. */
  get keptMs(): number {
    return (this.#ticket?.seconds ?? 0) * 1000;
  }

  /** Takes note of an event. `known`: it has come before. `gap`: there are some between it and the last one. */
  note(event: AgentEvent): 'next' | 'known' | 'gap' {
    const { sequence } = event;
    if (sequence !== undefined) {
      if (sequence <= this.#last) return 'known';
      if (sequence > this.#last + 1) return 'gap';
      this.#last = sequence;
    }
    if (event.type === 'session.created') this.#ticket = event.resume ?? null;
    if (event.type === 'response.created') this.#answers.add(event.response.id);
    if (event.type === 'response.done') this.#answers.delete(event.response.id);
    if (event.type === 'response.output_audio.delta' && event.audio_offset_ms !== undefined) {
      this.#audio = { itemId: event.item_id, endMs: event.audio_offset_ms + lengthOfPcm16Ms(event.delta) };
    }
    this.unanswered.heard(event);
    return 'next';
  }
}
