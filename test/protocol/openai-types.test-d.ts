import type { RealtimeSessionCreateResponse } from 'openai/resources/realtime/client-secrets';
import type {
  ConversationItem as OpenAiItem,
  RealtimeClientEvent,
  RealtimeServerEvent,
} from 'openai/resources/realtime/realtime';
import type * as z from 'zod';
import type { clientEvent } from '../../src/protocol/client-events.ts';
import type { ServerEvent } from '../../src/protocol/server-events.ts';
import type { WireItem } from '../../src/protocol/wire-item.ts';
import type { Nothing, OrNull, Plain, UnknownFields } from '../support/type-checks.ts';

/*
 * Nothing here runs: `tsc` is the test. It fails when one of our events has a type, a field or a value that the
 * official client's types do not know, and the other way round for what a client may send.
 */

// --- What we send -----------------------------------------------------------------------------------------------

/** Settings that we echo as the client said them have no type of ours. */
type Echoed = 'tracing' | 'truncation' | 'prompt' | 'include' | 'noise_reduction' | 'tools' | 'tool_choice';

/** Without the echoed fields, at any depth. */
type Checked<T> = T extends readonly (infer Entry)[]
  ? Checked<Entry>[]
  : T extends object
    ? { [K in keyof T as K extends Echoed ? never : K]: Checked<T[K]> }
    : T;

type TheirServerEvent<Type> = Extract<RealtimeServerEvent, { type: Type }>;

/** Their event; the rates of telephones and the identity of a session are in the service, not in the types. */
type Widened<T> = T extends 24_000
  ? 8_000 | 16_000 | 24_000
  : T extends readonly (infer Entry)[]
    ? Widened<Entry>[]
    : T extends object
      ? { [K in keyof T]: Widened<T[K]> }
      : T;

type Mismatch<Event extends { type: string }> = Event extends unknown
  ? Checked<Event> extends OrNull<Widened<Checked<TheirServerEvent<Event['type']>>>>
    ? never
    : Event['type']
  : never;

type SessionIdentity = Pick<RealtimeSessionCreateResponse, 'id' | 'object' | 'expires_at'>;
type WithIdentity<T> = T extends { session: infer S }
  ? Omit<T, 'session'> & { session: S & SessionIdentity }
  : T;

/** The one setting that is ours; it is echoed to those who set it. */
type OurField = '.session.audio.input.half_duplex';

type Unknown<Event extends { type: string }> = Event extends unknown
  ? Exclude<UnknownFields<Event, WithIdentity<TheirServerEvent<Event['type']>>>, OurField>
  : never;

export type EveryEventIsAssignableToTheirs = Nothing<Mismatch<ServerEvent>>;
export type EveryFieldIsOneOfTheirs = Nothing<Unknown<ServerEvent>>;
export type EveryItemIsOneOfTheirs = Nothing<WireItem extends OrNull<OpenAiItem> ? never : WireItem>;

// --- What we accept ---------------------------------------------------------------------------------------------

/** Their parts make every field optional; a part that means something has its type and what belongs to it. */
type Part<C, Type, Field extends keyof C> = Omit<C, 'type' | Field> & { type: Type } & Required<
    Pick<C, Field>
  >;
type Content<M> = M extends { content: (infer C)[] } ? C : never;
type Role<R> = Extract<OpenAiItem, { role: R }>;
type Message<R, C> = Omit<Role<R>, 'content'> & { content: C[] };

type TheirItem =
  | Message<'system', Part<Content<Role<'system'>>, 'input_text', 'text'>>
  | Message<
      'user',
      | Part<Content<Role<'user'>>, 'input_text', 'text'>
      | Part<Content<Role<'user'>>, 'input_audio', 'audio'>
      | Part<Content<Role<'user'>>, 'input_image', 'image_url'>
    >
  | Message<
      'assistant',
      | Part<Content<Role<'assistant'>>, 'output_text', 'text'>
      | Part<Content<Role<'assistant'>>, 'output_audio', 'transcript'>
    >
  | Extract<OpenAiItem, { type: 'function_call' | 'function_call_output' }>;

/** Items of MCP servers are left out: there are none here, and the decoder says so. */
type TheirClientEvent<E> = E extends { type: 'conversation.item.create' }
  ? Omit<E, 'item'> & { item: TheirItem }
  : E extends { type: 'response.create'; response?: infer R }
    ? Omit<E, 'response'> & { response?: Omit<NonNullable<R>, 'input'> & { input?: TheirItem[] } }
    : E;

/** Our own events aside: nobody else knows them. */
type Input = Exclude<z.input<typeof clientEvent>, { type: `vivavoce.${string}` }>;
type InputOf<E> = E extends { type: infer Type } ? Extract<Input, { type: Type }> : never;

type Refused<E> = E extends { type: infer Type }
  ? Plain<TheirClientEvent<E>> extends InputOf<E>
    ? never
    : Type
  : never;

export type WhatTheirClientSendsIsAccepted = Nothing<Refused<RealtimeClientEvent>>;
export type EveryAcceptedTypeIsOneOfTheirs = Nothing<Exclude<Input['type'], RealtimeClientEvent['type']>>;
export type EveryTypeOfTheirsIsAccepted = Nothing<Exclude<RealtimeClientEvent['type'], Input['type']>>;

type UnknownInput<E> = E extends { type: infer Type }
  ? Exclude<UnknownFields<E, TheirClientEvent<Extract<RealtimeClientEvent, { type: Type }>>>, OurField>
  : never;

export type EveryAcceptedFieldIsOneOfTheirs = Nothing<UnknownInput<Input>>;

// --- The checks themselves: they have to notice a renamed field ---------------------------------------------------

type Renamed<E, From, To extends string> = { [K in keyof E as K extends From ? To : K]: E[K] };
type Sent<Type> = Extract<ServerEvent, { type: Type }>;
type Stopped = Renamed<Sent<'input_audio_buffer.speech_stopped'>, 'audio_end_ms', 'end_ms'>;
type Committed = Renamed<Sent<'input_audio_buffer.committed'>, 'previous_item_id', 'previous'>;
type Done = {
  type: 'response.done';
  response: Renamed<Sent<'response.done'>['response'], 'usage', 'tokens'>;
};
type Truncate = Renamed<Extract<Input, { type: 'conversation.item.truncate' }>, 'audio_end_ms', 'end_ms'>;

// @ts-expect-error a required field has another name
export type NoticesRequired = Nothing<Mismatch<Stopped>>;
// @ts-expect-error an optional field has another name
export type NoticesOptional = Nothing<Unknown<Committed>>;
// @ts-expect-error a field deep inside has another name
export type NoticesDeep = Nothing<Unknown<Done>>;
// @ts-expect-error an event has another name
export type NoticesType = Nothing<Mismatch<{ type: 'response.text.delta'; event_id: string }>>;
// @ts-expect-error a field of a client event has another name
export type NoticesInput = Nothing<UnknownInput<Truncate>>;
