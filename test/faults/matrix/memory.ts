import { bytesOf } from '../../../src/speech/audio/pcm.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { OpenAiServer } from '../../support/openai-server.ts';
import { BROKEN, BUSY, type QdrantFault, QdrantServer } from '../../support/qdrant-server.ts';
import type { WireEvent } from '../../support/realtime-client.ts';
import { RunningApp } from '../../support/running-app.ts';
import type { EmbeddingFault } from '../../support/scripted-embeddings.ts';
import { sendBytes, toneFor } from '../../support/speech-server.ts';
import { knows, memories, pointsOf, statusOf, until } from '../faulty-memory.ts';
import type { Bench, Fault, Haste, Row } from './cell.ts';
import { lostOf } from './records.ts';
import { type SpokenTurn, speakTurn } from './spoken-turn.ts';
import { breakConnection, healConnection } from './transport.ts';

const BERLIN = 'The user lives in Berlin.';
/** What people tell while something is at fault, each of them once. */
const LIKED = ['tea', 'coffee', 'milk', 'cheese', 'bread', 'honey', 'fish', 'rice'];
/** Inside of an answer, behind its head or in it. */
const MID_BYTES = 120;
/** The wait for the memory, and what a turn takes anyway. */
const WITHIN_MS = 1_000;

/** Found now, or for an earlier question of the same person. */
const KNOWING = 'an answer with what is remembered';
/** Searching takes no more than 200 ms of a turn; on a machine that does ten other things that is not enough for everybody. */
const FORGETFUL = 'an answer without memories';

const QDRANT_FAULTS: Partial<Record<Fault, QdrantFault>> = {
  garbage: { kind: 'garbage' },
  '429': BUSY,
  '500': BROKEN,
};
const EMBEDDING_FAULTS: Partial<Record<Fault, EmbeddingFault>> = {
  garbage: { kind: 'garbage' },
  '429': { kind: 'status', status: 429, message: 'Rate limit reached for requests' },
  '500': { kind: 'status', status: 500, message: 'The server had an error while processing your request' },
};

/** Whichever of the two it is: what is remembered is found without it. */
const EXPECTED: Row['expected'] = {
  refused: { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: true },
  'no first byte': { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: true },
  stall: { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: true },
  'reset mid-stream': { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: true },
  garbage: { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: true },
  '429': { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: true },
  '500': { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: true },
  slow: { got: KNOWING, or: FORGETFUL, withinMs: WITHIN_MS, isSpared: false },
};

export const qdrantRow: Row = {
  part: 'memory in Qdrant',
  guard: 'memory:qdrant',
  well: KNOWING,
  patience: 1,
  turns: 8,
  expected: EXPECTED,
  async start(haste) {
    await using resources = new AsyncDisposableStack();
    const qdrant = resources.use(await new QdrantServer().start());
    const proxy = resources.use(await new FaultProxy(qdrant.url).start());
    const app = resources.use(await startApp({ QDRANT_URL: proxy.url }, haste));
    return await memoryBench({
      app,
      resources: resources.move(),
      isBack: async (turn) => turn.degraded.length === 0 && turn.recalled?.source === 'search',
      break(fault) {
        if (!breakConnection(proxy, fault, MID_BYTES)) qdrant.failWith(QDRANT_FAULTS[fault] ?? null);
      },
      async heal() {
        qdrant.failWith(null);
        await healConnection(proxy);
      },
      doubled: () => {
        const points = pointsOf(qdrant.database);
        return points.filter((text, i) => points.indexOf(text) !== i);
      },
    });
  },
};

export const embeddingsRow: Row = {
  part: 'embeddings over HTTP',
  guard: 'embeddings:openai',
  well: KNOWING,
  patience: 1,
  turns: 9,
  expected: EXPECTED,
  async start(haste) {
    await using resources = new AsyncDisposableStack();
    const server = resources.use(await new OpenAiServer({ models: ['letters'] }).start());
    const proxy = resources.use(await new FaultProxy(server.baseUrl).start());
    const env = { EMBEDDINGS: 'openai', EMBEDDINGS_BASE_URL: proxy.url, EMBEDDINGS_MODEL: 'letters' };
    const app = resources.use(await startApp(env, haste));
    return await memoryBench({
      app,
      resources: resources.move(),
      isBack: async () => (await statusOf(app, 'embeddings')).state === 'ready',
      break(fault) {
        if (!breakConnection(proxy, fault, MID_BYTES))
          server.embeddings.fault = EMBEDDING_FAULTS[fault] ?? null;
      },
      async heal() {
        server.embeddings.fault = null;
        await healConnection(proxy);
      },
      doubled: () => [],
    });
  },
};

/** The rules learn and answer: what they remember does not depend on a model. */
function startApp(env: Readonly<Record<string, string>>, haste: Haste): Promise<RunningApp> {
  return RunningApp.start({ env: { LLM: 'offline', ...env }, ...haste });
}

interface Parts extends Pick<Bench, 'app' | 'break' | 'heal'> {
  readonly resources: AsyncDisposable;
  /** Everything was asked as it should be in this turn. */
  isBack(turn: SpokenTurn): Promise<boolean>;
  /** What is kept twice. */
  doubled(): readonly string[];
}

async function memoryBench({ app, resources, isBack, doubled, ...parts }: Parts): Promise<Bench> {
  app.speech.answer = (request, response) =>
    sendBytes([bytesOf(toneFor(String(request.body.input).slice(0, 8)))])(request, response);
  const turns: SpokenTurn[] = [];
  const speak = async (words: string) => {
    const turn = await speakTurn(app.url, words);
    turns.push(turn);
    return turn;
  };
  let told: Promise<unknown> = Promise.resolve();
  let asked = 0;
  let faults = 0;
  await speak('I live in Berlin.');
  await knows(app, BERLIN);
  return {
    app,
    async ask() {
      const turn = await speak(`Where do I live, for the ${asked++} time?`);
      return {
        got: gotOf(turn),
        waitedMs: turn.waitedMs,
        isBack: await isBack(turn),
      };
    },
    break(fault) {
      parts.break(fault);
      told = speak(`I like ${LIKED[faults++]}.`);
    },
    heal: () => parts.heal(),
    async lost() {
      await told;
      // What was said meanwhile is learned.
      await until(
        () => memories(app),
        (texts) => texts?.includes(`The user likes ${LIKED[faults - 1]}.`) ?? false,
      );
      const twice = doubled().map((text) => `“${text}” is remembered twice`);
      return [...(await lostOf(app.url, turns)), ...twice];
    },
    [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose](),
  };
}

function gotOf({ status, recalled }: SpokenTurn): string {
  if (status !== 'completed') return `nothing (${status})`;
  const isKnown = recalled?.memories.some(({ text }: WireEvent) => text === BERLIN);
  return isKnown ? KNOWING : FORGETFUL;
}
