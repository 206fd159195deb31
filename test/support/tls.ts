import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate for 127.0.0.1, made now and good for two days. Whoever is to trust it takes it as `ca`. */
export class TestCertificate implements AsyncDisposable {
  readonly certPath: string;
  readonly keyPath: string;
  /** PEM. */
  readonly ca: string;
  readonly #folder: string;

  private constructor(folder: string, paths: { certPath: string; keyPath: string }, ca: string) {
    this.certPath = paths.certPath;
    this.keyPath = paths.keyPath;
    this.ca = ca;
    this.#folder = folder;
  }

  static async create(): Promise<TestCertificate> {
    const folder = await mkdtemp(join(tmpdir(), 'vivavoce-tls-'));
    const paths = { certPath: join(folder, 'cert.pem'), keyPath: join(folder, 'key.pem') };
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', paths.keyPath, '-out', paths.certPath],
    ]);
    return new TestCertificate(folder, paths, await readFile(paths.certPath, 'utf8'));
  }

  /** The settings with which the service uses it. */
  get env(): { TLS_CERT: string; TLS_KEY: string } {
    return { TLS_CERT: this.certPath, TLS_KEY: this.keyPath };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
