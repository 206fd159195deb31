import { VivavoceError } from '../errors.ts';
import type { MemoryRecalled } from '../graph/state.ts';
import type { WireResponse, WireStatusDetails } from '../protocol/wire-response.ts';
import type { ExtensionEventBody } from './outgoing.ts';
import type { ResponsePlan } from './response-plan.ts';

interface Outcome extends Pick<WireResponse, 'status' | 'output' | 'usage'> {
  readonly details: WireStatusDetails | null;
}

/** A response as `response.created` and `response.done` show it. */
export function toWireResponse(id: string, plan: ResponsePlan, outcome: Outcome): WireResponse {
  const { conversation, modality, maxOutputTokens, format, voice, metadata } = plan;
  const { status, details, output, usage } = outcome;
  return {
    id,
    object: 'realtime.response',
    status,
    status_details: details,
    output,
    conversation_id: conversation?.id ?? null,
    output_modalities: [modality],
    max_output_tokens: maxOutputTokens,
    audio: { output: { format, voice } },
    usage,
    metadata,
  };
}

/** Of our errors all is told, of others only that there was one. */
export function failedBecause(error: unknown): WireStatusDetails {
  const code = error instanceof VivavoceError ? error.code : 'internal_error';
  const message = error instanceof VivavoceError ? error.message : 'The answer could not be made.';
  return { type: 'failed', error: { type: 'server_error', code, message } };
}

/** What was remembered for a response. */
export function recalledEvent(
  responseId: string,
  { source, memories, waitedMs }: MemoryRecalled,
): ExtensionEventBody {
  return {
    type: 'vivavoce.memory.recalled',
    response_id: responseId,
    source,
    memories: memories.map(({ id, kind, text, validAtMs, score }) => {
      return { id, kind, text, said_at: Math.floor(validAtMs / 1000), score };
    }),
    wait_ms: waitedMs,
  };
}
