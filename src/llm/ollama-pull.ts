import type { Clock } from '../clock.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import type { EngineHttp } from './engine-http.ts';
import { readLines } from './ollama-lines.ts';

export interface PullProgress {
  /** As Ollama words it: `pulling manifest`, `verifying sha256 digest`, … */
  readonly status: string;
  /** Of all layers that are known so far; `totalBytes` grows when another layer begins. */
  readonly completedBytes: number;
  readonly totalBytes: number;
}

/** Makes Ollama download `model`; resolves when it is installed. */
export async function pullModel(
  http: EngineHttp,
  model: string,
  onProgress: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const call = { method: 'POST', body: JSON.stringify({ model, stream: true }) } as const;
  const response = await http.open(`${http.baseUrl}/api/pull`, call, signal);
  const layers = new Map<string, { completed: number; total: number }>();
  let success = false;
  try {
    for await (const { line } of readLines(response.body, 'Ollama')) {
      if (line.digest !== undefined) {
        layers.set(line.digest, { completed: line.completed ?? 0, total: line.total ?? 0 });
      }
      success = line.status === 'success';
      const all = [...layers.values()];
      onProgress({
        status: line.status ?? '',
        completedBytes: all.reduce((sum, layer) => sum + layer.completed, 0),
        totalBytes: all.reduce((sum, layer) => sum + layer.total, 0),
      });
    }
  } catch (error) {
    throw http.toError(error, signal, `while it pulled ${model}`);
  }
  if (!success) throw new VivavoceError('engine_failed', `Ollama stopped in the middle of pulling ${model}`);
}

/** A registry that could not be reached is not asked again with every probe. */
const RETRY_AFTER_MS = 60_000;

/** A download that goes on in the background, one at a time, and says how far it is. */
export class BackgroundPull implements AsyncDisposable {
  readonly #http: EngineHttp;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #running: Promise<void> | null = null;
  #model = '';
  #percent: number | null = null;
  #failure: { readonly reason: string; readonly atMs: number } | null = null;

  constructor(http: EngineHttp, clock: Clock) {
    this.#http = http;
    this.#clock = clock;
  }

  /** `pulling llama3.2: 43 %`; null when nothing is being pulled. */
  get progress(): string | null {
    if (!this.#running) return null;
    return this.#percent === null ? `pulling ${this.#model}` : `pulling ${this.#model}: ${this.#percent} %`;
  }

  /** Why the last pull failed; null when it did not, or when it is time to try again. */
  get failure(): string | null {
    if (!this.#failure || this.#clock.monotonicMs() - this.#failure.atMs >= RETRY_AFTER_MS) return null;
    return this.#failure.reason;
  }

  /** Starts to pull `model` unless a pull is running already. */
  start(model: string): void {
    if (this.#running) return;
    this.#model = model;
    this.#percent = null;
    this.#failure = null;
    this.#running = this.#run(model);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(model: string): Promise<void> {
    const onProgress = ({ completedBytes, totalBytes }: PullProgress) => {
      this.#percent = totalBytes > 0 ? Math.floor((100 * completedBytes) / totalBytes) : null;
    };
    try {
      await pullModel(this.#http, model, onProgress, this.#closing.signal);
    } catch (error) {
      this.#failure = { reason: messageOf(error), atMs: this.#clock.monotonicMs() };
    } finally {
      this.#running = null;
    }
  }
}
