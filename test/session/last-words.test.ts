import { describe, expect, it } from 'vitest';
import type { ManualClock } from '../support/manual-clock.ts';
import { SessionHarness } from '../support/session-harness.ts';

/** Ten sentences of a second each, of which the model is done at once. */
const LONG = Array.from({ length: 10 }, () => 'One two three four five six seven eight nine ten.').join(' ');
/** A sentence and the pause in front of it. */
const SENTENCE_MS = 1_000 + 220;
const AHEAD_MS = 2_000;

function finished(harness: SessionHarness, clock: ManualClock) {
  const state = { atMs: null as number | null };
  void harness.session.finish({ sentencesOnly: true }).then(() => {
    state.atMs = clock.monotonicMs();
    return harness.session[Symbol.asyncDispose]();
  });
  return state;
}

/** It is sent no more than two seconds ahead of what it plays. */
function paces(harness: SessionHarness): void {
  harness.receive({
    type: 'vivavoce.playback.reported',
    item_id: 'any',
    audio_played_ms: 0,
    is_playing: true,
  });
}

describe('a server that stops while a client is sent no more than it plays', () => {
  it('begins no further sentence of an answer of which the words are there already', async () => {
    const harness = await SessionHarness.start([[LONG]], { line: { hasExtensions: true } });
    paces(harness);
    harness.say('Count for me.');
    await harness.clock.advance(500);
    const startedMs = harness.clock.monotonicMs();
    const state = finished(harness, harness.clock);
    await harness.clock.advance(30_000);
    // What it was sent by then, and the rest of that sentence.
    expect((state.atMs ?? Number.POSITIVE_INFINITY) - startedMs).toBeLessThan(AHEAD_MS + SENTENCE_MS);
    // Whole sentences, and not one more.
    expect((Math.round(harness.audioMs) + 220) % SENTENCE_MS).toBe(0);
    // It was heard before anybody said goodbye.
    const [, reply] = await harness.items();
    const heard = LONG.slice(0, 3 * 'One two three four five six seven eight nine ten. '.length - 1);
    expect(reply).toMatchObject({ status: 'incomplete', reply: { heard } });
  });

  it('does not wait for one that stands still', async () => {
    const harness = await SessionHarness.start([['One two three.']], { line: { hasExtensions: true } });
    harness.say('Count for me.');
    await harness.clock.settle();
    const itemId = harness.last('response.output_audio.delta').item_id;
    harness.receive({
      type: 'vivavoce.playback.reported',
      item_id: itemId,
      audio_played_ms: 100,
      is_playing: false,
    });
    const state = finished(harness, harness.clock);
    await harness.clock.settle();
    expect(state.atMs).toBe(0);
  });

  it('lets the sentence of a greeting come to its end that is being said', async () => {
    const agent = { name: 'Test', instructions: '', voice: null, greeting: LONG, pronunciations: {} };
    const harness = await SessionHarness.start([], { line: { hasExtensions: true }, deps: { agent } });
    paces(harness);
    await harness.clock.advance(500);
    const state = finished(harness, harness.clock);
    await harness.clock.advance(30_000);
    expect(state.atMs).toBeGreaterThan(500);
    expect(harness.audioMs).toBeGreaterThan(2_000);
    expect((Math.round(harness.audioMs) + 220) % SENTENCE_MS).toBe(0);
  });

  it('does not begin a greeting that was going to be said', async () => {
    const agent = { name: 'Test', instructions: '', voice: null, greeting: LONG, pronunciations: {} };
    const harness = await SessionHarness.start([], { line: { hasExtensions: true }, deps: { agent } });
    const state = finished(harness, harness.clock);
    await harness.clock.advance(1_000);
    expect([state.atMs, harness.all('response.created')]).toEqual([0, []]);
  });
});
