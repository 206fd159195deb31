import { setTimeout as delay } from 'node:timers/promises';
import { BenchClient, type SeenTurn } from './support/client.ts';
import { percentile, type Result, summarise } from './support/report.ts';
import { type Service, StandIns } from './support/service.ts';
import type { Pace, Stamps } from './support/stand-ins.ts';
import { measure, noLatencies, results, serviceFor } from './turn.bench.ts';

const CONNECTIONS = 500;
const IN_A_TURN = 100;
/** A model of 40 ms a token, and a voice ten times as fast as speech: an answer takes 2.5 s and sounds for 3.2 s or more. */
const VOICE_LIKE: Pace = { msPerToken: 40, secondSentence: 54, frames: 40, msBetweenFrames: 4 };
/** How many connections are opened at a time. */
const BATCH = 25;

/** The second part: so many turns may run, and twice as many are offered. */
const MAX_TURNS = 50;
const OFFERED = 2;
/** So many people are no load. */
const UNLOADED = 5;
/** What else a machine does in a minute should come upon both alike: they take turns. */
const ROUNDS = 3;
const REST_EVERY_MS = 500;
const REFUSED = 'overloaded';

/**
 * Many people at once: `CONNECTIONS` of whom `IN_A_TURN` are answered at any time. Then the service with a cap of
 * `MAX_TURNS` that is offered twice as much: what the cap costs whoever is let in, and how the others are told.
 */
export async function* loadBench({ seconds = 60 }: { seconds?: number }): AsyncGenerator<Result> {
  await using standIns = await StandIns.start(VOICE_LIKE);
  yield* crowd(standIns, seconds);
  yield* twiceTheCap(standIns, seconds);
}

async function* crowd(standIns: StandIns, seconds: number): AsyncGenerator<Result> {
  await using service = await serviceFor(standIns);
  const clients = await connect(service, CONNECTIONS, 0);
  yield one('rss_connected', 'MiB', await service.rssMiB(), CONNECTIONS);
  // What is compiled by then is not measured.
  await keepInTurn(clients, IN_A_TURN, Math.min(5, seconds) * 1000);
  await standIns.collect();
  const cpuBefore = await service.cpuMs();
  const startedMs = performance.now();
  const { seen, errors } = await keepInTurn(clients, IN_A_TURN, seconds * 1000);
  const elapsedMs = performance.now() - startedMs;
  const cpuMs = (await service.cpuMs()) - cpuBefore;
  const { byTag } = await standIns.collect();
  for (const result of latenciesOf(seen, byTag)) yield { ...result, sessions: CONNECTIONS };
  yield one('turns_a_second', 'turns', (seen.length * 1000) / elapsedMs, CONNECTIONS);
  yield one('cpu_share', 'cores', cpuMs / elapsedMs, CONNECTIONS);
  yield one('cpu_per_turn', 'ms', cpuMs / seen.length, CONNECTIONS);
  yield one('rss', 'MiB', await service.rssMiB(), CONNECTIONS);
  // The first frame of the stand-in is known by its samples: what is spoken by the next voice, or not at all, has none.
  const unvoiced = seen.filter(({ frames }) => frames[0] === undefined);
  yield one('without_their_voice', 'turns', unvoiced.length, CONNECTIONS);
  yield one('errors', 'turns', report(errors), CONNECTIONS);
  await Promise.all(clients.map((client) => client.close()));
}

