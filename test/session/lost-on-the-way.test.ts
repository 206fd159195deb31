import { expect, it } from 'vitest';
import type { SpeechChunk } from '../../src/speech/tts/voice.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { ScriptedVoice } from '../support/scripted-voice.ts';
import { SessionHarness } from '../support/session-harness.ts';

/** Makes its audio in halves, half a second apart. */
class HesitantVoice extends ScriptedVoice {
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    super(clock);
    this.#clock = clock;
  }

  override async *speak(...args: Parameters<ScriptedVoice['speak']>): AsyncGenerator<SpeechChunk> {
    for await (const { samples } of super.speak(...args)) {
      yield { samples: samples.subarray(0, samples.length / 2) };
      await new Promise<void>((resolve) => void this.#clock.after(500, resolve));
      yield { samples: samples.subarray(samples.length / 2) };
    }
  }
}

/** The second sentence waits for the disk, the line is cut, and the client is back with 200 ms. */
async function cutWhileStoring({ isFreedAway }: { isFreedAway: boolean }) {
  const clock = new ManualClock();
  const store = new MemoryStore(clock);
  const disk = { free: Promise.resolve() };
  const replace = store.replaceItem.bind(store);
  store.replaceItem = async (...args) => {
    await disk.free;
    return await replace(...args);
  };
  const line = {
    hasExtensions: true,
    connection: 1,
    back: null as PromiseWithResolvers<void> | null,
    roomForAudio: () => line.back?.promise ?? null,
  };
  const harness = await SessionHarness.start(
    [['One two three four five.', 1_000, ' Six seven eight nine ten.']],
    { clock, store, line, voice: new HesitantVoice(clock), takes: () => line.back === null },
  );
  harness.say('Count for me.');
  await clock.advance(900);
  expect(harness.audioMs).toBe(500);
  const { promise, resolve: free } = Promise.withResolvers<void>();
  disk.free = promise;
  await clock.advance(300);
  line.back = Promise.withResolvers();
  if (isFreedAway) free();
  await clock.advance(100);
  expect(harness.audioMs).toBe(500);
  line.connection++;
  const { resolve } = line.back;
  line.back = null;
  harness.session.cameBack({ itemId: harness.last('response.output_audio.delta').item_id, audioMs: 200 });
  resolve();
  await clock.settle();
  free();
  await clock.advance(2_000);
  return harness;
}

it('tells of one gap from where the client has it on, also when more was lost behind that first', async () => {
  const harness = await cutWhileStoring({ isFreedAway: true });
  expect(harness.all('vivavoce.audio.skipped')).toMatchObject([{ audio_start_ms: 200, audio_end_ms: 1_220 }]);
});

it('says a sentence as a whole that had waited for the disk until the client was back', async () => {
  const harness = await cutWhileStoring({ isFreedAway: false });
  expect(harness.all('vivavoce.audio.skipped')).toMatchObject([{ audio_start_ms: 200, audio_end_ms: 500 }]);
  expect(Math.round(harness.audioMs)).toBe(1_220);
});
