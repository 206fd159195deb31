import { VivavoceError } from '../errors.ts';
import type { ServerEventBody } from '../protocol/server-events.ts';

/** What a client is told about an error: of ours everything, of others only that there was one. */
export function errorEvent(error: unknown, eventId: string | null): ServerEventBody {
  if (!(error instanceof VivavoceError)) {
    return {
      type: 'error',
      error: {
        type: 'server_error',
        code: 'internal_error',
        message: 'Something went wrong here; the log of the server tells what. The connection goes on.',
        param: null,
        event_id: eventId,
      },
    };
  }
  return {
    type: 'error',
    error: {
      type: error.isFaultOfCaller() ? 'invalid_request_error' : 'server_error',
      code: error.wireCode ?? error.code,
      message: error.message,
      param: error.param,
      event_id: eventId,
    },
  };
}
