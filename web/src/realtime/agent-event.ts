import type { ExtensionEvent, Numbered } from '../../../src/protocol/extension-events.ts';
import type { ServerEvent } from '../../../src/protocol/server-events.ts';

/** What the server sends. */
export type AgentEvent = (ServerEvent | ExtensionEvent) & Numbered;
