import type { Agent } from '../agent-file.ts';
import type { Clock, IdSource } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { Owner } from '../conversation/store.ts';
import type { TurnGraph } from '../graph/graph.ts';
import type { ReplyLimits } from '../graph/state.ts';
import type { SessionPatch } from '../protocol/session-config.ts';
import type { Admission } from '../resilience/admission.ts';
import type { Hearing } from './hearing.ts';
import type { Line } from './line.ts';
import type { ResponseDeps } from './response-deps.ts';

export interface SessionDeps extends ResponseDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly graph: TurnGraph;
  readonly agent: Agent;
  readonly limits: ReplyLimits;
  readonly admission: Pick<Admission, 'turn'>;
  readonly hearing: Hearing;
  readonly anticipate: (owner: Owner, text: string) => void;
  /** What happens in a silence; null: nothing. */
  readonly idle: {
    /** The agent speaks up. */
    readonly nudgeMs: number | null;
    /** The connection is closed. */
    readonly endMs: number | null;
  };
}

export interface SessionOptions {
  readonly conversation: Conversation;
  /** The `model` that the client named; it is echoed and means nothing. */
  readonly model: string;
  /** What the client's ephemeral key was minted with. */
  readonly patch: SessionPatch | null;
  readonly line: Line;
  /** The session wants to end, with the reason for the client. */
  readonly onHangUp: (reason: string) => void;
}
