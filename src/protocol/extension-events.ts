import * as z from 'zod';
import type { EngineStatus } from '../engine-status.ts';
import { anyId } from './limits.ts';
import { wireUsage } from './wire-response.ts';

/* Our own events. They are sent on connections with `?extensions=vivavoce` and on no other. */

const shared = { event_id: z.string().min(1) };

/** A moment of a turn, milliseconds after the turn began. */
const mark = z.strictObject({ name: z.string(), at_ms: z.number() });

const turnNode = z.strictObject({
  name: z.string(),
  /** Milliseconds after the turn began; negative when it began while the person still spoke. */
  start_ms: z.number(),
  end_ms: z.number(),
  /** Why it gave less than it should, in plain words; null when all is well. */
  degraded: z.string().nullable(),
});

const recalledMemory = z.strictObject({
  /** Of `/v1/memories`; null for something that was said and is not a memory yet. */
  id: z.string().nullable(),
  text: z.string(),
  /** A kind of memory, or a word for what is none yet. */
  kind: z.string(),
  /** Seconds since 1970. */
  said_at: z.int(),
  /** Relevance, recency and importance together. */
  score: z.number(),
});

const engineStatus: z.ZodType<EngineStatus> = z.strictObject({
  part: z.string(),
  engine: z.string(),
  detail: z.string(),
  state: z.enum(['ready', 'starting', 'degraded', 'failed']),
  reason: z.string(),
});

export const extensionEvent = z.discriminatedUnion('type', [
  z.strictObject({
    ...shared,
    type: z.literal('vivavoce.turn.traced'),
    response_id: z.string(),
    marks: z.array(mark),
    /** What the turn had to do without, each with its reason in plain words. */
    degraded: z.array(z.strictObject({ part: z.string(), reason: z.string() })),
    /** The steps of the turn, in the order in which they ended; those that ran side by side overlap. */
    nodes: z.array(turnNode),
    /** The step that the model waited for: of those before it the one that ended last. Null when there was none. */
    waited_for: z.string().nullable(),
    usage: wireUsage,
    /** Null when the price of the model is not known; local engines cost 0. */
    cost: z.strictObject({ amount: z.number(), currency: z.string() }).nullable(),
  }),
  /** What the model was given to answer with. Before the answer ends; not sent when nothing was asked of the memory. */
  z.strictObject({
    ...shared,
    type: z.literal('vivavoce.memory.recalled'),
    response_id: z.string(),
    /** `stale`: the memory was too slow, and this is what it answered before; `none`: too slow, and nothing known. */
    source: z.enum(['cache', 'search', 'stale', 'none']),
    /** Best first. */
    memories: z.array(recalledMemory),
    /** How long the turn waited for it. */
    wait_ms: z.number().min(0),
  }),
  z.strictObject({
    ...shared,
    type: z.literal('vivavoce.speech.skipped'),
    response_id: z.string(),
    item_id: z.string(),
    /** What was not spoken, and why, in plain words. */
    text: z.string(),
    reason: z.string(),
  }),
  z.strictObject({
    ...shared,
    type: z.literal('vivavoce.engines.changed'),
    engines: z.array(engineStatus),
  }),
  /** What has been understood of what is being said; each replaces the one before. `item_id` as in `speech_started`. */
  z.strictObject({
    ...shared,
    type: z.literal('vivavoce.transcript.partial'),
    item_id: z.string(),
    text: z.string(),
  }),
  /** Somebody makes a sound while the agent speaks: stop the sound, keep the place. Resumed or interrupted next. */
  z.strictObject({ ...shared, type: z.literal('vivavoce.output.ducked'), item_id: z.string() }),
  /** It was nothing: go on where it stopped. An interruption is `input_audio_buffer.speech_started` instead. */
  z.strictObject({ ...shared, type: z.literal('vivavoce.output.resumed'), item_id: z.string() }),
  /**
   * The client is back and has everything that it missed. About the connection, so it has no `sequence`. `last_event_id`:
   * the newest event of the client that has arrived, and all before it; null when none had an `event_id`.
   */
  z.strictObject({
    ...shared,
    type: z.literal('vivavoce.session.resumed'),
    replayed: z.int().min(0),
    last_event_id: z.string().nullable(),
  }),
  /** Audio that was made while nobody was connected: it goes on with the next sentence, at `audio_end_ms` of the item. */
  z.strictObject({
    ...shared,
    type: z.literal('vivavoce.audio.skipped'),
    response_id: z.string(),
    item_id: z.string(),
    audio_start_ms: z.number().min(0),
    audio_end_ms: z.number().min(0),
  }),
]);

/**
 * What every event carries on a connection with our extension, so that a client that was cut off can come back.
 *
 * `sequence` counts from 0 without a gap, over all connections of a session; audio deltas have none and are not sent
 * again. A client comes back with `?extensions=vivavoce&resume=TOKEN&after=SEQUENCE`, the last one that it has: it gets
 * what it missed, then `vivavoce.session.resumed`, and what it had sent behind `last_event_id` it sends again with the
 * same `event_id`, of which the server takes each once: also what was said into the microphone in the meantime.
 */
export const numbered = {
  sequence: z.int().min(0).optional(),
  /** On `session.created`. */
  resume: z.strictObject({ token: z.string(), seconds: z.number() }).optional(),
  /** On `response.output_audio.delta`: where in the item's audio it begins, also behind a gap. */
  audio_offset_ms: z.number().min(0).optional(),
};

/** What a client may tell us beyond the protocol. */
export const extensionClientEvents = [
  /** How much of the audio of a reply has come out of the speaker. Several times a second while it plays. */
  z.object({
    event_id: z.string().optional().catch(undefined),
    type: z.literal('vivavoce.playback.reported'),
    item_id: anyId,
    audio_played_ms: z.number().min(0),
    /** False: it stands still at that place (ducked, starved, stopped, at its end). */
    is_playing: z.boolean(),
  }),
  /** A muted microphone, or one that is turned off, is heard as silence, so that whoever was speaking has finished. */
  z.object({
    event_id: z.string().optional().catch(undefined),
    type: z.literal('vivavoce.input.muted'),
    muted: z.boolean(),
  }),
] as const;

export type ExtensionEvent = z.infer<typeof extensionEvent>;
export type Numbered = z.infer<z.ZodObject<typeof numbered>>;
export type RecalledMemory = z.infer<typeof recalledMemory>;
export type TurnMark = z.infer<typeof mark>;
