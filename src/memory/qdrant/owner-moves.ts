import { OwnedPoints } from './owned-points.ts';
import type { QdrantApi } from './qdrant-api.ts';
import { ownerOf, PointOwner } from './stored-memory.ts';

/** Where memories are. */
export interface Place {
  readonly collection: string;
  /** Collections of other models: what is still there of an owner is taken from there before anything is done with it. */
  readonly sources: Set<string>;
  /** Tokens of owners of whom nothing is left in the sources. */
  readonly moved: Set<string>;
}

const AT_ONCE = 100;

export function hasMoved({ sources, moved }: Place, by: PointOwner): boolean {
  return sources.size === 0 || moved.has(by.token);
}

/**
 * Takes what is left of an owner in the sources to where memories are now. Nobody may change this owner's memories
 * meanwhile.
 *
 * What is there twice, because it was cut off in between, is the same in both: nothing of an owner is changed before all
 * of it has moved. Vectors of the other model stay behind, those of the words come along.
 */
export async function moveOwner(api: QdrantApi, place: Place, by: PointOwner): Promise<void> {
  const to = new OwnedPoints(api, place.collection, by);
  for (const source of place.sources) {
    const from = new OwnedPoints(api, source, by);
    for (let some = await from.some(AT_ONCE); some.length > 0; some = await from.some(AT_ONCE)) {
      await to.write([to.upsert(some)]);
      await from.write([from.delete({ must: [{ has_id: some.map(({ id }) => id) }] })]);
    }
  }
  place.moved.add(by.token);
}

/**
 * Takes some owners along, whoever they are, and removes a source in which nothing is left.
 *
 * @param inTurn does the work when nothing else is done for this owner
 */
export async function moveSome(
  api: QdrantApi,
  place: Place,
  inTurn: (by: PointOwner, work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const [source] = place.sources;
  if (source === undefined) return;
  const owners = ['owner_key', 'owner_user'];
  const { points } = await api.scroll(source, { limit: AT_ONCE, with_payload: owners });
  if (points.length === 0) {
    await api.deleteCollection(source);
    place.sources.delete(source);
    return;
  }
  const found = points.map((point) => new PointOwner(ownerOf(point)));
  const unique = new Map(found.map((by) => [by.token, by]));
  await Promise.all([...unique.values()].map((by) => inTurn(by, () => moveOwner(api, place, by))));
}
