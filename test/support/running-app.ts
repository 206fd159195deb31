import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import { OllamaServer, type OllamaServerOptions } from './ollama-server.ts';
import type { RecordedRequest } from './recorded-http.ts';
import { SpeechServer } from './speech-server.ts';

interface Options {
  /** Settings besides the folder, the port and the engines. */
  readonly env?: Readonly<Record<string, string>>;
  readonly ollama?: OllamaServerOptions;
  readonly clock?: Clock;
  /** One that is kept, for a second start. Absent: a new one that is removed. */
  readonly folder?: string;
  /** How long breakers stay open. */
  readonly breakerResetMs?: number;
  /** What the deadlines of the engines are multiplied by. */
  readonly patience?: number;
}

/** The whole service in this process, on a free port and in an empty folder, with stand-in engines. */
export class RunningApp implements AsyncDisposable {
  readonly app: App;
  readonly ollama: OllamaServer;
  readonly speech: SpeechServer;
  readonly #folder: string | null;

  private constructor(app: App, ollama: OllamaServer, speech: SpeechServer, folder: string | null) {
    this.app = app;
    this.ollama = ollama;
    this.speech = speech;
    this.#folder = folder;
  }

  static async start({
    env = {},
    ollama: options = {},
    clock = systemClock,
    folder: kept,
    ...outside
  }: Options = {}) {
    const folder = kept ?? (await mkdtemp(join(tmpdir(), 'vivavoce-test-')));
    const ollama = await new OllamaServer(options).start();
    const speech = await SpeechServer.start();
    const config = readConfig({
      PORT: '0',
      DATA_DIR: folder,
      LOG_LEVEL: 'silent',
      // What is being said when a test ends is said to nobody.
      SHUTDOWN_SECONDS: '0',
      WARM_UP: 'off',
      LLM: 'ollama',
      OLLAMA_BASE_URL: ollama.url,
      TTS: 'openai',
      TTS_BASE_URL: speech.baseUrl,
      TTS_WORKERS: '1',
      // Ears take a second to start, and embeddings are looked for all the time: who wants them says so.
      STT: 'none',
      VAD: 'energy',
      EMBEDDINGS: 'none',
      TIMEZONE: 'UTC',
      ...env,
    });
    return new RunningApp(
      await App.start(config, { clock, ...outside }),
      ollama,
      speech,
      kept ? null : folder,
    );
  }

  get url(): string {
    return this.app.url;
  }

  /** The request in which the model was told `words`, when it comes or has come; the newest when there are several. */
  async asked(words: string): Promise<RecordedRequest> {
    for (;;) {
      const next = this.ollama.nextRequest('/api/chat');
      const found = this.ollama
        .requestsTo('/api/chat')
        .findLast(({ body }) => JSON.stringify(body.messages).includes(JSON.stringify(words).slice(1, -1)));
      if (found) return found;
      await next;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await Promise.all([this.ollama[Symbol.asyncDispose](), this.speech[Symbol.asyncDispose]()]);
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }
}
