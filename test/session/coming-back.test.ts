import { describe, expect, it } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import type { Line } from '../../src/session/line.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { SessionHarness } from '../support/session-harness.ts';

/** A way to a client that can be cut and come back. */
class CutLine implements Partial<Line> {
  readonly hasExtensions = true;
  connection = 1;
  #back: PromiseWithResolvers<void> | null = null;

  cut(): void {
    this.#back = Promise.withResolvers();
  }

  comesBack(): void {
    this.connection++;
    this.#back?.resolve();
    this.#back = null;
  }

  readonly roomForAudio = (): Promise<void> | null => this.#back?.promise ?? null;
}

/** Three sentences of 500 ms, each said by the model when it is time for it. */
const SENTENCES = ['One two three four five.', ' Six seven eight nine ten.', ' Eleven more and it is over.'];

async function speaking(line: Partial<Line>, steps: readonly (string | number)[] = SENTENCES) {
  const harness = await SessionHarness.start([steps], { line });
  harness.say('Count for me.');
  await harness.clock.settle();
  return harness;
}

const report = (harness: SessionHarness, playedMs: number, isPlaying = true) =>
  harness.receive({
    type: 'vivavoce.playback.reported',
    item_id: harness.last('response.output_audio.delta').item_id,
    audio_played_ms: playedMs,
    is_playing: isPlaying,
  });

const offsetsOf = (harness: SessionHarness) =>
  harness
    .all('response.output_audio.delta')
    .map((event) => 'audio_offset_ms' in event && event.audio_offset_ms);

/** Each sentence after the first begins with a pause of 220 ms. */
const SECOND_AT = 500;
const THIRD_AT = SECOND_AT + 720;

describe('audio of a client that was cut off', () => {
  it('waits for it, and goes on with the next sentence when it is back: the gap is told once', async () => {
    const line = new CutLine();
    const harness = await speaking(line, [
      SENTENCES[0] ?? '',
      100,
      SENTENCES[1] ?? '',
      100,
      SENTENCES[2] ?? '',
    ]);
    expect(harness.audioMs).toBe(500);
    line.cut();
    await harness.clock.advance(60);
    await harness.clock.advance(1_000);
    expect(harness.audioMs).toBe(500);

    // It was in the middle of the first sentence.
    line.comesBack();
    harness.session.cameBack({ itemId: harness.last('response.output_audio.delta').item_id, audioMs: 200 });
    await harness.clock.settle();
    expect(harness.all('vivavoce.audio.skipped')).toMatchObject([
      { audio_start_ms: 200, audio_end_ms: SECOND_AT },
    ]);
    expect(offsetsOf(harness)).toContain(SECOND_AT);
    expect(harness.last('response.done').response.status).toBe('completed');
  });

  it('passes over the rest of a sentence of which a part was on its way', async () => {
    const line = new CutLine();
    const harness = await speaking(line, [SENTENCES[0] ?? '', SENTENCES[1] ?? '', SENTENCES[2] ?? '']);
    const itemId = harness.last('response.output_audio.delta').item_id;
    // The client was paced, and stands in the middle of the second sentence.
    expect(harness.last('response.done').response.status).toBe('completed');
    line.cut();
    line.comesBack();
    harness.session.cameBack({ itemId, audioMs: 800 });
    await harness.clock.settle();
    // Nothing more comes, so the gap reaches to the end.
    expect(harness.all('vivavoce.audio.skipped')).toMatchObject([
      { audio_start_ms: 800, audio_end_ms: THIRD_AT + 820 },
    ]);
  });

  it('is over for us when the client has played what it got: it does not wait for what was lost', async () => {
    const line = new CutLine();
    const harness = await speaking(line);
    const itemId = harness.last('response.output_audio.delta').item_id;
    line.cut();
    line.comesBack();
    harness.session.cameBack({ itemId, audioMs: 300 });
    report(harness, 300, false);
    let silent = false;
    harness.receive({
      type: 'conversation.item.truncate',
      item_id: itemId,
      content_index: 0,
      audio_end_ms: 300,
    });
    await harness.clock.settle();
    silent = harness.all('conversation.item.truncated').length === 1;
    expect(silent).toBe(true);
    const [, reply] = await harness.items();
    expect(reply).toMatchObject({ reply: { heard: 'One two three' } });
  });

  it('has nothing of an answer when it says that no audio came, and what the clock says when it says nothing', async () => {
    for (const [received, startMs] of [
      [{ itemId: 'none', audioMs: 0 }, 0],
      [null, 300],
    ] as const) {
      const line = new CutLine();
      const harness = await speaking(line);
      line.cut();
      await harness.clock.advance(300);
      line.comesBack();
      harness.session.cameBack(received);
      await harness.clock.settle();
      expect(harness.all('vivavoce.audio.skipped')).toMatchObject([{ audio_start_ms: startMs }]);
    }
  });

  it('says of what it lost nothing when it has everything', async () => {
    const line = new CutLine();
    const harness = await speaking(line);
    line.cut();
    line.comesBack();
    harness.session.cameBack({
      itemId: harness.last('response.output_audio.delta').item_id,
      audioMs: 99_000,
    });
    await harness.clock.settle();
    expect(harness.all('vivavoce.audio.skipped')).toEqual([]);
  });
});

