import { expect, it } from 'vitest';
import { textOf } from '../../src/conversation/item.ts';
import { bytesOf, joinSamples } from '../../src/speech/audio/pcm.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { SessionHarness } from '../support/session-harness.ts';

type HearingOptions = ConstructorParameters<typeof ScriptedHearing>[0];
type Scripts = Parameters<typeof SessionHarness.start>[0];

async function listening(scripts: Scripts, input: object, options: Partial<HearingOptions> = {}) {
  const harness = await SessionHarness.start(scripts, {
    hearing: (clock: ManualClock) => new ScriptedHearing({ clock, ...options }),
  });
  harness.listen(input);
  return harness;
}

const COMMIT = { type: 'input_audio_buffer.commit' };
const CLEAR = { type: 'input_audio_buffer.clear' };
const texts = (harness: SessionHarness) => harness.conversation.items.map(textOf);
const bytesSaying = (harness: SessionHarness, text: string) =>
  Buffer.from(bytesOf(joinSamples(harness.hearing.speech(text, 256))));
const append = (harness: SessionHarness, bytes: Uint8Array) =>
  harness.receive({ type: 'input_audio_buffer.append', audio: Buffer.from(bytes).toString('base64') });

it('what a client asks for behind a commit is about what it has committed, however fast it asks', async () => {
  const harness = await listening([['Hello.'], ['Gladly.']], { turn_detection: null });
  append(harness, bytesSaying(harness, 'good morning'));
  harness.receive(COMMIT);
  harness.receive({ type: 'response.create' });
  await harness.clock.settle();
  expect(harness.model.requests[0]?.messages.at(-1)).toEqual({ role: 'user', text: 'good morning' });
  const types = harness.types();
  expect(types.indexOf('input_audio_buffer.committed')).toBeLessThan(types.indexOf('response.created'));

  append(harness, bytesSaying(harness, 'tell me a story'));
  harness.receive(COMMIT);
  harness.say('A short one.');
  await harness.clock.settle();
  expect(texts(harness)).toEqual(['good morning', 'Hello.', 'tell me a story', 'A short one.', 'Gladly.']);
});

it('an error behind a commit is told with the id of its event', async () => {
  const harness = await listening([], { turn_detection: null });
  append(harness, bytesSaying(harness, 'good morning'));
  harness.receive(COMMIT);
  harness.receive({ type: 'response.cancel', event_id: 'mine' });
  await harness.clock.settle();
  expect(harness.last('error').error).toMatchObject({ code: 'response_cancel_not_active', event_id: 'mine' });
});

for (const [name, end] of [
  ['commit', COMMIT],
  ['clear', CLEAR],
] as const) {
  it(`half a sample before a ${name} does not shift what is said after it`, async () => {
    const harness = await listening([], { turn_detection: null });
    append(harness, Buffer.concat([bytesSaying(harness, 'good morning'), Buffer.of(0x12)]));
    harness.receive(end);
    append(harness, bytesSaying(harness, 'how are you'));
    harness.receive(COMMIT);
    await harness.clock.settle();
    expect(texts(harness).at(-1)).toBe('how are you');
  });
}

it('audio that waits to be heard is no silence, however long it waits', async () => {
  const harness = await listening([['Yes.']], {});
  const gate = Promise.withResolvers<void>();
  const { vad } = harness.hearing;
  let frames = 0;
  harness.hearing.vad = {
    ...vad,
    open: () => {
      const stream = vad.open();
      return {
        ...stream,
        detect: async (frame) => {
          if (++frames === 12) await gate.promise;
          return await stream.detect(frame);
        },
      };
    },
  };
  append(harness, bytesSaying(harness, 'a long sentence that is sent at once'));
  append(harness, new Uint8Array(32_000));
  await harness.clock.advance(2_500);
  gate.resolve();
  await harness.clock.settle();
  expect(texts(harness)).toEqual(['a long sentence that is sent at once', 'Yes.']);
});

it('words that nobody waits for any more are not looked for', async () => {
  for (const input of [{}, { turn_detection: null }]) {
    const harness = await listening([], input, { readMs: () => 5_000 });
    await harness.speak('good bye');
    if ('turn_detection' in input) harness.receive(COMMIT);
    else await harness.silence(640);
    expect(harness.hearing.open).toBe(1);
    const ended = harness.session[Symbol.asyncDispose]();
    // A second is what the last words may take.
    await harness.clock.advance(1_000);
    await ended;
    expect(harness.hearing.readings.map(({ aborted }) => aborted)).toEqual([true]);
    expect(harness.hearing.open).toBe(0);
    expect(harness.clock.pending).toBe(0);
  }
});

it('a client that was told that somebody speaks is told that it is over, also when it stops detection', async () => {
  const harness = await listening([], {});
  await harness.speak('good morning');
  const { item_id: id } = harness.last('input_audio_buffer.speech_started');
  harness.listen({ turn_detection: null });
  await harness.clock.settle();
  expect(harness.last('input_audio_buffer.speech_stopped').item_id).toBe(id);
  expect(texts(harness)).toEqual([]);
});

for (const [name, bytes] of [
  ['a WAV file', 'RIFF\x24\x00\x00\x00WAVEfmt '],
  ['an Ogg file', 'OggS\x00\x02'],
  ['a FLAC file', 'fLaC\x00'],
  ['a WebM file', '\x1a\x45\xdf\xa3\x9f'],
  ['an MP4 file', '\x00\x00\x00\x20ftypisom'],
  ['an MP3 file', 'ID3\x04\x00'],
] as const) {
  it(`${name} is told from samples wherever it comes`, async () => {
    const harness = await listening([], {});
    for (const before of [0, 64]) {
      append(harness, new Uint8Array(before));
      append(harness, Buffer.from(bytes, 'latin1'));
      expect(harness.last('error').error).toMatchObject({
        param: 'audio',
        message: expect.stringContaining(name),
      });
    }
    expect(harness.all('error')).toHaveLength(2);
  });
}
