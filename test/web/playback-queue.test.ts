import { describe, expect, it } from 'vitest';
import { PlaybackQueue } from '../../web/src/audio/playback-queue.ts';

const MS = 24;

/** Ever greater samples, from `first` on: each says where it is from. */
function ramp(first: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (first + i) / 100_000);
}

/** So many milliseconds of output, made in the blocks of 128 samples of a browser (and the rest of one). */
function render(queue: PlaybackQueue, ms: number): Float32Array {
  const output = new Float32Array(ms * MS);
  for (let at = 0; at < output.length; at += 128) queue.render(output.subarray(at, at + 128));
  return output;
}

/** The samples of `ramp` that are in it, by their numbers. */
function numbers(output: Float32Array): number[] {
  return [...output].map((sample) => Math.round(sample * 100_000)).filter((number) => number !== 0);
}

describe('the queue of the audio thread', () => {
  it('starts 30 ms after the first piece and plays without a gap, sample by sample', () => {
    const queue = new PlaybackQueue();
    for (let i = 0; i < 5; i++) queue.push('item_1', ramp(1 + i * 960, 960));
    const output = render(queue, 300);
    expect(output.subarray(0, 30 * MS).every((sample) => sample === 0)).toBe(true);
    expect(numbers(output)).toEqual(Array.from({ length: 4_800 }, (_, i) => i + 1));
    expect(output[30 * MS]).toBeGreaterThan(0);
  });

  it('counts what was emitted of each item', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', ramp(1, 50 * MS));
    queue.push('item_2', ramp(1, 50 * MS));
    expect(queue.place).toMatchObject({ itemId: null, playedSamples: 0, isPlaying: false, hasMore: true });
    render(queue, 30 + 20);
    expect(queue.place).toMatchObject({ itemId: 'item_1', playedSamples: 20 * MS, isPlaying: true });
    render(queue, 40);
    expect(queue.place).toMatchObject({ itemId: 'item_2', playedSamples: 10 * MS, isPlaying: true });
    render(queue, 100);
    expect(queue.place).toMatchObject({
      itemId: 'item_2',
      playedSamples: 50 * MS,
      isPlaying: false,
      hasMore: false,
    });
  });

  it('goes on counting an item that ran dry', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', ramp(1, 40 * MS));
    render(queue, 200);
    queue.push('item_1', ramp(1, 40 * MS));
    render(queue, 30 + 10);
    expect(queue.place).toMatchObject({ itemId: 'item_1', playedSamples: 50 * MS, isPlaying: true });
  });

  it('fades out within 20 ms when it is ducked, and holds its place', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', new Float32Array(1_000 * MS).fill(0.5));
    render(queue, 100);
    queue.duck();
    const fading = render(queue, 20);
    expect(fading[0]).toBeGreaterThan(0.49);
    expect(fading.every((sample, i) => i === 0 || sample <= (fading[i - 1] as number))).toBe(true);
    expect(fading.at(-1)).toBeLessThan(0.01);
    expect(render(queue, 500).every((sample) => sample === 0)).toBe(true);
    const { playedSamples, isPlaying, hasMore } = queue.place;
    expect([playedSamples, isPlaying, hasMore]).toEqual([(70 + 20) * MS - 1, false, true]);
  });

  it('goes on exactly where it was ducked, and fades in', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', ramp(1, 1_000 * MS));
    render(queue, 100);
    queue.duck();
    render(queue, 500);
    const { playedSamples } = queue.place;
    queue.resume();
    const resumed = render(queue, 60);
    // From the first sample that is not faded any more on.
    const at = 20 * MS;
    expect(Math.round((resumed[at] as number) * 100_000)).toBe(playedSamples + at + 1);
    expect(resumed[0]).toBeLessThan(0.001);
    expect(queue.place).toMatchObject({ playedSamples: playedSamples + 60 * MS, isPlaying: true });
  });

  it('is silent 12 ms after a stop and forgets what waited', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', new Float32Array(1_000 * MS).fill(0.5));
    render(queue, 100);
    queue.stop();
    expect(queue.place).toMatchObject({ itemId: null, playedSamples: 0, isPlaying: false, hasMore: false });
    const output = render(queue, 200);
    expect(output[0]).toBeGreaterThan(0.4);
    expect(output.subarray(12 * MS).every((sample) => sample === 0)).toBe(true);
  });

  it('is silent at once when it is stopped before it has begun', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', new Float32Array(1_000 * MS).fill(0.5));
    render(queue, 10);
    queue.stop();
    expect(render(queue, 100).every((sample) => sample === 0)).toBe(true);
  });

  it('plays what comes after a stop from its own beginning, also after one while it was ducked', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', ramp(1, 1_000 * MS));
    render(queue, 100);
    queue.duck();
    render(queue, 100);
    queue.stop();
    queue.push('item_2', ramp(1, 10 * MS));
    expect(numbers(render(queue, 100))).toEqual(Array.from({ length: 10 * MS }, (_, i) => i + 1));
    expect(queue.place).toMatchObject({ itemId: 'item_2', playedSamples: 10 * MS });
  });

  it('counts audible samples, and silence not', () => {
    const queue = new PlaybackQueue();
    queue.push('item_1', new Float32Array(100 * MS));
    queue.push('item_1', new Float32Array(100 * MS).fill(0.5));
    render(queue, 300);
    expect(queue.place.audibleSamples).toBe(100 * MS);
  });
});