async function* twiceTheCap(standIns: StandIns, seconds: number): AsyncGenerator<Result> {
  await using service = await serviceFor(standIns, { MAX_TURNS: String(MAX_TURNS) });
  // Turns are offered as they come, whatever becomes of the others: each on a connection where nothing runs.
  const clients = await connect(service, MAX_TURNS * OFFERED * 2, CONNECTIONS);
  await keepInTurn(clients, MAX_TURNS / 2, Math.min(5, seconds) * 1000);
  const alone = noOutcomes();
  const crowded = noOutcomes();
  const answers: RestAnswer[] = [];
  const engineMs = { alone: [] as number[], crowded: [] as number[] };
  const roundMs = (seconds * 1000) / ROUNDS;
  for (let round = 0; round < ROUNDS; round++) {
    await standIns.collect();
    const before = await keepInTurn(clients, UNLOADED, roundMs);
    add(before, alone);
    engineMs.alone.push(...enginesOf(before.seen, (await standIns.collect()).byTag));
    const turnMs = percentile(alone.seen.map(({ turnMs: ms }) => ms).toSorted(ascending), 0.5);

    const perSecond = (MAX_TURNS * OFFERED * 1000) / turnMs;
    const rest = new AbortController();
    const overRest = askOverRest(service, rest.signal);
    const under = await offer(clients, perSecond, roundMs);
    rest.abort();
    answers.push(...(await overRest));
    add(under, crowded);
    engineMs.crowded.push(...enginesOf(under.seen, (await standIns.collect()).byTag));
  }
  const { seen, refusals, errors } = crowded;
  const unloaded = firstAudio(alone.seen);
  const loaded = firstAudio(seen);
  const asked = seen.length + refusals.length + errors.length;
  const sessions = MAX_TURNS * OFFERED;
  yield { ...summarise('first_audio_unloaded', 'ms', unloaded), sessions: UNLOADED };
  yield { ...summarise('first_audio_accepted', 'ms', loaded), sessions };
  // They share two cores with us: their part of it says how much of the load is theirs.
  yield { ...summarise('engines_unloaded', 'ms', engineMs.alone), sessions: UNLOADED };
  yield { ...summarise('engines_accepted', 'ms', engineMs.crowded), sessions };
  const p95 = (values: readonly number[]) => percentile(values.toSorted(ascending), 0.95);
  yield one('first_audio_p95_ratio', 'times', p95(loaded) / p95(unloaded), sessions);
  yield { ...one('refused', '% of turns', (refusals.length * 100) / asked, sessions), n: asked };
  yield { ...summarise('time_to_refusal', 'ms', refusals), sessions };
  const refused = answers.filter(({ status }) => status === REFUSED);
  yield {
    ...one('refused_rest', '% of requests', (refused.length * 100) / answers.length, sessions),
    n: answers.length,
  };
  yield {
    ...summarise(
      'time_to_refusal_rest',
      'ms',
      refused.map(({ ms }) => ms),
    ),
    sessions,
  };
  const polite = refused.filter(({ retryAfter }) => retryAfter !== null);
  yield {
    ...one('retry_after', '% of refusals', (polite.length * 100) / refused.length, sessions),
    n: refused.length,
  };
  const failed = answers.filter(({ status }) => status !== 200 && status !== REFUSED);
  const wrong = failed.map(({ status }) => `REST: ${status}`);
  yield one('errors', 'turns', report([...alone.errors, ...errors, ...wrong]), sessions);
  await Promise.all(clients.map((client) => client.close()));
}

/** A turn, and how long all of it took. */
interface Answered extends SeenTurn {
  readonly turnMs: number;
}

interface Outcomes {
  readonly seen: Answered[];
  /** Milliseconds until each refusal. */
  readonly refusals: number[];
  readonly errors: string[];
}

interface RestAnswer {
  readonly status: number | string;
  readonly retryAfter: string | null;
  readonly ms: number;
}

const noOutcomes = (): Outcomes => ({ seen: [], refusals: [], errors: [] });

function add(outcomes: Outcomes, to: Outcomes): void {
  to.seen.push(...outcomes.seen);
  to.refusals.push(...outcomes.refusals);
  to.errors.push(...outcomes.errors);
}

const ascending = (one: number, other: number) => one - other;

async function connect(service: Service, count: number, firstId: number): Promise<BenchClient[]> {
  const clients: BenchClient[] = [];
  while (clients.length < count) {
    const ids = Array.from({ length: Math.min(BATCH, count - clients.length) }, (_, index) => index);
    const at = firstId + clients.length;
    clients.push(...(await Promise.all(ids.map((id) => BenchClient.connect(service.url, at + id)))));
  }
  return clients;
}

async function turn(client: BenchClient, outcomes: Outcomes): Promise<void> {
  const startedMs = performance.now();
  try {
    const seen = await client.turn();
    outcomes.seen.push({ ...seen, turnMs: performance.now() - startedMs });
  } catch (error) {
    if (String(error).includes('overloaded')) outcomes.refusals.push(performance.now() - startedMs);
    else outcomes.errors.push(String(error));
  }
}

