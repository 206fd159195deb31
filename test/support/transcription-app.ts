import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomIds, systemClock } from '../../src/clock.ts';
import { Auth } from '../../src/server/auth.ts';
import { createExpressApp } from '../../src/server/http.ts';
import { transcriptionRoutes } from '../../src/server/routes/transcriptions.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { openAdmission } from './open-admission.ts';
import { ScriptedTranscriber } from './scripted-transcriber.ts';

/** The server with a recogniser that hears what its script says, and nothing else. */
export class TranscriptionApp implements AsyncDisposable {
  readonly transcriber: ScriptedTranscriber;
  /** Why it cannot recognise anything now. */
  unavailable: string | null = null;
  readonly #server: Server;

  private constructor(transcriber: ScriptedTranscriber) {
    this.transcriber = transcriber;
    const auth = new Auth([], systemClock);
    const routes = transcriptionRoutes({
      ...{ transcriber, noTranscriberReason: () => this.unavailable },
      admission: openAdmission,
    });
    const app = createExpressApp({
      auth,
      origins: { allowedOrigins: [], isOpen: true },
      ids: randomIds,
      log: createLogger('silent'),
      operating: [],
      uploads: [routes],
      api: [],
    });
    this.#server = createServer(app).listen(0, '127.0.0.1');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  static async start(text: string): Promise<TranscriptionApp> {
    const app = new TranscriptionApp(new ScriptedTranscriber(text));
    if (!app.#server.listening) await once(app.#server, 'listening');
    return app;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
