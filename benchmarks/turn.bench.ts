import { BenchClient, type SeenTurn } from './support/client.ts';
import { type Result, summarise } from './support/report.ts';
import { Service, StandIns } from './support/service.ts';
import type { Stamps } from './support/stand-ins.ts';

const WARM_UP_TURNS = 20;
/** A conversation grows with every turn; people begin new ones. */
const TURNS_A_CONVERSATION = 20;

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

export function serviceFor(standIns: StandIns): Promise<Service> {
  return Service.start({
    LLM: 'ollama',
    OLLAMA_BASE_URL: standIns.ollamaUrl,
    TTS: 'openai',
    TTS_BASE_URL: standIns.speechUrl,
    // Every sentence is a new one here, but the pauses of two conversations could be the same.
    VOICE_CACHE_MB: '0',
  });
}

/** One conversation after the other, one turn after the other; every second one is given up in the middle. */
export async function* turnBench({ turns = 200 }: { turns?: number }): AsyncGenerator<Result> {
  await using standIns = await StandIns.start();
  await using service = await serviceFor(standIns);
  const latencies = noLatencies();
  let client: BenchClient | null = null;
  for (let turn = -WARM_UP_TURNS; turn < turns; turn++) {
    if (!client || turn % TURNS_A_CONVERSATION === 0) {
      await client?.close();
      client = await BenchClient.connect(service.url, turn + WARM_UP_TURNS);
    }
    const seen = await client.turn({ cancel: turn % 2 !== 0 });
    const stamps = await standIns.collect();
    if (turn >= 0) measure(seen, stamps.get(seen.tag), latencies);
  }
  await client?.close();
  yield* results(latencies);
}
