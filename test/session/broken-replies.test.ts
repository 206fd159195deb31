import { describe, expect, it } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { NO_ANSWER } from '../../src/nodes/apology.ts';
import type { ModelStep } from '../support/scripted-model.ts';
import { SessionHarness } from '../support/session-harness.ts';

const fault = new VivavoceError('engine_failed', 'the model broke');
const written = { output_modalities: ['text'] };
const LOST = 'The answer is for… I lost my train of thought.';
const HALF: readonly ModelStep[] = ['The answer', ' is for', 100, fault];

async function turn(script: readonly ModelStep[], response: object = {}): Promise<SessionHarness> {
  const harness = await SessionHarness.start([script, ['Forty-two.']]);
  harness.say('What is the answer?', response);
  await harness.clock.advance(5_000);
  return harness;
}

const asked = (harness: SessionHarness) => harness.voice.asked.map(({ text }) => text);

describe('an answer that breaks off', () => {
  it('is ended aloud, kept as it was said, and fails', async () => {
    const harness = await turn(HALF);
    expect(harness.last('response.done').response).toMatchObject({
      status: 'failed',
      status_details: { type: 'failed', error: { code: 'engine_failed', message: 'the model broke' } },
      output: [{ status: 'incomplete', content: [{ transcript: LOST }] }],
    });
    expect(asked(harness)).toEqual(['The answer is for…', 'I lost my train of thought.']);
    expect(harness.audioMs).toBeGreaterThan(0);
    const [, reply] = await harness.items();
    expect(reply).toMatchObject({ status: 'incomplete', reply: { generated: LOST, sent: LOST } });
  });

  it('marks its turn', async () => {
    const harness = await turn(HALF);
    expect(harness.last('vivavoce.turn.traced')).toMatchObject({
      degraded: [{ part: 'respond', reason: 'the model broke' }],
    });
  });

  it('is what the model reads in the next turn', async () => {
    const harness = await turn(HALF, written);
    harness.say('And now?', written);
    await harness.clock.advance(1_000);
    const read = harness.model.requests[1]?.messages.filter(({ role }) => role !== 'system');
    expect(read).toMatchObject([
      { role: 'user', text: 'What is the answer?' },
      { role: 'assistant', text: LOST },
      { role: 'user', text: 'And now?' },
    ]);
    expect(harness.last('response.done').response.status).toBe('completed');
  });

  it('is not ended in words when somebody interrupts it', async () => {
    const harness = await SessionHarness.start([HALF]);
    harness.say('What is the answer?', written);
    await harness.clock.advance(50);
    harness.receive({ type: 'response.cancel' });
    await harness.clock.advance(1_000);
    const [, reply] = await harness.items();
    expect(reply).toMatchObject({ reply: { generated: 'The answer is for' } });
  });

  it('says nothing more behind a call of a tool', async () => {
    const call = { callId: 'call_1', name: 'look', arguments: '{}' };
    const harness = await turn(['Let me look.', call, fault]);
    expect(asked(harness)).toEqual(['Let me look.']);
    expect(harness.last('response.done').response).toMatchObject({
      status: 'failed',
      output: [{ content: [{ transcript: 'Let me look.' }] }, { type: 'function_call' }],
    });
  });
});

describe('a turn without any answer', () => {
  it('is apologised for aloud, and fails', async () => {
    const harness = await turn([fault]);
    expect(asked(harness).join(' ')).toBe(NO_ANSWER);
    expect(harness.last('response.done').response).toMatchObject({
      status: 'failed',
      status_details: { error: { code: 'engine_failed' } },
      output: [{ status: 'incomplete', content: [{ transcript: NO_ANSWER }] }],
    });
  });

  it('is a failure and nothing else in writing', async () => {
    const harness = await turn([fault], written);
    expect(harness.last('response.done').response).toMatchObject({ status: 'failed', output: [] });
  });

  it('costs no word when there is too much to do', async () => {
    const harness = await turn([new VivavoceError('overloaded', 'come back later')]);
    expect(asked(harness)).toEqual([]);
    expect(harness.last('response.done').response).toMatchObject({
      status: 'failed',
      status_details: { error: { code: 'overloaded' } },
      output: [],
    });
  });

  it('is silence when nobody has asked for it', async () => {
    const harness = await SessionHarness.start([['Hello.'], [fault]], {
      deps: { idle: { nudgeMs: 1_000, endMs: null } },
    });
    harness.say('Hi');
    await harness.clock.advance(10_000);
    expect(harness.model.requests).toHaveLength(2);
    expect(asked(harness)).toEqual(['Hello.']);
  });
});
