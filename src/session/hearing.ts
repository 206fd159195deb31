import type { Transcriber } from '../speech/stt/transcriber.ts';
import type { TurnDetector } from '../speech/turn-detector.ts';
import type { Vad } from '../speech/vad/vad.ts';

/** What a session hears with; shared by all sessions. */
export interface Hearing {
  readonly vad: Vad;
  readonly transcriber: Transcriber;
  readonly turnDetector: TurnDetector;
  /** ISO 639-1, for clients that do not say; null: the recogniser finds out. */
  readonly language: string | null;
  /** Whether a reply is begun before the turn is certainly over, and held back until it is. */
  readonly speculates: boolean;
  /** Why nothing can be heard at the moment and what to do about it; null when all is well. */
  unavailable(): string | null;
}
