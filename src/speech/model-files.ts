import { access } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { Clock } from '../clock.ts';
import { VivavoceError } from '../errors.ts';
import { downloadFile } from './model-download.ts';

export interface ModelProgress {
  readonly model: string;
  readonly file: string;
  readonly loadedBytes: number;
  /** Null when the hub does not say. */
  readonly totalBytes: number | null;
}

export interface ModelFilesOptions {
  /** `DATA_DIR/models`. */
  readonly modelsDir: string;
  readonly hubUrl?: string;
  readonly clock: Clock;
  /** Called with every piece that arrives. */
  readonly onProgress?: (progress: ModelProgress) => void;
  readonly stallMs?: number;
  readonly attempts?: number;
  readonly backoffMs?: number;
}

export interface ModelRequest {
  /** `owner/name` on the hub, or the path of a folder (absolute, or beginning with a dot). */
  readonly model: string;
  /** Paths inside the model, in the order in which they are fetched. */
  readonly files: readonly string[];
  /** The setting that names the model, for messages: `STT_MODEL`. */
  readonly setting: string;
}

const HUB_NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/**
 * Brings models of the Hugging Face hub into the data folder, once: `modelsDir/owner/name/…` with the paths of the hub.
 *
 * What is there is used without asking anybody. It does not leave this to the library that runs the models, whose
 * downloads do not resume, do not notice a stall and fill the cache of an installed package.
 */
export class ModelFiles {
  readonly #options: Required<Omit<ModelFilesOptions, 'onProgress'>> & Pick<ModelFilesOptions, 'onProgress'>;
  /** One download at a time: two would only share the line. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(options: ModelFilesOptions) {
    this.#options = {
      hubUrl: 'https://huggingface.co',
      stallMs: 30_000,
      attempts: 5,
      backoffMs: 1_000,
      ...options,
    };
  }

  /**
   * The folder that has all of these files.
   *
   * Rejects with `not_found` when the hub has no such file, `unauthorized`, `engine_unavailable` when it cannot be
   * reached (the message says which files belong where), `engine_failed` when the disk does not take them,
   * `config_invalid` when `model` is neither a name nor a folder with these files.
   */
  async folder(request: ModelRequest, signal: AbortSignal): Promise<string> {
    const { model, files, setting } = request;
    if (isFolder(model)) {
      const missing = await missingFiles(resolve(model), files);
      if (missing.length === 0) return resolve(model);
      const text = `${setting} names the folder ${resolve(model)}, and it lacks ${missing.join(', ')}`;
      throw new VivavoceError('config_invalid', text);
    }
    if (!HUB_NAME.test(model) || model.includes('..')) {
      const text = `${setting} is ${JSON.stringify(model)}; it must be owner/name of a model, or the path of a folder that begins with / or .`;
      throw new VivavoceError('config_invalid', text);
    }
    const folder = join(this.#options.modelsDir, ...model.split('/'));
    if ((await missingFiles(folder, files)).length === 0) return folder;
    const turn = this.#line.then(() => this.#fetch(request, folder, signal));
    this.#line = turn.catch(() => {});
    return turn;
  }

  /** Whether `folder` would need no hub. */
  async has(model: string, files: readonly string[]): Promise<boolean> {
    const folder = isFolder(model) ? resolve(model) : join(this.#options.modelsDir, ...model.split('/'));
    return (await missingFiles(folder, files)).length === 0;
  }

  async #fetch(
    { model, files, setting }: ModelRequest,
    folder: string,
    signal: AbortSignal,
  ): Promise<string> {
    const { hubUrl, onProgress } = this.#options;
    const missing = await missingFiles(folder, files);
    for (const file of missing) {
      if (signal.aborted) throw new VivavoceError('cancelled', `the download of ${model} was cancelled`);
      const onBytes = (loadedBytes: number, totalBytes: number | null) =>
        onProgress?.({ model, file, loadedBytes, totalBytes });
      try {
        const target = join(folder, file);
        await downloadFile(urlOf(hubUrl, model, file), target, { ...this.#options, onBytes }, signal);
      } catch (error) {
        if (!(error instanceof VivavoceError)) throw error;
        if (error.code === 'unauthorized') throw unauthorized(error, setting);
        if (error.code !== 'engine_unavailable') throw error;
        const rest = await missingFiles(folder, files);
        const urls = rest.map((each) => `  ${urlOf(hubUrl, model, each)}  →  ${join(folder, each)}`);
        const text = [
          `the model ${model} could not be fetched: ${error.message}.`,
          `Where there is a connection, fetch these files and put them where the arrows point:`,
          ...urls,
          `or set ${setting} to the path of a folder that has them. What has arrived is kept.`,
        ].join('\n');
        throw new VivavoceError('engine_unavailable', text, { cause: error });
      }
    }
    return folder;
  }
}

function unauthorized(error: VivavoceError, setting: string): VivavoceError {
  const text = `${error.message}; set ${setting} to a public model, or to the path of a folder that has the files`;
  return new VivavoceError('unauthorized', text, { cause: error });
}

function isFolder(model: string): boolean {
  return isAbsolute(model) || model.startsWith('.');
}

function urlOf(hubUrl: string, model: string, file: string): string {
  return `${hubUrl.replace(/\/+$/, '')}/${model}/resolve/main/${file}`;
}

async function missingFiles(folder: string, files: readonly string[]): Promise<string[]> {
  const there = await Promise.all(
    files.map((file) =>
      access(join(folder, file)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, i) => !there[i]);
}
