import type { QdrantCollection } from './qdrant-collection.ts';
import { badFormat, badRequest } from './qdrant-error.ts';
import { checkFilter, matches } from './qdrant-filter.ts';
import { type Point, pointMissing, readPointId, setVectors } from './qdrant-point.ts';
import { checkWrite } from './qdrant-strict-mode.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the client under test has sent.
type Json = any;

/** A change of the points of one collection, checked and not yet done. */
export type Change = (version: number) => void;

/** The operations of `/points/batch`, which the other paths have one by one. */
export function planChange(collection: QdrantCollection, operation: string, body: Json): Change {
  switch (operation) {
    case 'upsert':
      return planUpsert(collection, body);
    case 'update_vectors':
      return planVectors(collection, body);
    case 'delete_vectors':
      return forEachSelected(collection, body, (point) => {
        for (const name of body.vector as string[]) {
          point.dense.delete(name);
          point.sparse.delete(name);
        }
      });
    case 'set_payload':
      return forEachSelected(collection, body, (point) =>
        Object.assign(point.payload, structuredClone(body.payload)),
      );
    case 'overwrite_payload':
      return forEachSelected(collection, body, (point) => {
        point.payload = structuredClone(body.payload);
      });
    case 'delete_payload':
      return forEachSelected(collection, body, (point) => {
        for (const key of body.keys as string[]) delete point.payload[key];
      });
    case 'clear_payload':
      return forEachSelected(collection, body, (point) => {
        point.payload = {};
      });
    case 'delete':
      return planDelete(collection, body);
    default:
      throw badFormat('data did not match any variant of untagged enum UpdateOperation');
  }
}

function planUpsert(collection: QdrantCollection, { points, update_filter }: Json): Change {
  if (!Array.isArray(points))
    throw badFormat('data did not match any variant of untagged enum PointInsertOperations');
  checkFilter(update_filter);
  const made = points.map((sent: Json, index: number): Point => {
    const point: Point = {
      ...{ id: readPointId(sent.id), version: 0, dense: new Map(), sparse: new Map() },
      payload: structuredClone(sent.payload ?? {}),
    };
    setVectors(point, sent.vector, collection.params, `points[${index}]`);
    return point;
  });
  return (version) => {
    for (const point of made) {
      const old = collection.points.get(point.id);
      if (old && update_filter && !matches(old, update_filter)) continue;
      collection.points.set(point.id, { ...point, version });
    }
  };
}

function planVectors(collection: QdrantCollection, { points, update_filter }: Json): Change {
  checkFilter(update_filter);
  // Read once for its checks; the points that get them may be made by an operation before this one.
  const scratch = (): Point => ({ id: 0, version: 0, dense: new Map(), sparse: new Map(), payload: {} });
  points.forEach(({ vector }: Json, index: number) => {
    setVectors(scratch(), vector, collection.params, `points[${index}]`);
  });
  return (version) => {
    points.forEach(({ id, vector }: Json, index: number) => {
      const point = collection.points.get(readPointId(id));
      if (!point) throw pointMissing(id);
      if (update_filter && !matches(point, update_filter)) return;
      setVectors(point, vector, collection.params, `points[${index}]`);
      point.version = version;
    });
  };
}

function planDelete(collection: QdrantCollection, body: Json): Change {
  checkSelection(collection, body);
  return () => {
    const ids = body.points?.map(readPointId) ?? collection.matching(body.filter).map(({ id }) => id);
    for (const id of ids) collection.points.delete(id);
  };
}

function forEachSelected(collection: QdrantCollection, body: Json, change: (point: Point) => void): Change {
  checkSelection(collection, body);
  return (version) => {
    for (const point of selected(collection, body)) {
      change(point);
      point.version = version;
    }
  };
}

function checkSelection(collection: QdrantCollection, { points, filter }: Json): void {
  if (!Array.isArray(points) && !filter) throw badRequest('Either points or filter must be provided');
  points?.map(readPointId);
  checkFilter(filter);
  checkWrite(collection, filter);
}

function selected(collection: QdrantCollection, { points, filter }: Json): Point[] {
  if (!points) return collection.matching(filter);
  return points.map(readPointId).map((id: Point['id']) => {
    const point = collection.points.get(id);
    if (!point) throw pointMissing(id);
    return point;
  });
}
