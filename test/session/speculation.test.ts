import { describe, expect, it } from 'vitest';
import { textOf } from '../../src/conversation/item.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { ScriptedVoice } from '../support/scripted-voice.ts';
import { SessionHarness } from '../support/session-harness.ts';

type Options = ConstructorParameters<typeof ScriptedHearing>[0];

async function session(
  scripts: Parameters<typeof SessionHarness.start>[0],
  { readMs = 150, ...hearing }: Partial<Omit<Options, 'readMs'>> & { readMs?: number } = {},
  input: object = {},
) {
  const harness = await SessionHarness.start(scripts, {
    hearing: (clock: ManualClock) => new ScriptedHearing({ clock, readMs: () => readMs, ...hearing }),
  });
  harness.listen(input);
  return harness;
}

/** Milliseconds from the end of speech to the first audio. */
async function firstAudioMs(harness: SessionHarness): Promise<number> {
  await harness.speak('how are you');
  const endMs = harness.clock.monotonicMs();
  await harness.silence(1_600);
  const first = harness.sent.find(({ event }) => event.type === 'response.output_audio.delta');
  return (first?.atMs ?? Number.NaN) - endMs;
}

describe('a speculation', () => {
  it('hides recogniser and model behind the silence that ends a turn', async () => {
    // 64 ms to the first silence, 150 to the words, 300 to the first clause: more than the 416 of the hangover.
    expect(await firstAudioMs(await session([[300, 'Fine. ', 50, 'And you?']]))).toBe(514);
    expect(await firstAudioMs(await session([[300, 'Fine.']], { speculates: false }))).toBe(416 + 300);
    // A quick model is waited for by nobody.
    expect(await firstAudioMs(await session([[100, 'Fine.']]))).toBe(416);
  });

  it('prepares the first clause with the voice, and asks for it once', async () => {
    const harness = await session([[100, 'Fine. ', 'And you?']]);
    await harness.speak('how are you');
    await harness.silence(352);
    expect(harness.voice.asked.map(({ text }) => text)).toEqual(['Fine.']);
    await harness.silence(320);
    expect(harness.voice.asked.map(({ text }) => text)).toEqual(['Fine.', 'And you?']);
    expect(Math.round(harness.audioMs)).toBe(100 + 220 + 200);
  });

  it('leaves no trace when the person goes on', async () => {
    const harness = await session([['Too early. ', 3_000, 'Much.'], ['Right.']]);
    await harness.speak('i would');
    await harness.silence(352);
    expect(harness.model.requests).toHaveLength(1);
    expect(harness.voice.asked).toHaveLength(1);
    expect(harness.types().slice(3)).toEqual(['input_audio_buffer.speech_started']);
    expect(harness.conversation.items).toEqual([]);
    await harness.speak('like tea');
    expect(harness.model.signals[0]?.aborted).toBe(true);
    await harness.silence(640);
    expect(harness.conversation.items.map(textOf)).toEqual(['i would like tea', 'Right.']);
    expect(harness.all('response.created')).toHaveLength(1);
  });

  it('calls no tool before the turn is over', async () => {
    const call = { callId: 'call_1', name: 'lights_off', arguments: '{}' };
    const harness = await session([[call], ['Done.']]);
    await harness.speak('lights off');
    await harness.silence(352);
    expect(harness.model.requests).toHaveLength(1);
    expect(harness.types()).not.toContain('response.function_call_arguments.done');
    await harness.silence(320);
    expect(harness.types()).toContain('response.function_call_arguments.done');
  });

  it('is not begun when the words are not those of somebody who is done', async () => {
    const semantic = { turn_detection: { type: 'semantic_vad' } };
    const harness = await session([['Yes?']], { verdict: () => 'incomplete' }, semantic);
    await harness.speak('tea and');
    await harness.silence(1_600);
    expect(harness.model.requests).toEqual([]);
  });

  it('is not begun when the client wants to answer itself', async () => {
    const harness = await session(
      [['Never.']],
      {},
      { turn_detection: { type: 'server_vad', create_response: false } },
    );
    await harness.speak('hello');
    await harness.silence(960);
    expect(harness.model.requests).toEqual([]);
  });

  it('is dropped when the settings or the conversation change under it', async () => {
    for (const event of [
      { type: 'session.update', session: { type: 'realtime', instructions: 'Speak like a pirate.' } },
      {
        type: 'conversation.item.create',
        item: { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'It rains.' }] },
      },
    ]) {
      const harness = await session([['Early. ', 3_000, 'Late.'], ['Right.']]);
      await harness.speak('hello');
      await harness.silence(320);
      harness.receive(event);
      await harness.silence(640);
      expect(harness.model.requests).toHaveLength(2);
      expect(harness.last('response.done').response.output[0]).toMatchObject({
        content: [{ transcript: 'Right.' }],
      });
    }
  });

  it('that fails is a response that fails, once the turn is over', async () => {
    const harness = await session([[new Error('the model broke')]]);
    await harness.speak('hello');
    await harness.silence(352);
    expect(harness.types()).not.toContain('response.done');
    await harness.silence(320);
    expect(harness.last('response.done').response.status).toBe('failed');
  });

  it('whose voice fails is spoken all the same as far as it can be', async () => {
    const harness = await SessionHarness.start([['Fine. ', 'And you?']], {
      hearing: (clock: ManualClock) => new ScriptedHearing({ clock }),
    });
    const voice = new ScriptedVoice(harness.clock, { fails: (text) => text === 'Fine.' });
    Object.assign(harness.voice, { speak: voice.speak.bind(voice) });
    harness.listen();
    await harness.speak('hello');
    await harness.silence(960);
    expect(harness.last('response.done').response.status).toBe('completed');
    expect(harness.all('vivavoce.speech.skipped').map(({ text }) => text.trim())).toEqual(['Fine.']);
  });
});
