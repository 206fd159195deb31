import { type TempDir, tempDir } from '../../conversation/temp-dir.ts';
import { ServiceProcess } from '../../support/service-process.ts';
import { damageIn, rememberedOf, sentIn, storedOf, waitingIn } from './audit.ts';
import type { Ledger } from './ledger.ts';
import { Random } from './random.ts';
import { startStandIns } from './stand-ins.ts';
import { Talker } from './talker.ts';

const SESSIONS = 20;
/** What comes from the service in a second or two. */
const MOST_EVENTS = 6_000;
/** The kill comes with an event, or so long after it at most. */
const MOST_DELAY_MS = 15;
/** Some starts are killed as well, while what waits is taken up. */
const START_IS_KILLED = 0.3;
const MOST_START_MS = 500;
const DRAIN_MS = 30_000;
const LOOK_MS = 20;

export interface Round {
  /** How many events had come when the service was killed. */
  readonly events: number;
  /** How often somebody was told that something is done, deleted or changed. */
  readonly confirmed: number;
  readonly items: number;
  readonly memories: number;
  /** Answers that the kill cut off, which are `incomplete` now. */
  readonly interrupted: number;
  /** Starts that were killed before they had taken up what waited. */
  readonly killedStarts: number;
  /** What was still waiting to be learned, or swept away, when it took connections again. */
  readonly waiting: number;
  readonly ms: number;
  /** Everything that is wrong, in words. */
  readonly wrong: readonly string[];
}

/** A service that is killed again and again while people talk to it, always on the same folder. */
export class Kills implements AsyncDisposable {
  readonly #random: Random;
  readonly #mostEvents: number;
  readonly #talkers: readonly Talker[];
  readonly #resources: AsyncDisposableStack;
  readonly #dir: TempDir;
  readonly #env: Readonly<Record<string, string>>;
  #service: ServiceProcess;
  #onEvent: () => void = () => undefined;

  private constructor(
    seed: number,
    mostEvents: number,
    resources: AsyncDisposableStack,
    dir: TempDir,
    env: Readonly<Record<string, string>>,
    service: ServiceProcess,
  ) {
    this.#random = new Random(seed);
    this.#mostEvents = mostEvents;
    this.#resources = resources;
    this.#dir = dir;
    this.#env = env;
    this.#service = service;
    let number = 0;
    this.#talkers = Array.from(
      { length: SESSIONS },
      (_, index) =>
        new Talker({
          name: `talker${index}`,
          random: new Random(this.#random.between(0, 2 ** 32 - 1)),
          nextNumber: () => number++,
          onEvent: () => this.#onEvent(),
        }),
    );
  }

  /** @param mostEvents after so many the kill comes at the latest; early ones are likelier than late ones */
  static async start(seed: number, mostEvents = MOST_EVENTS): Promise<Kills> {
    await using resources = new AsyncDisposableStack();
    const { ollama, speech } = await startStandIns();
    resources.use(ollama);
    resources.use(speech);
    const dir = resources.use(await tempDir());
    const env = {
      DATA_DIR: dir.path,
      LLM: 'ollama',
      OLLAMA_BASE_URL: ollama.url,
      TTS: 'openai',
      TTS_BASE_URL: speech.baseUrl,
      EMBEDDINGS: 'none',
    };
    const service = await ServiceProcess.start(env);
    return new Kills(seed, mostEvents, resources.move(), dir, env, service);
  }

  /** Lets everybody talk, kills the service in the middle of it, starts it again, and looks what is left. */
  async round(): Promise<Round> {
    const startedMs = performance.now();
    const confirmedBefore = this.#sum((ledger) => ledger.confirmed);
    const interruptedBefore = this.#sum(({ interrupted }) => interrupted);
    const events = await this.#talkUntilKilled();
    const confirmed = this.#sum((ledger) => ledger.confirmed) - confirmedBefore;
    const killedStarts = await this.#startAgain();
    const waiting = waitingIn(this.#dir.path);
    const wrong = [...(await this.#drained()), ...damageIn(this.#dir.path)];
    const sent = sentIn(this.#dir.path);
    let [items, memories] = [0, 0];
    for (const { name, ledger } of this.#talkers) {
      const stored = await storedOf(this.#service.url, name, sent);
      const remembered = await rememberedOf(this.#service.url, name);
      const all = [
        ...ledger.compare(stored),
        ...ledger.compareMemories(remembered),
        ...ledger.complaints.splice(0),
      ];
      wrong.push(...all.map((text) => `${name}: ${text}`));
      items += [...stored.values()].flat().length;
      memories += remembered.length;
    }
    if (this.#service.stderr !== '') wrong.push(this.#service.stderr);
    const interrupted = this.#sum((ledger) => ledger.interrupted) - interruptedBefore;
    const ms = Math.round(performance.now() - startedMs);
    return { events, confirmed, interrupted, items, memories, killedStarts, waiting, ms, wrong };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
    await this.#resources.disposeAsync();
  }

  #sum(count: (ledger: Ledger) => number): number {
    return this.#talkers.reduce((sum, { ledger }) => sum + count(ledger), 0);
  }

  async #talkUntilKilled(): Promise<number> {
    const random = this.#random;
    const service = this.#service;
    const last = 1 + Math.floor(this.#mostEvents * random.next() ** 2);
    const delayMs = random.chance(0.5) ? 0 : random.between(1, MOST_DELAY_MS);
    let events = 0;
    let isKilled = false;
    const kill = () => {
      isKilled = true;
      void service.kill('SIGKILL');
    };
    this.#onEvent = () => {
      if (++events !== last) return;
      if (delayMs === 0) kill();
      else setTimeout(kill, delayMs);
    };
    await Promise.all(this.#talkers.map((talker) => talker.talk(service.url, () => isKilled)));
    await service.ended;
    return events;
  }

  async #startAgain(): Promise<number> {
    let killedStarts = 0;
    for (;;) {
      this.#service = await ServiceProcess.start(this.#env);
      if (!this.#random.chance(START_IS_KILLED)) return killedStarts;
      await delay(this.#random.between(0, MOST_START_MS));
      await this.#service.kill('SIGKILL');
      killedStarts++;
    }
  }

  /** Waits until everything that waits is learned. */
  async #drained(): Promise<string[]> {
    for (const untilMs = performance.now() + DRAIN_MS; performance.now() < untilMs; await delay(LOOK_MS))
      if (waitingIn(this.#dir.path) === 0) return [];
    return [`${waitingIn(this.#dir.path)} are not learned or swept after ${DRAIN_MS} ms`];
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
