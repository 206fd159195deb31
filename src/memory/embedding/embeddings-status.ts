import type { EngineStatus } from '../../engine-status.ts';

interface Known {
  /** No embedder is wanted. */
  readonly isOff: boolean;
  /** Of all embedders that have been asked, best first. */
  readonly statuses: readonly EngineStatus[];
  /** Of the one in use; null while none answers. */
  readonly used: EngineStatus | null;
  /** Whether the store takes its vectors. */
  readonly isInUse: boolean;
  /** Memories that a running backfill has embedded; null when none runs. */
  readonly embedded: number | null;
  readonly setAside: number;
  /** Why the last attempt to embed what is remembered ended; null when it went well. */
  readonly failure: string | null;
}

const LEXICAL = 'retrieval is lexical, by words and their stems';

/** What the embeddings are and why, in one sentence. */
export function describeEmbeddings(known: Known): EngineStatus {
  const { isOff, statuses, used, isInUse, embedded, setAside, failure } = known;
  const none: EngineStatus = {
    part: 'embeddings',
    engine: 'none',
    detail: '',
    state: 'degraded',
    reason: '',
  };
  if (isOff) return { ...none, state: 'ready', reason: `${LEXICAL}: EMBEDDINGS=none` };
  if (!used) {
    const coming = statuses.find(({ state }) => state === 'starting');
    if (coming) return { ...coming, reason: `${coming.reason}; until then ${LEXICAL}` };
    if (statuses.length === 0) {
      return { ...none, state: 'starting', reason: `looking for an embedding model; until then ${LEXICAL}` };
    }
    const why = statuses.map(({ reason }) => reason).join('; ');
    return { ...none, reason: `${LEXICAL}: ${why}` };
  }
  if (failure !== null) {
    return { ...used, state: 'degraded', reason: `what is remembered cannot be embedded now: ${failure}` };
  }
  if (!isInUse)
    return { ...used, state: 'starting', reason: `${used.reason}; the memory is made ready for it` };
  if (embedded !== null) {
    const reason = `embedding what is remembered: ${embedded} so far; ${used.reason}`;
    return { ...used, state: 'starting', reason };
  }
  if (setAside === 0) return used;
  const [what, whose] = setAside === 1 ? ['memory', 'its'] : ['memories', 'their'];
  const cannot = `${setAside} ${what} cannot be embedded: only ${whose} words are compared`;
  return { ...used, reason: `${used.reason}; ${cannot}` };
}
