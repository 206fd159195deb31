import type { ExtensionEvent } from '../protocol/extension-events.ts';
import type { ServerEventBody } from '../protocol/server-events.ts';

type WithoutId<E> = E extends unknown ? Omit<E, 'event_id'> : never;

export type ExtensionEventBody = WithoutId<ExtensionEvent>;

/** Anything that may leave on a connection, before its `event_id` is put on. */
export type Outgoing = ServerEventBody | ExtensionEventBody;
