// A second process for a test: takes the lock of the folder in argv and says so, until it is killed or told to end.
import { lockDataDir } from '../../src/sqlite/data-dir-lock.ts';

const lock = lockDataDir(process.argv[2] ?? '');
process.stdout.write('locked\n');
process.stdin.once('data', () => {
  lock[Symbol.dispose]();
  process.stdin.destroy();
});
