import { describe, expect, it } from 'vitest';
import type { PlaybackReport, Played } from '../../web/src/audio/audio-output.ts';
import type { PlaybackCommand, PlaybackNews } from '../../web/src/audio/playback-messages.ts';
import { PlaybackQueue } from '../../web/src/audio/playback-queue.ts';
import { type PlaybackDevice, WorkletPlayer } from '../../web/src/audio/worklet-player.ts';

const RATE = 24_000;
const BLOCK = 480;

/** The audio thread on a clock that the test advances: the real queue, in blocks of 20 ms. */
class FakeDevice implements PlaybackDevice {
  currentTime = 0;
  state: string;
  latencySeconds = 0;
  resumed: Promise<void> = Promise.resolve();
  readonly output: number[] = [];
  readonly #queue = new PlaybackQueue();
  readonly #onNews: (news: PlaybackNews) => void;
  #stops = 0;

  constructor(state: string, onNews: (news: PlaybackNews) => void) {
    this.state = state;
    this.#onNews = onNews;
  }

  resume(): Promise<void> {
    const running = Promise.resolve().then(() => {
      this.state = 'running';
    });
    this.resumed = running.then(() => undefined);
    return running;
  }

  send(command: PlaybackCommand): void {
    if (command.type === 'play') this.#queue.push(command.itemId, command.samples);
    else if (command.type === 'stop') {
      this.#stops = command.stops;
      this.#queue.stop();
    } else this.#queue[command.type]();
  }

  level(): number {
    return Math.abs(this.output.at(-1) ?? 0);
  }

  advance(ms: number): void {
    for (let done = 0; done < ms; done += 20) {
      const block = new Float32Array(BLOCK);
      this.#queue.render(block);
      this.output.push(...block);
      this.currentTime += BLOCK / RATE;
      this.#onNews(this.news);
    }
  }

  /** Time passes, and the page is too busy to hear of it. */
  advanceUnheard(ms: number): void {
    this.currentTime += ms / 1000;
  }

  get news(): PlaybackNews {
    return { ...this.#queue.place, stops: this.#stops, atSeconds: this.currentTime };
  }
}

function audio(ms: number): Float32Array<ArrayBuffer> {
  return new Float32Array(ms * 24).fill(0.5);
}

function setUp({ state = 'running', latencySeconds = 0 } = {}) {
  const reports: PlaybackReport[] = [];
  const played: Played[] = [];
  let device = new FakeDevice(state, () => undefined);
  const player = new WorkletPlayer({
    openDevice: (onNews) => {
      device = new FakeDevice(state, onNews);
      device.latencySeconds = latencySeconds;
      return device;
    },
    onChange: (report) => reports.push(report),
    onPlayed: (place) => played.push(place),
  });
  player.unlock();
  return { player, device, reports, played };
}

describe('the player in the audio thread', () => {
  it('reports its place about every 100 ms, and at its start and its end', () => {
    const { player, device, played, reports } = setUp();
    player.play('item_1', audio(500));
    device.advance(600);
    expect(played[0]).toEqual({ itemId: 'item_1', playedMs: 10, isPlaying: true });
    expect(played.at(-1)).toEqual({ itemId: 'item_1', playedMs: 500, isPlaying: false });
    const places = played.slice(0, -1).map(({ playedMs }) => playedMs);
    expect(places).toEqual([10, 110, 210, 310, 410]);
    device.advance(1_000);
    expect(played).toHaveLength(6);
    expect(reports.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1])).toEqual([
      'playing',
      'idle',
    ]);
  });

  it('says how much of an item was heard when it is stopped: less than was emitted, by the way to the ear', () => {
    const { player, device, played, reports } = setUp({ latencySeconds: 0.05 });
    player.play('item_1', audio(2_000));
    device.advance(580);
    expect(player.stop()).toEqual([{ itemId: 'item_1', playedMs: 500, isCut: true }]);
    expect(played.at(-1)).toEqual({ itemId: 'item_1', playedMs: 500, isPlaying: false });
    expect(reports.at(-1)?.state).toBe('idle');
  });

