import { createHook } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into the service before its own code (`NODE_OPTIONS=--expose-gc --import=…`). Garbage is collected when the
 * metrics are asked for, so that what they say of the heap is what is held; and the answer has a header with what is
 * alive: asynchronous resources by kind. `getActiveResourcesInfo` leaves out what does not keep the process alive, and
 * so all timers of the service.
 */

export const RESOURCES_HEADER = 'x-resources';

if (isMainThread) {
  const alive = new Map<number, string>();
  createHook({
    init: (id, kind) => void alive.set(id, kind),
    destroy: (id) => void alive.delete(id),
    trackPromises: false,
  }).enable();

  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.url !== '/metrics') return;
    globalThis.gc?.();
    const counts: Record<string, number> = {};
    for (const kind of alive.values()) counts[kind] = (counts[kind] ?? 0) + 1;
    response.setHeader(RESOURCES_HEADER, JSON.stringify(counts));
  });
}
