import type { Transcript } from '../speech/stt/transcriber.ts';
import type { UserUtterance } from './user-utterance.ts';

/** What a listener has to tell. An utterance that has begun is `ended` or `dropped` once. */
export interface ListenerEvents {
  /** Somebody has begun to speak. */
  begun(utterance: UserUtterance): void;
  /** More speech has come, or more of it has been understood. */
  progressed(utterance: UserUtterance): void;
  /** What it says up to the pause that it is in; the person may yet go on. */
  understood(utterance: UserUtterance, text: string): void;
  /** The person goes on after a pause. */
  wentOn(utterance: UserUtterance): void;
  /** It is over. `isCommitted`: the client said so. */
  ended(utterance: UserUtterance, transcript: Promise<Transcript>, isCommitted: boolean): void;
  /** The client took it back. */
  dropped(utterance: UserUtterance): void;
  failed(error: unknown): void;
}