  it('knows its place also when the page has not heard of the audio thread for a while', () => {
    const { player, device } = setUp();
    player.play('item_1', audio(2_000));
    device.advance(100);
    device.advanceUnheard(250);
    expect(player.stop()).toMatchObject([{ playedMs: 70 + 250 }]);
  });

  it('never claims more than it was given', () => {
    const { player, device } = setUp();
    player.play('item_1', audio(100));
    device.advance(100);
    device.advanceUnheard(5_000);
    expect(player.stop()).toEqual([{ itemId: 'item_1', playedMs: 100, isCut: true }]);
  });

  it('counts what follows an interruption from its own beginning, whatever is told late', () => {
    const { player, device, played } = setUp();
    player.play('item_1', audio(1_000));
    device.advance(500);
    const late = device.news;
    player.stop();
    played.length = 0;
    device.advance(20);
    player.play('item_2', audio(1_000));
    device.advance(240);
    expect(late.stops).toBe(0);
    expect(played.every(({ itemId }) => itemId === 'item_2')).toBe(true);
    expect(player.stop()).toEqual([{ itemId: 'item_2', playedMs: 210, isCut: true }]);
  });

  it('tells of an item that has been heard to its end that it was not cut, also behind one that was', () => {
    const { player, device } = setUp();
    player.play('item_1', audio(100));
    device.advance(200);
    player.play('item_2', audio(1_000));
    expect(player.stop()).toEqual([
      { itemId: 'item_1', playedMs: 100, isCut: false },
      { itemId: 'item_2', playedMs: 0, isCut: true },
    ]);
  });

  it('reports items of which nothing has been heard yet', () => {
    const { player, device } = setUp();
    player.play('item_1', audio(300));
    player.play('item_2', audio(300));
    player.play('item_3', audio(300));
    device.advance(400);
    expect(player.stop()).toEqual([
      { itemId: 'item_2', playedMs: 70, isCut: true },
      { itemId: 'item_3', playedMs: 0, isCut: true },
    ]);
  });

  it('holds its place while it is ducked, says so, and goes on', () => {
    const { player, device, played, reports } = setUp();
    player.play('item_1', audio(1_000));
    device.advance(200);
    player.duck();
    expect(reports.at(-1)?.state).toBe('held');
    device.advance(1_000);
    const held = played.at(-1);
    expect(held).toMatchObject({ itemId: 'item_1', isPlaying: false });
    expect(held?.playedMs).toBeGreaterThanOrEqual(170);
    expect(held?.playedMs).toBeLessThanOrEqual(191);
    expect(device.output.slice(-12_000).every((sample) => sample === 0)).toBe(true);
    player.resume();
    expect(reports.at(-1)?.state).toBe('playing');
    device.advance(20);
    expect(played.at(-1)).toMatchObject({ isPlaying: true });
    expect(played.at(-1)?.playedMs).toBe((held?.playedMs ?? 0) + 20);
  });

  it('stops where it was ducked', () => {
    const { player, device } = setUp();
    player.play('item_1', audio(1_000));
    device.advance(200);
    player.duck();
    device.advance(500);
    const [stopped] = player.stop();
    expect(stopped?.playedMs).toBeLessThanOrEqual(191);
    // And what comes next is not ducked.
    player.play('item_2', audio(1_000));
    device.advance(200);
    expect(player.stop()).toMatchObject([{ itemId: 'item_2', playedMs: 170 }]);
  });

  it('keeps audio until the person has touched the page, and does not call it cut off', async () => {
    const { player, device, reports } = setUp({ state: 'suspended' });
    player.play('item_1', audio(400));
    expect(reports.at(-1)?.state).toBe('blocked');
    device.advance(100);
    expect(device.output.every((sample) => sample === 0)).toBe(true);
    expect(player.stop()).toEqual([]);
    player.play('item_2', audio(400));
    player.unlock();
    await device.resumed;
    expect(reports.at(-1)?.state).toBe('playing');
    device.advance(200);
    expect(device.output.some((sample) => sample !== 0)).toBe(true);
  });
});
