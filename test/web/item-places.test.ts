import { describe, expect, it } from 'vitest';
import { ItemPlaces } from '../../web/src/audio/item-places.ts';

const MS = 24;

describe('the place in the audio of an item', () => {
  it('is how much of it was heard, as long as nothing is missing', () => {
    const places = new ItemPlaces();
    places.added('item_1', 1_000 * MS, 0);
    places.added('item_1', 1_000 * MS, 1_000);
    places.added('item_2', 1_000 * MS, undefined);
    expect([0, 700, 2_000].map((ms) => places.placeMs('item_1', ms))).toEqual([0, 700, 2_000]);
    expect(places.placeMs('item_2', 300)).toBe(300);
    expect(places.placeMs('item_that_nobody_knows', 300)).toBe(300);
  });

  it('leaps over what was said during an outage, once that is behind', () => {
    const places = new ItemPlaces();
    places.added('item_1', 1_000 * MS, 0);
    places.added('item_1', 1_000 * MS, 4_000);
    places.added('item_1', 1_000 * MS, 5_000);
    places.added('item_1', 1_000 * MS, 9_000);
    const heard = [999, 1_000, 1_010, 2_500, 3_000, 3_200];
    expect(heard.map((ms) => places.placeMs('item_1', ms))).toEqual([999, 1_000, 4_010, 5_500, 6_000, 9_200]);
  });

  it('has not begun where the beginning of an item is missing and nothing was heard', () => {
    const places = new ItemPlaces();
    places.added('item_1', 1_000 * MS, 2_000);
    expect([0, 100].map((ms) => places.placeMs('item_1', ms))).toEqual([0, 2_100]);
  });

  it('does not grow by rounded offsets', () => {
    const places = new ItemPlaces();
    for (let i = 0; i < 1_000; i++) places.added('item_1', 500, Math.round((i * 500) / MS));
    expect(places.placeMs('item_1', 20_000)).toBe(20_000);
  });

  it('counts an item anew that was forgotten', () => {
    const places = new ItemPlaces();
    places.added('item_1', 1_000 * MS, 2_000);
    places.clear();
    expect(places.placeMs('item_1', 100)).toBe(100);
  });
});
