import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readWav } from '../audio/wav.ts';
import { type WasmModule, webAssembly } from './web-assembly.ts';

/** What a run of the command wrote. */
export interface FliteOutput {
  readonly samples: Int16Array;
  readonly rate: number;
  readonly stdout: string;
}

const WAV_NAME = 'speech.wav';

/**
 * The Flite command, compiled to WASI: each run is a fresh instance, so that nothing of one sentence is left for the
 * next. It sees one folder, and in it nothing but the file that it writes; that file is overwritten each time.
 */
export class FliteCommand {
  readonly #module: WasmModule;
  readonly #folder: string;
  readonly #WASI: typeof import('node:wasi').WASI;

  private constructor(module: WasmModule, folder: string, wasi: typeof import('node:wasi').WASI) {
    this.#module = module;
    this.#folder = folder;
    this.#WASI = wasi;
  }

  /** @param folder an empty folder of this command's own; the owner removes it. */
  static async load(module: WasmModule, folder: string): Promise<FliteCommand> {
    return new FliteCommand(module, folder, await importWasi());
  }

  /**
   * Speaks `text`, which is taken as text whatever it looks like.
   *
   * @throws Error with what the command said when it failed.
   */
  speak(text: string, options: readonly string[]): FliteOutput {
    const stdout = this.#run([...options, '-o', `/out/${WAV_NAME}`, '-t', text]);
    return { ...readWav(readFileSync(join(this.#folder, WAV_NAME))), stdout };
  }

  /** Only what the command prints about `text`. */
  describe(text: string, options: readonly string[]): string {
    return this.#run([...options, '-o', 'none', '-t', text]);
  }

  #run(args: readonly string[]): string {
    const printed = join(this.#folder, 'stdout.txt');
    const descriptor = openSync(printed, 'w');
    let exitCode: number;
    try {
      const wasi = new this.#WASI({
        version: 'preview1',
        args: ['flite', ...args],
        preopens: { '/out': this.#folder },
        returnOnExit: true,
        stdout: descriptor,
        stderr: descriptor,
      });
      const instance = new webAssembly.Instance(this.#module, wasi.getImportObject());
      exitCode = wasi.start(instance);
    } finally {
      closeSync(descriptor);
    }
    const stdout = readFileSync(printed, 'utf8');
    if (exitCode !== 0) throw new Error(`flite ended with exit code ${exitCode}: ${stdout.slice(0, 500)}`);
    return stdout;
  }
}

/** Node warns about WASI once, when it is loaded. That one warning is known and useless to an operator. */
async function importWasi(): Promise<typeof import('node:wasi').WASI> {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).startsWith('WASI is an experimental feature')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return (await import('node:wasi')).WASI;
  } finally {
    process.emitWarning = emitWarning;
  }
}
