import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchClient } from './support/client.ts';
import { type Result, summarise } from './support/report.ts';
import { type Service, StandIns } from './support/service.ts';
import { RESOURCES_HEADER } from './support/soak-watch.ts';
import { BRIEF } from './support/stand-ins.ts';
import { grows, type Point, trendOf } from './support/trend.ts';
import { serviceFor } from './turn.bench.ts';

const SESSIONS = 20;
/** Of few people: what is kept of each (200 messages that nothing was learned from yet) is full before it is looked at. */
const PEOPLE = 2;
const PERIOD_MS = 2_000;
/** A conversation grows with every turn; people begin new ones. */
const TURNS_A_CONVERSATION = 15;
/** Of these many turns one is interrupted, and one loses its connection in the middle. */
const BARGE_IN_EVERY = 4;
const DROP_EVERY = 15;
const DROP_AFTER_MS = 250;
const SAMPLE_MS = 10_000;
/** Before it is looked at: what was found in the memory is kept for five minutes, and swept every minute. */
const WARM_UP_MS = 360_000;

/** What is measured of the service, and its unit. */
const UNITS = {
  heap_after_gc: 'MiB',
  external: 'MiB',
  rss: 'MiB',
  open_files: 'files',
  sockets: 'sockets',
  timers: 'timers',
  resources: 'resources',
  other_rows: 'rows',
  unlearned: 'messages',
} as const;

type Sample = Readonly<Record<keyof typeof UNITS, number>>;

/** What the clients did, and what they were told is stored. */
interface Done {
  turns: number;
  drops: number;
  acknowledged: number;
  errors: string[];
}

/**
 * A steady load with interruptions and lost connections, for six minutes and then the `minutes` that are looked at: what
 * the service holds, every 10 s, and as `…_slope` what it holds more per hour, with twice the standard error as p95.
 * `growing` counts what grows beyond chance; `rows_unaccounted` are items in the store that no client was told of, but
 * for those that a lost connection cost.
 */
export async function* soakBench({ minutes = 10 }: { minutes?: number }): AsyncGenerator<Result> {
  await using standIns = await StandIns.start(BRIEF);
  await using service = await serviceFor(standIns, {
    NODE_OPTIONS: `--expose-gc --import=${new URL('./support/soak-watch.ts', import.meta.url)}`,
  });
  const done: Done = { turns: 0, drops: 0, acknowledged: 0, errors: [] };
  const fromMs = performance.now() + WARM_UP_MS;
  const endMs = fromMs + minutes * 60_000;
  const people = Array.from({ length: SESSIONS }, (_, index) => person(service, index, endMs, done));
  const samples: { readonly atMs: number; readonly sample: Sample }[] = [];
  for (let due = performance.now(); due < endMs; due += SAMPLE_MS) {
    await delay(Math.max(0, due - performance.now()));
    samples.push({ atMs: performance.now(), sample: await sampleOf(service) });
    // What the stand-ins note is not of use here, and would grow.
    await standIns.collect();
  }
  await Promise.all(people);

  let growing = 0;
  for (const name of Object.keys(UNITS) as (keyof Sample)[]) {
    const points: Point[] = samples
      .filter(({ atMs }) => atMs >= fromMs)
      .map(({ atMs, sample }) => ({ atMs, value: sample[name] }));
    yield summarise(
      name,
      UNITS[name],
      points.map(({ value }) => value),
    );
    const trend = trendOf(points);
    // Nothing that was not measured would grow.
    if (!Number.isFinite(trend.growth)) throw new Error(`${name} was measured too seldom, or not at all`);
    const slope = summarise(`${name}_slope`, `${UNITS[name]}/h`, [trend.perHour]);
    yield { ...slope, p95: Math.round(2_000 * trend.errorPerHour) / 1_000, n: points.length };
    if (!grows(trend)) continue;
    growing++;
    process.stderr.write(`${name} grows: ${trend.growth.toFixed(1)} ${UNITS[name]} in the time looked at\n`);
  }
  yield summarise('growing', 'quantities', [growing]);
  yield summarise('turns', 'turns', [done.turns]);
  yield summarise('drops', 'connections', [done.drops]);
  const items = rowsOf(service).get('conversations.items') ?? 0;
  yield summarise('rows_items', 'rows', [items]);
  // A turn that loses its connection leaves two items that nobody was told of.
  const accounted = done.acknowledged + 2 * done.drops;
  yield summarise('rows_unaccounted', 'rows', [Math.max(0, items - accounted)]);
  for (const error of done.errors.slice(0, 3)) process.stderr.write(`${error}\n`);
  yield summarise('errors', 'turns', [done.errors.length]);
}

