import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, truncate, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE_BYTES = 24 * 1024 * 1024;

/** A disk of its own, in a file: it can be filled to the last byte, and it can fail as disks do. */
export class SmallDisk implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where nothing may be mounted: skipped with the reason, or an error when CI=true. */
  static async mount(): Promise<SmallDisk | null> {
    const disk = new SmallDisk(await mkdtemp(join(tmpdir(), 'vivavoce-disk-')));
    try {
      await (await open(disk.#image, 'w')).close();
      await truncate(disk.#image, SIZE_BYTES);
      await run('mkfs.ext4', ['-q', '-m', '0', disk.#image]);
      await mkdir(disk.path);
      await disk.#mount();
      return disk;
    } catch (error) {
      await rm(disk.#folder, { recursive: true, force: true });
      if (process.env.CI === 'true') throw error;
      process.stderr.write(`skipped: no disk can be mounted here: ${(error as Error).message}\n`);
      return null;
    }
  }

  /** Where it is mounted. */
  get path(): string {
    return join(this.#folder, 'disk');
  }

  /** Not one byte more fits. */
  async fill(): Promise<void> {
    const filler = await open(this.#filler, 'w');
    const block = Buffer.alloc(4_096);
    try {
      for (;;) await filler.write(block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await filler.close();
    }
  }

  async free(): Promise<void> {
    await unlink(this.#filler);
  }

  /** What a kernel does when a disk fails: from now on it can be read, and nothing can be written. */
  async failToWrite(): Promise<void> {
    await run('mount', ['-o', 'remount,abort', this.path]);
    // It takes note with the next write.
    await open(join(this.path, 'note'), 'w').then(
      (file) => file.close(),
      () => undefined,
    );
  }

  /** It is repaired and mounted again; nobody may have a file of it open. */
  async repair(): Promise<void> {
    await run('umount', [this.path]);
    // 1: errors were corrected.
    await run('fsck.ext4', ['-p', '-f', this.#image]).catch((error) => {
      if (error.code !== 1) throw error;
    });
    await this.#mount();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.path]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #image(): string {
    return join(this.#folder, 'image');
  }

  get #filler(): string {
    return join(this.path, 'filler');
  }

  async #mount(): Promise<void> {
    await run('mount', ['-o', 'loop', this.#image, this.path]);
  }
}
