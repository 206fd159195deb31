import { expect, it } from 'vitest';
import { textOf } from '../../src/conversation/item.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { SessionHarness } from '../support/session-harness.ts';

type Options = Parameters<typeof SessionHarness.start>[1];

async function speaking(words: string, options: Options = {}): Promise<SessionHarness> {
  const harness = await SessionHarness.start([['I see.'], ['And?']], {
    hearing: (clock: ManualClock) => new ScriptedHearing({ clock, readMs: () => 150 }),
    line: { hasExtensions: true },
    ...options,
  });
  harness.listen();
  await harness.speak(words);
  return harness;
}

const texts = (harness: SessionHarness) => harness.conversation.items.map(textOf);

it('whoever is cut off in the middle of a sentence ends it when the line is back: it is one', async () => {
  const harness = await speaking('my daughter is called');
  harness.session.wentAway();
  await harness.clock.advance(4_900);
  expect(harness.all('input_audio_buffer.speech_stopped')).toEqual([]);
  harness.session.cameBack(null);
  await harness.clock.advance(900);
  await harness.speak('alice');
  await harness.silence(2_000);
  await harness.clock.advance(1_000);
  expect(texts(harness)).toEqual(['my daughter is called alice', 'I see.']);
});

it('whoever does not come back has said what came, and is answered', async () => {
  const harness = await speaking('my daughter is called alice');
  harness.session.wentAway();
  await harness.clock.advance(8_000);
  expect(texts(harness)).toEqual(['my daughter is called alice', 'I see.']);
});

it('whoever comes back and says nothing has finished five seconds later', async () => {
  const harness = await speaking('my daughter is called alice');
  harness.session.wentAway();
  await harness.clock.advance(3_000);
  harness.session.cameBack(null);
  await harness.clock.advance(4_900);
  expect(harness.all('input_audio_buffer.speech_stopped')).toEqual([]);
  await harness.clock.advance(2_000);
  expect(harness.all('input_audio_buffer.speech_stopped')).toHaveLength(1);
});

it('a line that falls silent without a word is waited for as well', async () => {
  const harness = await speaking('my daughter is called');
  await harness.clock.advance(4_500);
  await harness.speak('alice');
  await harness.silence(2_000);
  await harness.clock.advance(1_000);
  expect(texts(harness)).toEqual(['my daughter is called alice', 'I see.']);
});

it.each([
  ['has turned its microphone off', true, true],
  ['does not send late what it could not send', false, false],
])('a client that %s is heard as silent after a second', async (_who, hasExtensions, isMuted) => {
  const harness = await speaking('my daughter is called alice', { line: { hasExtensions } });
  if (isMuted) harness.receive({ type: 'vivavoce.input.muted', muted: true });
  await harness.clock.advance(3_000);
  expect(texts(harness)).toEqual(['my daughter is called alice', 'I see.']);
});

it('nobody is asked whether they are still there, nor hung up on, while they cannot be heard', async () => {
  const deps = { idle: { nudgeMs: 8_000, endMs: 20_000 } };
  const harness = await speaking('my daughter is called alice', { deps });
  await harness.silence(3_000);
  await harness.clock.advance(3_000);
  expect(texts(harness)).toEqual(['my daughter is called alice', 'I see.']);
  harness.session.wentAway();
  await harness.clock.advance(50_000);
  expect([texts(harness).length, harness.hungUp]).toEqual([2, null]);
  harness.session.cameBack(null);
  await harness.clock.advance(7_000);
  expect(texts(harness)).toHaveLength(2);
  await harness.clock.advance(2_000);
  expect(texts(harness)).toEqual(['my daughter is called alice', 'I see.', 'And?']);
});
