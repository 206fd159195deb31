import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../eval/input-error.ts';
import { readFiles } from '../../eval/read-files.ts';
import { tempDir } from '../conversation/temp-dir.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const SMALL = join(import.meta.dirname, 'small-conversation.json');

const dir = await tempDir();
afterAll(() => dir[Symbol.asyncDispose]());

/** As `npm run eval` does it, with nothing in the environment. */
async function evaluate(...args: readonly string[]) {
  try {
    const { stdout, stderr } = await run(process.execPath, ['eval/run.ts', ...args], { cwd: ROOT, env: {} });
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, stdout, stderr };
  }
}

describe.concurrent('npm run eval -- retrieval', () => {
  test('prints what plain BM25 finds and what the memory does', async () => {
    const { status, stdout, stderr } = await evaluate('retrieval', SMALL);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('76 turns, 28 questions');
    expect(stdout).toMatch(/plain BM25 over single turns\n[\s\S]*\nmemory, words only\n/);
    expect(stdout.match(/^ {2}all +28( +[01]\.\d{3}){3}$/gm)).toHaveLength(2);
  });

  test('prints a line of JSON for each when asked to', async () => {
    const { stdout } = await evaluate('retrieval', SMALL, '--json');
    const reports = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reports.map(({ ranker, questions }) => [ranker, questions])).toEqual([
      ['plain BM25 over single turns', 28],
      ['memory, words only', 28],
    ]);
  });

  test.each([[['retrieval']], [['singing', SMALL]]])('says how it is used: %j', async (args) => {
    const { status, stdout, stderr } = await evaluate(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^usage: npm run eval -- retrieval FILE…/);
  });

  test('says which option it does not know', async () => {
    const { status, stderr } = await evaluate('retrieval', SMALL, '--fast');
    expect(status).toBe(2);
    expect(stderr).toContain("Unknown option '--fast'");
  });

  test('says which file is not there', async () => {
    const { status, stdout, stderr } = await evaluate('retrieval', SMALL, 'nowhere.json');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^nowhere\.json cannot be read: ENOENT.*\n$/);
  });
});

describe('a file', () => {
  const turn = { speaker: 'Ann', dia_id: 'D1:1', text: 'Hi!' };
  test.each([
    ['nope', /is not in the format of LoCoMo: .*not valid JSON/s],
    ['"text"', /is not in the format of LoCoMo: .* at the top$/],
    ['[]', /is not in the format of LoCoMo: it has no sessions/],
    ['{"dialogue":[]}', /is not in the format of LoCoMo: it has no sessions/],
    ['{"session_1":"Hi!"}', /is not in the format of LoCoMo: .* at session_1$/],
    ['{"session_1":[{"speaker":"Ann"}]}', /is not in the format of LoCoMo: .* at session_1\.0\.dia_id$/],
    [
      JSON.stringify({ session_1: [turn], qa: [{}] }),
      /is not in the format of LoCoMo: .* at qa\.0\.question$/,
    ],
    [JSON.stringify({ session_1: [turn] }), /has nothing to ask: no question in qa names a turn/],
  ])('is refused in words when it says %s', async (text, reason) => {
    await writeFile(dir.file('bad.json'), text);
    const refused = await readFiles([SMALL, dir.file('bad.json')]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InputError);
    expect((refused as Error).message).toMatch(reason);
    expect((refused as Error).message.startsWith(dir.file('bad.json'))).toBe(true);
  });

  test('that is a folder is refused too', async () => {
    await expect(readFiles([dir.path])).rejects.toThrow(`${dir.path} cannot be read: EISDIR`);
  });
});
