import { OpenAI } from 'openai';
import { RunningApp } from './running-app.ts';
import { TestCertificate } from './tls.ts';

export const API_KEY = 'sk-of-ada-0001';

/** The service behind TLS and keys, as the official client wants it: it connects to `wss:` only. */
export class SecureApp implements AsyncDisposable {
  readonly app: RunningApp;
  /** What to trust, PEM. */
  readonly ca: string;
  readonly #resources: AsyncDisposableStack;

  private constructor(app: RunningApp, ca: string, resources: AsyncDisposableStack) {
    this.app = app;
    this.ca = ca;
    this.#resources = resources;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<SecureApp> {
    await using resources = new AsyncDisposableStack();
    const { env: tls, ca } = resources.use(await TestCertificate.create());
    const app = resources.use(
      await RunningApp.start({ env: { API_KEYS: `ada:${API_KEY}`, ...tls, ...env } }),
    );
    return new SecureApp(app, ca, resources.move());
  }

  /** The official client, as its users make it. */
  client(apiKey = API_KEY): OpenAI {
    return new OpenAI({ apiKey, baseURL: `${this.app.url}/v1`, maxRetries: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
