import { once } from 'node:events';
import { connect } from 'node:net';
import { Agent, request } from 'undici';
import { BenchClient, type SeenTurn } from './support/client.ts';
import { type Result, summarise } from './support/report.ts';
import { Service, StandIns } from './support/service.ts';
import type { Stamps } from './support/stand-ins.ts';

const WARM_UP_TURNS = 20;
/** A conversation grows with every turn; people begin new ones. */
const TURNS_A_CONVERSATION = 20;
const BARE_REQUESTS = 30;

export interface Latencies {
  /** Client's send → last byte of the request at the model. */
  readonly text_to_llm_request: number[];
  /** Last token of the first sentence leaves the model → the voice is asked. */
  readonly sentence_to_tts: number[];
  /** Frame made by the voice → received by the client. */
  readonly frame_to_socket: number[];
  /** `response.cancel` sent → the model sees its connection close. */
  readonly cancel_to_llm_closed: number[];
}

export function noLatencies(): Latencies {
  return { text_to_llm_request: [], sentence_to_tts: [], frame_to_socket: [], cancel_to_llm_closed: [] };
}

/** Puts together what the client and the engines saw of a turn. */
export function measure(seen: SeenTurn, stamps: Stamps | undefined, into: Latencies): void {
  if (!stamps?.requested) throw new Error(`the model was never asked for ${seen.tag}`);
  const ms = (from: bigint, to: bigint) => Number(to - from) / 1e6;
  into.text_to_llm_request.push(ms(seen.askedAt, stamps.requested));
  if (stamps.firstSentenceOut && stamps.voiceAsked) {
    into.sentence_to_tts.push(ms(stamps.firstSentenceOut, stamps.voiceAsked));
  }
  for (const [index, at] of seen.frames.entries()) {
    const made = stamps.frames[index];
    if (at !== undefined && made !== undefined) into.frame_to_socket.push(ms(made, at));
  }
  if (seen.cancelledAt && stamps.closed) into.cancel_to_llm_closed.push(ms(seen.cancelledAt, stamps.closed));
}

export function* results(latencies: Latencies): Generator<Result> {
  for (const [name, values] of Object.entries(latencies)) {
    if (values.length > 0) yield summarise(name, 'ms', values);
  }
}

/** @param env settings besides those */
export function serviceFor(standIns: StandIns, env: Readonly<Record<string, string>> = {}): Promise<Service> {
  return Service.start({
    LLM: 'ollama',
    OLLAMA_BASE_URL: standIns.ollamaUrl,
    TTS: 'openai',
    TTS_BASE_URL: standIns.speechUrl,
    // Every sentence is a new one here, but the pauses of two conversations could be the same.
    VOICE_CACHE_MB: '0',
    ...env,
  });
}

/**
 * One conversation after the other, one turn after the other: half of the turns to their end, then half of them given
 * up in the middle. `bare_request` is the floor of this machine: the same request from this process, with nothing
 * between it and the model.
 */
export async function* turnBench({ turns = 200 }: { turns?: number }): AsyncGenerator<Result> {
  await using standIns = await StandIns.start();
  await using service = await serviceFor(standIns);
  const latencies = noLatencies();
  await run(standIns, service, { turns: WARM_UP_TURNS, cancel: true, firstId: 0, into: noLatencies() });
  await run(standIns, service, { turns: 1, cancel: false, firstId: 100, into: noLatencies() });

  const before = (await standIns.collect()).connections;
  const startedAt = performance.now();
  const half = Math.ceil(turns / 2);
  await run(standIns, service, { turns: half, cancel: false, firstId: 200, into: latencies });
  const turnMs = (performance.now() - startedAt) / half;
  const perTurn = ((await standIns.collect()).connections - before) / half;
  await run(standIns, service, { turns: half, cancel: true, firstId: 300, into: latencies });

  const bare = await bareRequests(standIns);
  const connectMs = await connectTime(standIns.ollamaUrl);
  yield* results(latencies);
  yield summarise('bare_request', 'ms', bare);
  yield { ...summarise('connections_per_turn', 'connections', [perTurn]), n: half };
  yield {
    ...summarise('connection_overhead', '% of a turn', [(perTurn * connectMs * 100) / turnMs]),
    n: half,
  };
}

interface Run {
  readonly turns: number;
  readonly cancel: boolean;
  readonly firstId: number;
  readonly into: Latencies;
}

async function run(
  standIns: StandIns,
  service: Service,
  { turns, cancel, firstId, into }: Run,
): Promise<void> {
  let client: BenchClient | null = null;
  for (let turn = 0; turn < turns; turn++) {
    if (!client || turn % TURNS_A_CONVERSATION === 0) {
      await client?.close();
      client = await BenchClient.connect(service.url, firstId + turn / TURNS_A_CONVERSATION);
    }
    const seen = await client.turn({ cancel });
    const { byTag } = await standIns.collect();
    measure(seen, byTag.get(seen.tag), into);
  }
  await client?.close();
}

/** From this process straight to the model, over a kept connection, at the pace of a conversation. */
async function bareRequests(standIns: StandIns): Promise<number[]> {
  const agent = new Agent();
  const times: number[] = [];
  for (let sample = 0; sample < BARE_REQUESTS; sample++) {
    const tag = `c0t${sample}`;
    const sentAt = process.hrtime.bigint();
    const { body } = await request(`${standIns.ollamaUrl}/api/chat`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'llama3.2:latest', messages: [{ role: 'user', content: `Say ${tag}` }] }),
    });
    await body.dump();
    const requested = (await standIns.collect()).byTag.get(tag)?.requested;
    if (requested && sample > 0) times.push(Number(requested - sentAt) / 1e6);
  }
  await agent.destroy();
  return times;
}

/** Median milliseconds to open a TCP connection. */
async function connectTime(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const times: number[] = [];
  for (let sample = 0; sample < 20; sample++) {
    const startedAt = performance.now();
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    times.push(performance.now() - startedAt);
    socket.destroy();
  }
  return summarise('connect', 'ms', times).p50;
}
