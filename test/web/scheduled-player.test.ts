import { describe, expect, it } from 'vitest';
import type { PlaybackReport, Played } from '../../web/src/audio/audio-output.ts';
import { decodePcm16 } from '../../web/src/audio/pcm.ts';
import { ScheduledPlayer } from '../../web/src/audio/scheduled-player.ts';
import { FakeAudioContext } from './fake-audio-context.ts';

/** So many milliseconds of audible samples at 24 kHz. */
function audio(ms: number): Float32Array {
  return new Float32Array(ms * 24).fill(0.5);
}

function setUp({ state = 'running', outputLatency = 0 } = {}) {
  const context = new FakeAudioContext({ state, outputLatency });
  const reports: PlaybackReport[] = [];
  const played: Played[] = [];
  const player = new ScheduledPlayer({
    createContext: () => context,
    onChange: (report) => reports.push(report),
    onPlayed: (place) => played.push(place),
  });
  return { context, player, reports, played };
}

describe('the player with scheduled buffers', () => {
  it('starts within 40 ms and leaves no gap between pieces', () => {
    const { context, player } = setUp();
    player.unlock();
    for (let i = 0; i < 5; i++) player.play('item_1', audio(40));
    const [first, ...others] = context.scheduled;
    expect(first?.start).toBeGreaterThan(0);
    expect(first?.start).toBeLessThanOrEqual(0.04);
    let end = first?.end;
    for (const piece of others) {
      expect(piece.start).toBe(end);
      end = piece.end;
    }
    expect(end).toBeCloseTo((first?.start ?? 0) + 0.2, 6);
  });

  it('starts anew after a pause in which nothing came', () => {
    const { context, player } = setUp();
    player.unlock();
    player.play('item_1', audio(40));
    context.advance(1);
    player.play('item_1', audio(40));
    expect(context.scheduled.at(-1)?.start).toBeCloseTo(1.03, 3);
  });

  it.each([40, 3_000])('plays a long answer without gaps that came at once in pieces of %d ms', (pieceMs) => {
    const { context, player, reports } = setUp();
    player.unlock();
    for (let ms = 0; ms < 9_000; ms += pieceMs) player.play('item_1', audio(pieceMs));
    expect(context.scheduled.at(-1)?.end).toBeLessThan(2);
    context.advance(10);
    expect(reports.at(-1)).toEqual({ state: 'idle', audibleSamples: 9 * 24_000 });
    const pieces = context.scheduled;
    expect(pieces.every((piece, i) => i === 0 || piece.start === pieces[i - 1]?.end)).toBe(true);
  });

  it('says how much of an item was heard when it is stopped', () => {
    const { context, player, reports } = setUp({ outputLatency: 0.05 });
    player.unlock();
    player.play('item_1', audio(2000));
    context.advance(0.58);
    expect(player.stop()).toEqual([{ itemId: 'item_1', playedMs: 500, isCut: true }]);
    expect(reports.at(-1)?.state).toBe('idle');
    const sounding = context.scheduled.filter(({ hasEnded }) => !hasEnded);
    expect(sounding.length).toBeGreaterThan(0);
    for (const { stoppedAt } of sounding) expect(stoppedAt).toBeLessThan(0.6);
  });

  it('counts what follows an interruption from its own beginning', () => {
    const { context, player } = setUp();
    player.unlock();
    player.play('item_1', audio(1000));
    context.advance(0.5);
    player.stop();
    player.play('item_2', audio(1000));
    context.advance(0.23);
    expect(player.stop()).toEqual([{ itemId: 'item_2', playedMs: 200, isCut: true }]);
  });

  it('tells of an item that has been heard to its end that it was not cut', () => {
    const { context, player } = setUp();
    player.unlock();
    player.play('item_1', audio(100));
    context.advance(1);
    expect(player.stop()).toEqual([{ itemId: 'item_1', playedMs: 100, isCut: false }]);
  });

  it('reports items of which nothing has been heard yet', () => {
    const { context, player } = setUp();
    player.unlock();
    player.play('item_1', audio(1500));
    player.play('item_2', audio(1500));
    player.play('item_3', audio(100));
    context.advance(0.33);
    expect(player.stop()).toEqual([
      { itemId: 'item_1', playedMs: 300, isCut: true },
      { itemId: 'item_2', playedMs: 0, isCut: true },
      { itemId: 'item_3', playedMs: 0, isCut: true },
    ]);
  });

  it('keeps audio until the person has touched the page', async () => {
    const { context, player, reports } = setUp({ state: 'suspended' });
    player.play('item_1', audio(40));
    expect(reports.at(-1)?.state).toBe('blocked');
    expect(context.scheduled).toEqual([]);
    player.unlock();
    await context.resumed;
    expect(reports.at(-1)?.state).toBe('playing');
  });

  it('does not call cut off what the browser never let out', () => {
    const { player, reports } = setUp({ state: 'suspended' });
    player.play('item_1', audio(40));
    expect(player.stop()).toEqual([]);
    expect(reports.at(-1)?.state).toBe('idle');
  });

  it('tells how far it is when it begins, behind each piece and at the end', () => {
    const { context, player, played } = setUp();
    player.unlock();
    player.play('item_1', audio(300));
    player.play('item_2', audio(300));
    expect(played).toEqual([{ itemId: 'item_1', playedMs: 0, isPlaying: true }]);
    context.advance(1);
    expect(played.slice(1)).toEqual([
      { itemId: 'item_1', playedMs: 300, isPlaying: true },
      { itemId: 'item_2', playedMs: 300, isPlaying: false },
    ]);
    player.play('item_2', audio(300));
    expect(played.at(-1)).toEqual({ itemId: 'item_2', playedMs: 300, isPlaying: true });
  });

  it('does not count silence as audible', () => {
    const { context, player, reports } = setUp();
    player.unlock();
    player.play('item_1', new Float32Array(960));
    context.advance(1);
    expect(reports.at(-1)).toEqual({ state: 'idle', audibleSamples: 0 });
  });
});

describe('PCM in base64', () => {
  it('becomes samples between -1 and 1', () => {
    const base64 = Buffer.from(new Int16Array([0, 16_384, -32_768, 32_767]).buffer).toString('base64');
    expect([...decodePcm16(base64)]).toEqual([0, 0.5, -1, 32_767 / 32_768]);
  });
});
