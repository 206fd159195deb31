import type { EngineStatus } from '../../src/engine-status.ts';
import type { QdrantDatabase } from '../support/qdrant-database.ts';
import { QdrantServer } from '../support/qdrant-server.ts';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';

interface Running {
  readonly url: string;
}

/** Asks until it is so: what is learned, is learned behind the turn. */
export async function until<T>(ask: () => Promise<T> | T, isSo: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    await new Promise(setImmediate);
  }
}

/** A turn as a client of our events sees it. */
export interface Turn {
  readonly status: string;
  readonly answer: string;
  /** What it had to do without, by part. */
  readonly degraded: Readonly<Record<string, string>>;
  /** How long each step took. */
  readonly spansMs: Readonly<Record<string, number>>;
  /** What the model was given, and from where. */
  readonly recalled: WireEvent;
}

export function connect({ url }: Running): Promise<RealtimeClient> {
  return RealtimeClient.connect(url, { query: { extensions: 'vivavoce' } });
}

/** Says something; what became of it. */
export async function ask(client: RealtimeClient, words: string): Promise<Turn> {
  client.say(words);
  return await traced(client);
}

/** The turn that is running. */
export async function traced(client: RealtimeClient): Promise<Turn> {
  const trace = await client.next('vivavoce.turn.traced');
  const { response } = await until(
    () => client.all('response.done').find(({ response }) => response.id === trace.response_id),
    (done) => done !== undefined,
  );
  return {
    status: response.status,
    answer: response.output[0]?.content[0]?.text ?? '',
    degraded: Object.fromEntries(trace.degraded.map(({ part, reason }: WireEvent) => [part, reason])),
    spansMs: Object.fromEntries(
      trace.nodes.map(({ name, start_ms, end_ms }: WireEvent) => [name, end_ms - start_ms]),
    ),
    recalled: client
      .all('vivavoce.memory.recalled')
      .find(({ response_id }) => response_id === trace.response_id),
  };
}

/** Says something in a conversation of its own. */
export async function say(app: Running, words: string): Promise<Turn> {
  await using client = await connect(app);
  return await ask(client, words);
}

/** What a part is, as an operator and the page see it. */
export async function statusOf({ url }: Running, part = 'memory'): Promise<EngineStatus> {
  const { body } = await new RestClient(url).get('/readyz');
  return body.engines.find((engine: EngineStatus) => engine.part === part);
}

export function hasState(app: Running, state: EngineStatus['state'], part = 'memory'): Promise<EngineStatus> {
  return until(
    () => statusOf(app, part),
    (status) => status.state === state,
  );
}

/** What a page was told last of a part; undefined before anything changed. */
export function toldOf(page: RealtimeClient, part = 'memory'): EngineStatus | undefined {
  const changed = page.all('vivavoce.engines.changed').at(-1);
  return changed?.engines.find((engine: EngineStatus) => engine.part === part);
}

/** The texts of the memories, oldest first; null while they cannot be read. */
export async function memories({ url }: Running): Promise<string[] | null> {
  const { status, body } = await new RestClient(url).get('/v1/memories?history=true&order=asc&limit=100');
  return status === 200 ? body.data.map(({ text }: WireEvent) => text) : null;
}

export function knows(app: Running, text: string): Promise<unknown> {
  return until(
    () => memories(app),
    (texts) => texts?.includes(text) ?? false,
  );
}

/** Every point that a Qdrant keeps, in words. */
export function pointsOf({ collections }: QdrantDatabase): string[] {
  const points = [...collections.values()].flatMap((collection) => [...collection.points.values()]);
  return points.map(({ payload }) => payload.text as string).toSorted();
}

/** A Qdrant whose plug can be pulled. What it keeps outlives that. */
export class PluggedQdrant implements AsyncDisposable {
  server: QdrantServer;
  readonly url: string;
  readonly #port: number;

  private constructor(server: QdrantServer) {
    this.server = server;
    this.url = server.url;
    this.#port = server.port;
  }

  static async start(): Promise<PluggedQdrant> {
    return new PluggedQdrant(await new QdrantServer().start());
  }

  get points(): string[] {
    return pointsOf(this.server.database);
  }

  async unplug(): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  async plug(): Promise<void> {
    this.server = await new QdrantServer({ database: this.server.database }).start(this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplug();
  }
}
