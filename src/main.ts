import { once } from 'node:events';
import { App } from './app.ts';
import { readConfig } from './config.ts';
import { VivavoceError } from './errors.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

try {
  await using app = await App.start(readConfig());
  for (const { part, engine, detail, reason } of app.engines) {
    process.stdout.write(`${part}: ${engine}${detail ? ` (${detail})` : ''}: ${reason}\n`);
  }
  process.stdout.write(`listening on ${app.url}\n`);
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
} catch (error) {
  // What is wrong with a setting needs no stack trace.
  const text = error instanceof VivavoceError ? error.message : String((error as Error).stack ?? error);
  process.stderr.write(`vivavoce cannot run. ${text}\n`);
  process.exitCode = 1;
}
