import * as z from 'zod';
import { clientItem, responseInputItem } from './client-items.ts';
import { extensionClientEvents } from './extension-events.ts';
import { anyId, longText, MAX_AUDIO_CHARS, metadata, passedOn } from './limits.ts';
import {
  audioOutput,
  maxOutputTokens,
  outputModalities,
  sessionPatch,
  tool,
  toolChoice,
} from './session-config.ts';

/*
 * The events that a client may send. Fields that are not named here pass without a word and are dropped; a field
 * that is named is one that this program uses.
 */

const shared = { event_id: z.string().optional().catch(undefined) };

export const responseParams = z.object({
  conversation: z.string().min(1).max(256).nullish(),
  input: z.array(responseInputItem).max(10_000).nullish(),
  instructions: longText.nullish(),
  output_modalities: outputModalities.nullish(),
  audio: z.object({ output: audioOutput.omit({ speed: true }).nullish() }).nullish(),
  tools: z.array(tool).max(1_000).nullish(),
  tool_choice: toolChoice.nullish(),
  max_output_tokens: maxOutputTokens.nullish(),
  metadata: metadata.nullish(),
  prompt: passedOn.optional(),
});

/** Settings of one response that go before those of the session. */
export type ResponseParams = z.infer<typeof responseParams>;

export const clientEvent = z.discriminatedUnion('type', [
  z.object({ ...shared, type: z.literal('session.update'), session: sessionPatch }),
  z.object({
    ...shared,
    type: z.literal('input_audio_buffer.append'),
    audio: z.string().max(MAX_AUDIO_CHARS),
  }),
  z.object({ ...shared, type: z.literal('input_audio_buffer.commit') }),
  z.object({ ...shared, type: z.literal('input_audio_buffer.clear') }),
  z.object({ ...shared, type: z.literal('output_audio_buffer.clear') }),
  z.object({
    ...shared,
    type: z.literal('conversation.item.create'),
    item: clientItem,
    /** `root` puts the item in front of all others. */
    previous_item_id: anyId.nullish(),
  }),
  z.object({ ...shared, type: z.literal('conversation.item.retrieve'), item_id: anyId }),
  z.object({ ...shared, type: z.literal('conversation.item.delete'), item_id: anyId }),
  z.object({
    ...shared,
    type: z.literal('conversation.item.truncate'),
    item_id: anyId,
    content_index: z.int().min(0),
    /** Whoever uses it clamps it to what was sent: one SDK sends wall-clock time. */
    audio_end_ms: z.number(),
  }),
  z.object({ ...shared, type: z.literal('response.create'), response: responseParams.nullish() }),
  z.object({ ...shared, type: z.literal('response.cancel'), response_id: anyId.nullish() }),
  ...extensionClientEvents,
]);

export type ClientEvent = z.infer<typeof clientEvent>;
export type ClientEventType = ClientEvent['type'];

/** Every event by its name. */
export const clientEventTypes: ReadonlySet<string> = new Set<ClientEventType>(
  clientEvent.options.map((option) => option.shape.type.value),
);

/** What a client gets to read about an event that cannot be used. */
export interface ProtocolError {
  readonly type: 'invalid_request_error';
  readonly code: ProtocolErrorCode;
  readonly message: string;
  /** The field at fault, as a path: `session.audio.output.format.type`. */
  readonly param: string | null;
  /** The id of the client's event, when it has one. */
  readonly event_id: string | null;
}

export type ProtocolErrorCode =
  /** Not JSON, not an object, or without a `type`. */
  | 'invalid_event'
  /** A `type` that is not one of the protocol. */
  | 'unknown_event'
  | 'missing_required_parameter'
  | 'invalid_value';

export type Decoded =
  | { readonly ok: true; readonly event: ClientEvent }
  | { readonly ok: false; readonly error: ProtocolError };

/**
 * Reads one frame of a client. Never throws, whatever the frame holds.
 *
 * `translate` turns another dialect's JSON into ours first (`fromBeta`); it must not throw either.
 */
export function decodeClientEvent(text: string, translate?: (json: unknown) => unknown): Decoded {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse('invalid_event', `The event is not JSON: ${(error as Error).message}`, null, null);
  }
  return checkClientEvent(translate ? translate(json) : json);
}

/** The same for JSON that was parsed already. */
export function checkClientEvent(json: unknown): Decoded {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return refuse('invalid_event', `An event is a JSON object with a "type". ${KNOWN}`, null, null);
  }
  const { type, audio, event_id } = json as Record<string, unknown>;
  const eventId = typeof event_id === 'string' ? event_id : null;
  if (typeof type !== 'string') {
    return refuse('invalid_event', `The event has no "type". ${KNOWN}`, 'type', eventId);
  }
  if (!clientEventTypes.has(type)) {
    return refuse('unknown_event', `There is no event "${clip(type)}". ${KNOWN}`, 'type', eventId);
  }
  // Fifty times a second for every speaker: what the schema would say of it, without the schema.
  if (type === 'input_audio_buffer.append' && typeof audio === 'string' && audio.length <= MAX_AUDIO_CHARS) {
    return { ok: true, event: eventId === null ? { type, audio } : { type, audio, event_id: eventId } };
  }
  const checked = clientEvent.safeParse(json);
  return checked.success
    ? { ok: true, event: checked.data }
    : refuseIssue(firstIssue(checked.error), json, eventId);
}

const KNOWN = `Known are: ${[...clientEventTypes].join(', ')}.`;

function firstIssue(error: z.ZodError): z.core.$ZodIssue {
  return error.issues[0] as z.core.$ZodIssue;
}

function refuseIssue(issue: z.core.$ZodIssue, json: object, eventId: string | null): Decoded {
  const param = pathText(issue.path);
  return valueAt(json, issue.path) === undefined
    ? refuse('missing_required_parameter', `"${param}" is missing: ${issue.message}`, param, eventId)
    : refuse('invalid_value', `"${param}" cannot be used: ${issue.message}`, param, eventId);
}

function refuse(
  code: ProtocolErrorCode,
  message: string,
  param: string | null,
  eventId: string | null,
): Decoded {
  return { ok: false, error: { type: 'invalid_request_error', code, message, param, event_id: eventId } };
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** `['session','tools',0,'name']` as `session.tools[0].name`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${clip(String(key))}`))
    .join('')
    .replace(/^\./, '');
}

/** Names come from the client and can be a megabyte long; its own answer needs the beginning only. */
function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
