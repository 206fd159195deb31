import type { EngineStatus } from '../engine-status.ts';
import type { Outgoing } from '../session/outgoing.ts';

/*
 * Why an engine is as it is names the address where it runs: nobody's business who does not operate the service.
 */

/** As libraries write it: a URL, an IP address, a name with its port, what a system error or a timeout is about. */
const ADDRESS = new RegExp(
  [
    /\b\w+:\/\/[^\s"'),;]+/,
    /(?<=\bE[A-Z_]{3,20} |\battempted address(?:es)?: )[^\s"'),;]+(?:, [\d.:a-f]+:\d+)*/,
    /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?/,
    /(?<![\da-fA-F:])\[?[\da-fA-F]{0,4}(?::[\da-fA-F]{0,4}){2,8}\]?:\d+/,
    /(?<![\w.-])[a-zA-Z][\w-]*(?:\.[\w-]+)*\.[a-zA-Z][\w-]*:\d{2,5}\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

export function withoutReason(status: EngineStatus): EngineStatus {
  return { ...status, detail: '', reason: 'send a key with the scope "operate" to read why' };
}

/** What went wrong, but not where. */
export function withoutAddresses(message: string): string {
  return message.replace(ADDRESS, '…');
}

/** The same event; what people said is left as it is. */
export function hideAddresses(event: Outgoing): Outgoing {
  switch (event.type) {
    case 'error':
      return { ...event, error: withoutAddressIn(event.error) };
    case 'conversation.item.input_audio_transcription.failed':
      return { ...event, error: withoutAddressIn(event.error) };
    case 'response.done': {
      const { status_details: details } = event.response;
      if (!details?.error) return event;
      const hidden = { ...details, error: withoutAddressIn(details.error) };
      return { ...event, response: { ...event.response, status_details: hidden } };
    }
    case 'vivavoce.turn.traced':
      return {
        ...event,
        degraded: event.degraded.map((one) => ({ ...one, reason: withoutAddresses(one.reason) })),
        nodes: event.nodes.map((one) => ({
          ...one,
          degraded: one.degraded && withoutAddresses(one.degraded),
        })),
      };
    case 'vivavoce.speech.skipped':
      return { ...event, reason: withoutAddresses(event.reason) };
    default:
      return event;
  }
}

function withoutAddressIn<E extends { message?: string }>(error: E): E {
  return error.message === undefined ? error : { ...error, message: withoutAddresses(error.message) };
}
