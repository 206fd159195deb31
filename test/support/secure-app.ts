import { OpenAI } from 'openai';
import { RunningApp } from './running-app.ts';
import { TestCertificate } from './tls.ts';

export const API_KEY = 'sk-of-ada-0001';

/** The service behind TLS and keys, as the official client wants it: it connects to `wss:` only. */
export class SecureApp implements AsyncDisposable {
  readonly app: RunningApp;
  /** What to trust, PEM. */
  readonly ca: string;
  readonly #certificate: TestCertificate;

  private constructor(app: RunningApp, certificate: TestCertificate) {
    this.app = app;
    this.ca = certificate.ca;
    this.#certificate = certificate;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<SecureApp> {
    const certificate = await TestCertificate.create();
    const app = await RunningApp.start({
      env: { API_KEYS: `ada:${API_KEY}`, ...certificate.env, ...env },
    });
    return new SecureApp(app, certificate);
  }

  /** The official client, as its users make it. */
  client(apiKey = API_KEY): OpenAI {
    return new OpenAI({ apiKey, baseURL: `${this.app.url}/v1`, maxRetries: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await this.#certificate[Symbol.asyncDispose]();
  }
}
