import { SAMPLE_RATE } from './pcm.ts';

/** Offsets and places are told in milliseconds, samples are shorter: so much makes no difference. */
const ROUNDING_MS = 1;

/** From `givenMs` of the audio that came on, an item goes on at `placeMs` of its own. */
interface Join {
  readonly givenMs: number;
  readonly placeMs: number;
}

interface Item {
  givenSamples: number;
  readonly joins: Join[];
}

/**
 * Turns "so much of what came of an item was heard" into a place in its audio: behind an outage they differ by what was
 * said meanwhile and never came.
 */
export class ItemPlaces {
  readonly #items = new Map<string, Item>();

  /** A piece of an item has come. `offsetMs`: where in the item it begins; absent: behind the one before. */
  added(itemId: string, samples: number, offsetMs: number | undefined): void {
    let item = this.#items.get(itemId);
    if (!item) {
      item = { givenSamples: 0, joins: [] };
      this.#items.set(itemId, item);
    }
    const givenMs = toMs(item.givenSamples);
    if (offsetMs !== undefined) {
      const expectedMs = placeOf(item, givenMs);
      if (Math.abs(offsetMs - expectedMs) > ROUNDING_MS) item.joins.push({ givenMs, placeMs: offsetMs });
    }
    item.givenSamples += samples;
  }

  /** Whole milliseconds. */
  placeMs(itemId: string, playedMs: number): number {
    const item = this.#items.get(itemId);
    return item ? Math.round(placeOf(item, playedMs)) : playedMs;
  }

  /** Forgets all items: of none more will be played. */
  clear(): void {
    this.#items.clear();
  }
}

/** At a gap it is the place in front of it: what is behind has not begun. */
function placeOf({ joins }: Item, playedMs: number): number {
  const join = joins.findLast(({ givenMs }) => givenMs < playedMs - ROUNDING_MS);
  return join ? join.placeMs + playedMs - join.givenMs : playedMs;
}

function toMs(samples: number): number {
  return (samples * 1000) / SAMPLE_RATE;
}