/** One conversation after the other, until the end. */
async function person(service: Service, index: number, endMs: number, done: Done): Promise<void> {
  await delay((index * PERIOD_MS) / SESSIONS);
  for (let id = index; performance.now() < endMs; id += SESSIONS) {
    const client = await BenchClient.connect(service.url, id, `u${index % PEOPLE}`);
    let isOpen = true;
    for (let count = 1; isOpen && count <= TURNS_A_CONVERSATION && performance.now() < endMs; count++) {
      const next = delay(PERIOD_MS);
      const turn = client.turn({ cancel: count % BARGE_IN_EVERY === 0 });
      // Each at another of its turns.
      const drops = (count + index) % DROP_EVERY === 0;
      if (drops) {
        turn.catch(() => undefined);
        await delay(DROP_AFTER_MS);
        await client.drop();
        done.drops++;
        isOpen = false;
      } else {
        await turn.catch((error) => done.errors.push(String(error)));
      }
      done.turns++;
      await next;
    }
    if (isOpen) await client.close();
    done.acknowledged += client.acknowledged;
  }
}

async function sampleOf(service: Service): Promise<Sample> {
  const response = await fetch(`${service.url}/metrics`);
  const text = await response.text();
  const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  const resources = response.headers.get(RESOURCES_HEADER);
  if (resources === null) throw new Error('the service does not say what is alive in it');
  const alive: Record<string, number> = JSON.parse(resources);
  const mib = (name: string) => metric(name) / 1024 / 1024;
  let otherRows = 0;
  for (const [table, rows] of rowsOf(service)) {
    if (table !== 'conversations.items' && table !== 'conversations.conversations') otherRows += rows;
  }
  return {
    heap_after_gc: mib('nodejs_heap_size_used_bytes'),
    external: mib('nodejs_external_memory_bytes'),
    rss: mib('process_resident_memory_bytes'),
    open_files: metric('process_open_fds'),
    sockets: alive.TCPWRAP ?? 0,
    timers: alive.Timeout ?? 0,
    resources: Object.values(alive).reduce((sum, count) => sum + count, 0),
    other_rows: otherRows,
    unlearned: unlearned(service),
  };
}

/** Messages that wait to be learned from. */
function unlearned(service: Service): number {
  using db = open(service, 'conversations');
  const { count } =
    db.prepare('SELECT count(*) AS count FROM items WHERE memory_stage IS NOT NULL').get() ?? {};
  return Number(count);
}

/** Rows of every table of every database of the service, as `database.table`. */
function rowsOf(service: Service): Map<string, number> {
  const rows = new Map<string, number>();
  for (const name of ['conversations', 'memory'] as const) {
    using db = open(service, name);
    const tables = db.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'",
    );
    for (const { name: table } of tables.all()) {
      const count = db.prepare(`SELECT count(*) AS count FROM "${table}"`).get()?.count;
      rows.set(`${name}.${table}`, Number(count));
    }
  }
  return rows;
}

function open(service: Service, name: 'conversations' | 'memory'): DatabaseSync {
  return new DatabaseSync(join(service.folder, `${name}.db`), { readOnly: true });
}
