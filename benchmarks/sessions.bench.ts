import { setTimeout as delay } from 'node:timers/promises';
import { BenchClient, type SeenTurn } from './support/client.ts';
import { type Result, summarise } from './support/report.ts';
import { type Service, StandIns } from './support/service.ts';
import { measure, noLatencies, results, serviceFor } from './turn.bench.ts';

const SESSIONS = [1, 50, 200];
/** People think, speak and listen: one turn in so long, each at their own moment. */
const PERIOD_MS = 4_000;

/** Conversations at once on one process: the latencies of a turn, its processor time, and the memory. */
export async function* sessionsBench({ turns = 5 }: { turns?: number }): AsyncGenerator<Result> {
  await using standIns = await StandIns.start();
  await using service = await serviceFor(standIns);
  await run(service, 2, 2);
  for (const sessions of SESSIONS) {
    await standIns.collect();
    const perSession = Math.max(turns, Math.ceil(20 / sessions));
    const cpuBefore = await service.cpuMs();
    const startedAt = performance.now();
    const seen = await run(service, sessions, perSession);
    const elapsedMs = performance.now() - startedAt;
    const cpuMs = (await service.cpuMs()) - cpuBefore;
    const { byTag: stamps } = await standIns.collect();
    const latencies = noLatencies();
    for (const turn of seen) measure(turn, stamps.get(turn.tag), latencies);
    for (const result of results(latencies)) yield { ...result, sessions };
    yield { ...summarise('cpu_per_turn', 'ms', [cpuMs / seen.length]), n: seen.length, sessions };
    yield { ...summarise('cpu_share', 'cores', [cpuMs / elapsedMs]), n: 1, sessions };
    yield { ...summarise('rss', 'MiB', [await service.rssMiB()]), n: 1, sessions };
  }
}

let nextId = 1_000;

async function run(service: Service, sessions: number, turns: number): Promise<SeenTurn[]> {
  const one = async (index: number): Promise<SeenTurn[]> => {
    await delay((index * PERIOD_MS) / sessions);
    const client = await BenchClient.connect(service.url, nextId++);
    const seen: SeenTurn[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const next = delay(PERIOD_MS);
      seen.push(await client.turn({ cancel: turn % 4 === 3 }));
      await next;
    }
    await client.close();
    return seen;
  };
  const all = await Promise.all(Array.from({ length: sessions }, (_, index) => one(index)));
  return all.flat();
}
