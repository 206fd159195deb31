import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Lets a program of this folder write, kills it somewhere after its first lines, and returns all that it printed. */
export async function linesUntilKilled(program: string, path: string, round: number): Promise<string[]> {
  const last = 1 + Math.floor(Math.random() * 150);
  const child = spawn(process.execPath, [join(import.meta.dirname, program), path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === last) child.kill('SIGKILL');
  }
  const [code, signal] = await exit;
  if (code !== null || signal !== 'SIGKILL') throw new Error(`${program} ended by itself: ${code ?? signal}`);
  return lines;
}
