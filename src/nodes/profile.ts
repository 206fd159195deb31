import type { Owner } from '../conversation/store.ts';
import type { Recalled } from '../memory/recall/recollection.ts';
import type { Bound, TurnNode } from './node.ts';

/** Who people are. */
export interface ProfileSource {
  profile(owner: Owner): Promise<readonly Recalled[]>;
  /** What was known of them before, at once. */
  staleProfile(owner: Owner): readonly Recalled[];
}

interface Deps {
  readonly memory: ProfileSource;
}

const DEADLINE_MS = 200;

/** Looks up who the person is. */
export function profile({ memory }: Deps): TurnNode {
  return async ({ turn }) => ({ person: turn ? await memory.profile(turn.owner) : [] });
}

export function profileBound({ memory }: Deps): Bound {
  return {
    deadlineMs: DEADLINE_MS,
    degraded: ({ turn }) => ({ person: turn ? memory.staleProfile(turn.owner) : [] }),
  };
}
