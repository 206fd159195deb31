import type { EngineStatus } from '../engine-status.ts';

/** Reasons name addresses of engines, and those are nobody's business who does not operate the service. */
export function withoutReason(status: EngineStatus): EngineStatus {
  return { ...status, detail: '', reason: 'send a key with the scope "operate" to read why' };
}
