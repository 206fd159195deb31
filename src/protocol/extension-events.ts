import * as z from 'zod';
import type { EngineStatus } from '../engine-status.ts';
import { wireUsage } from './wire-response.ts';

/* Our own events. They are sent on connections with `?extensions=vivavoce` and on no other. */

const shared = { event_id: z.string().min(1) };

/** A moment of a turn, milliseconds after the turn began. */
const mark = z.strictObject({ name: z.string(), at_ms: z.number() });

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
    usage: wireUsage,
    /** Null when the price of the model is not known; local engines cost 0. */
    cost: z.strictObject({ amount: z.number(), currency: z.string() }).nullable(),
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
]);

export type ExtensionEvent = z.infer<typeof extensionEvent>;
export type TurnMark = z.infer<typeof mark>;