/** So many of the clients are in a turn all the time, each in theirs. */
async function keepInTurn(clients: readonly BenchClient[], count: number, forMs: number): Promise<Outcomes> {
  const outcomes = noOutcomes();
  const idle = [...clients];
  const endMs = performance.now() + forMs;
  const oneAfterTheOther = async (index: number) => {
    // Nobody begins in step with the others.
    await delay((index * Math.min(2_000, forMs)) / count);
    while (performance.now() < endMs) {
      const client = idle.shift();
      if (!client) throw new Error('there are fewer clients than turns');
      await turn(client, outcomes);
      idle.push(client);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => oneAfterTheOther(index)));
  return { ...outcomes, errors: [...outcomes.errors, ...refused(outcomes)] };
}

/** Where nobody should be refused, a refusal is an error. */
const refused = ({ refusals }: Outcomes) => refusals.map(() => 'a turn was refused');

/** Turns that begin at a steady rate, whatever becomes of those before. */
async function offer(clients: readonly BenchClient[], perSecond: number, forMs: number): Promise<Outcomes> {
  const outcomes = noOutcomes();
  const idle = [...clients];
  const running = new Set<Promise<void>>();
  const startedMs = performance.now();
  for (let begun = 0; performance.now() - startedMs < forMs; begun++) {
    const client = idle.shift();
    if (!client) throw new Error('no client is idle: refusals take too long');
    const one = turn(client, outcomes).finally(() => {
      idle.push(client);
      running.delete(one);
    });
    running.add(one);
    await delay(Math.max(0, startedMs + ((begun + 1) * 1000) / perSecond - performance.now()));
  }
  await Promise.all(running);
  return outcomes;
}

async function askOverRest(service: Service, signal: AbortSignal): Promise<RestAnswer[]> {
  const answers: RestAnswer[] = [];
  while (!signal.aborted) {
    await delay(REST_EVERY_MS);
    const startedMs = performance.now();
    let status: number | string;
    let retryAfter: string | null = null;
    try {
      const response = await fetch(`${service.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'Is there room?' }] }),
      });
      // An engine that is overwhelmed is no refusal.
      status = (await response.text()).includes('overloaded') ? REFUSED : response.status;
      retryAfter = response.headers.get('retry-after');
    } catch (error) {
      status = String((error as Error).cause ?? error);
    }
    answers.push({ status, retryAfter, ms: performance.now() - startedMs });
  }
  return answers;
}

function* latenciesOf(turns: readonly Answered[], byTag: ReadonlyMap<string, Stamps>): Generator<Result> {
  const latencies = noLatencies();
  for (const seen of turns) measure(seen, byTag.get(seen.tag), latencies);
  yield* results(latencies);
  yield summarise('first_audio', 'ms', firstAudio(turns));
  yield summarise(
    'turn',
    'ms',
    turns.map(({ turnMs }) => turnMs),
  );
}

/** From the question to the first audio of the answer, milliseconds. */
function firstAudio(turns: readonly Answered[]): number[] {
  return turns.flatMap(({ frames, askedAt }) => {
    const first = frames.find((at) => at !== undefined);
    return first === undefined ? [] : [Number(first - askedAt) / 1e6];
  });
}

/** How much of the time until the first audio the engines took, milliseconds: their first sentence and their first frame. */
function enginesOf(turns: readonly Answered[], byTag: ReadonlyMap<string, Stamps>): number[] {
  return turns.flatMap(({ tag }) => {
    const { requested, firstSentenceOut, voiceAsked, frames: [frame] = [] } = byTag.get(tag) ?? {};
    if (!requested || !firstSentenceOut || !voiceAsked || !frame) return [];
    return [Number(firstSentenceOut - requested + frame - voiceAsked) / 1e6];
  });
}

function one(name: string, unit: string, value: number, sessions: number): Result {
  return { ...summarise(name, unit, [value]), sessions };
}

/** How many there are; the first few in words. */
function report(errors: readonly string[]): number {
  for (const error of errors.slice(0, 3)) process.stderr.write(`${error}\n`);
  return errors.length;
}
