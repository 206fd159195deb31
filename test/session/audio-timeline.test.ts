import { describe, expect, it } from 'vitest';
import { AudioTimeline } from '../../src/session/audio-timeline.ts';
import type { SpokenFrame, Utterance } from '../../src/session/speaker.ts';
import type { WordTime } from '../../src/speech/tts/voice.ts';
import { tone } from '../support/speech.ts';

/** `text` begins at `start` of the reply and is spoken as it is. */
function utterance(text: string, start: number): Utterance {
  const sentence = { text, start, end: start + text.length, ending: 'sentence' as const };
  return { sentence, spoken: { text, toGenerated: (offset) => start + Math.min(offset, text.length) } };
}

function frame(of: Utterance, ms: number, more: Partial<SpokenFrame> = {}): SpokenFrame {
  return {
    utterance: of,
    samples: new Int16Array(ms * 24),
    words: null,
    isFirst: false,
    isWhole: false,
    pauseMs: 0,
    failure: null,
    ...more,
  };
}

/** Words of 100 ms each, from `startMs` on. */
function wordsOf(text: string, startMs = 0): WordTime[] {
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index }, at) => ({
    start: index,
    end: index + word.length,
    startMs: startMs + at * 100,
    endMs: startMs + (at + 1) * 100,
  }));
}

const first = utterance('One two three.', 0);
const second = utterance(' Four five.', 14);

describe('what was heard', () => {
  it('is the words of which half has sounded', () => {
    const timeline = new AudioTimeline();
    timeline.add(frame(first, 300, { isFirst: true, words: wordsOf('One two three.') }));
    timeline.add(frame(first, 0, { isWhole: true }));
    expect([0, 49, 50, 149, 150, 299].map((ms) => timeline.heardOffset(ms))).toEqual([0, 0, 3, 3, 7, 14]);
  });

  it('is not all of a sentence of which only a part was sent', () => {
    const timeline = new AudioTimeline();
    timeline.add(frame(first, 120, { isFirst: true, words: wordsOf('One two three.') }));
    expect(timeline.sentMs).toBe(120);
    expect(timeline.heardOffset(120)).toBe(3);
  });

  it('is nothing of a sentence of which only the pause before it was sent', () => {
    const timeline = new AudioTimeline();
    timeline.add(frame(first, 300, { isFirst: true }));
    timeline.add(frame(first, 0, { isWhole: true }));
    timeline.add(frame(second, 200, { isFirst: true, pauseMs: 220 }));
    expect(timeline.heardOffset(500)).toBe(first.sentence.end);
  });

  it('knows words that come with later audio', () => {
    const timeline = new AudioTimeline();
    const [one, two, three] = wordsOf('One two three.');
    timeline.add(frame(first, 100, { isFirst: true, words: one ? [one] : [] }));
    timeline.add(frame(first, 200, { words: two && three ? [two, three] : [] }));
    expect(timeline.heardOffset(190)).toBe(7);
  });

  it('of a piece that broke off and was said again is as much as was heard in either go', () => {
    const timeline = new AudioTimeline();
    // 14 letters at 70 ms each: half of it, in a voice that does not say where its words are.
    timeline.add(frame(first, 0, { isFirst: true, samples: tone(200, 24_000, 500 * 24) }));
    expect(timeline.heardOffset(500)).toBe(7);
    timeline.add(frame(first, 200));
    timeline.add(frame(first, 300, { words: wordsOf('One two three.', 700) }));
    expect([100, 200, 500, 750, 850].map((ms) => timeline.heardOffset(ms))).toEqual([0, 3, 7, 7, 7]);
    expect(timeline.heardOffset(950)).toBe(14);
    timeline.add(frame(first, 0, { isWhole: true }));
    expect([100, 200, 500, 750, 1_000].map((ms) => timeline.heardOffset(ms))).toEqual([0, 3, 7, 7, 14]);
  });

  it('of a voice without word times is shared out by length, without the pause', () => {
    const timeline = new AudioTimeline();
    timeline.add(frame(first, 220 + 1400, { isFirst: true, pauseMs: 220 }));
    timeline.add(frame(first, 0, { isWhole: true }));
    expect(timeline.heardOffset(220)).toBe(0);
    expect(timeline.heardOffset(220 + 700)).toBe(7);
    expect(timeline.heardOffset(220 + 1400)).toBe(14);
  });

  it('of a voice without word times that was cut off is estimated', () => {
    const timeline = new AudioTimeline();
    timeline.add(frame(first, 500, { isFirst: true }));
    expect(timeline.heardOffset(500)).toBe(7);
  });

  it('of a voice without word times follows its pauses, not only its length', () => {
    const timeline = new AudioTimeline();
    const piece = utterance('Well, that was a very long winter.', 0);
    // 300 ms "Well,", half a second of silence, 1,800 ms for the six other words.
    timeline.add(frame(piece, 0, { isFirst: true, samples: tone(200, 24_000, 300 * 24) }));
    timeline.add(frame(piece, 500));
    timeline.add(frame(piece, 0, { samples: tone(200, 24_000, 1_800 * 24) }));
    timeline.add(frame(piece, 0, { isWhole: true }));
    expect([149, 151, 799, 850].map((ms) => timeline.heardOffset(ms))).toEqual([0, 5, 5, 5]);
    expect(timeline.heardOffset(800 + 1_799)).toBe('Well, that was a very long winter.'.length);
  });

  it('of a voice without word times that was cut off is estimated by the pace that it had before', () => {
    const timeline = new AudioTimeline();
    // 15 letters and spaces in 3 s: slow.
    timeline.add(frame(first, 0, { isFirst: true, samples: tone(200, 24_000, 3_000 * 24) }));
    timeline.add(frame(first, 0, { isWhole: true }));
    timeline.add(frame(second, 0, { isFirst: true, samples: tone(200, 24_000, 1_200 * 24) }));
    expect(timeline.heardOffset(3_000 + 450)).toBe(14);
    expect(timeline.heardOffset(3_000 + 600)).toBe(14 + ' Four'.length);
    expect(timeline.heardOffset(3_000 + 1_200)).toBe(14 + ' Four'.length);
  });
});