describe('a client that reports what it plays', () => {
  const LONG = Array.from({ length: 10 }, () => 'One two three four five six seven eight nine ten. ');

  /** It has told once that it plays. */
  async function paced(): Promise<SessionHarness> {
    const harness = await speaking({ hasExtensions: true }, [LONG[0] ?? '', 10, ...LONG.slice(1)]);
    report(harness, 0);
    return harness;
  }

  const aheadMs = (harness: SessionHarness, startedMs: number) =>
    harness.audioMs - (harness.clock.monotonicMs() - startedMs);

  it('is never more than two seconds behind what it was sent', async () => {
    const harness = await paced();
    const startedMs = harness.clock.monotonicMs();
    for (let n = 0; n < 100; n++) {
      await harness.clock.advance(100);
      expect(aheadMs(harness, startedMs)).toBeLessThanOrEqual(2_040);
    }
    expect(harness.audioMs).toBeGreaterThan(10_000);
    await harness.clock.advance(10_000);
    expect(harness.last('response.done').response.status).toBe('completed');
  });

  it('gets no more while it stands still, and everything from there on when it goes on', async () => {
    const harness = await paced();
    report(harness, 0, false);
    await harness.clock.advance(20_000);
    expect(harness.audioMs).toBeLessThanOrEqual(2_040);
    report(harness, 0, true);
    await harness.clock.advance(15_000);
    expect(harness.last('response.done').response.status).toBe('completed');
  });

  it('that has gone to sleep does not hold the answer for ever', async () => {
    const harness = await paced();
    report(harness, 0, false);
    await harness.clock.advance(61_000);
    expect(harness.last('response.done').response.status).toBe('completed');
  });

  it('is interrupted at once, also while audio waits', async () => {
    const harness = await paced();
    await harness.clock.advance(100);
    harness.receive({ type: 'response.cancel' });
    await harness.clock.settle();
    expect(harness.last('response.done').response.status).toBe('cancelled');
  });

  it('which never does so gets audio as fast as it is made', async () => {
    const harness = await speaking({ hasExtensions: true }, LONG);
    expect(harness.audioMs).toBeGreaterThan(10_000);
  });
});

describe('a server that stops', () => {
  const steps = ['One two three', 100, ' four five. Six', 100, ' seven eight.', 100, ' Nine.'];

  const finished = (harness: SessionHarness, clock: ManualClock) => {
    const state = { atMs: null as number | null };
    void harness.session.finish({ sentencesOnly: true }).then(() => {
      state.atMs = clock.monotonicMs();
    });
    return state;
  };

  it('lets the sentence come to its end that is being said, and no further', async () => {
    const harness = await speaking({}, steps);
    const state = finished(harness, harness.clock);
    await harness.clock.advance(1_000);
    expect(state.atMs).toBeLessThan(300);
    const [, reply] = await harness.items();
    expect(reply).toMatchObject({
      status: 'incomplete',
      content: [{ transcript: 'One two three four five. Six seven eight.' }],
    });
    expect(harness.model.signals[0]?.aborted).toBe(true);
  });

  it('begins nothing new meanwhile, and says so', async () => {
    const harness = await speaking({}, steps);
    finished(harness, harness.clock);
    harness.say('One more thing.');
    await harness.clock.settle();
    expect(harness.all('error').map(({ error }) => error.code)).toEqual(['overloaded', 'overloaded']);
  });

  it('is not kept by a session in which nobody is answered', async () => {
    const harness = await SessionHarness.start([]);
    const state = finished(harness, harness.clock);
    await harness.clock.settle();
    expect(state.atMs).toBe(0);
  });
});

describe('a turn for which there is no room', () => {
  it('fails as any other, at once and with a reason, and nothing is asked of an engine', async () => {
    const admission = {
      turn: () => {
        throw new VivavoceError('overloaded', 'Too many. Try again in 2 s.', { retryAfterSeconds: 2 });
      },
    };
    const harness = await SessionHarness.start([['Never.']], { deps: { admission } });
    harness.say('Hello?');
    await harness.clock.settle();
    const { response } = harness.last('response.done');
    expect(response).toMatchObject({
      status: 'failed',
      output: [],
      status_details: { error: { code: 'overloaded', message: 'Too many. Try again in 2 s.' } },
    });
    expect([harness.model.requests, harness.voice.asked]).toEqual([[], []]);
  });

  it('gives its place back when it has ended, however it ends', async () => {
    let held = 0;
    const admission = {
      turn: () => {
        held++;
        return { [Symbol.dispose]: () => void held-- };
      },
    };
    const harness = await SessionHarness.start([['Yes.'], [1_000, 'No.'], [new Error('broken')]], {
      deps: { admission },
    });
    harness.say('One?');
    expect(held).toBe(1);
    await harness.clock.settle();
    expect(held).toBe(0);
    harness.say('Two?');
    await harness.clock.settle();
    harness.receive({ type: 'response.cancel' });
    await harness.clock.settle();
    expect(held).toBe(0);
    harness.say('Three?');
    await harness.clock.settle();
    expect(held).toBe(0);
  });
});
