import express from 'express';
import { afterEach, expect, test } from 'vitest';
import { createAdmitting } from '../src/admitting.ts';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import type { EngineDeps } from '../src/engines.ts';
import { SAMPLE_MS } from '../src/resilience/load-monitor.ts';
import { Auth } from '../src/server/auth.ts';
import { healthRoutes } from '../src/server/routes/health.ts';
import { Telemetry } from '../src/telemetry/events.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { ManualClock } from './support/manual-clock.ts';
import { RestClient } from './support/rest-client.ts';

const READY = { part: 'llm', engine: 'offline', detail: '', state: 'ready', reason: 'it answers' } as const;

let resources = new AsyncDisposableStack();
afterEach(async () => {
  await resources.disposeAsync();
  resources = new AsyncDisposableStack();
});

function admitting(
  waiting: Readonly<Record<string, number>> = {},
  env: Readonly<Record<string, string>> = {},
) {
  const clock = new ManualClock();
  const changes: unknown[] = [];
  const guards = Object.entries(waiting).map(([name, count]) => ({
    name,
    load: { running: 1, waiting: count },
  }));
  const made = createAdmitting(
    {
      ...{ config: readConfig(env), clock, resources },
      telemetry: new Telemetry(createLogger('silent')),
      guards: { all: () => guards },
    } as unknown as EngineDeps,
    () => changes.push(made.statuses()),
  );
  made.start();
  return { ...made, changes, clock };
}

/** What `/readyz` says. */
async function readyz(statuses: () => ReturnType<ReturnType<typeof createAdmitting>['statuses']>) {
  const app = express().use(
    healthRoutes({ auth: new Auth([], systemClock), engines: () => [READY, ...statuses()] }),
  );
  const server = app.listen(0, '127.0.0.1');
  resources.defer(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const { status, body } = await new RestClient(`http://127.0.0.1:${port}`).get('/readyz');
  return {
    status,
    state: body.status,
    load: body.engines.find(({ part }: { part: string }) => part === 'load'),
  };
}

test('nothing is said of the load while everybody is let in', async () => {
  const { statuses, clock, changes } = admitting({ 'llm:ollama': 3 });
  await clock.advance(8 * SAMPLE_MS);
  expect(changes).toEqual([]);
  expect(await readyz(statuses)).toEqual({ status: 200, state: 'ready', load: undefined });
});

test('while it is too much the server is degraded, and says why', async () => {
  const { statuses, clock, changes } = admitting({ 'llm:ollama': 60, 'tts:openai': 50 });
  await clock.advance(4 * SAMPLE_MS);
  expect(changes).toHaveLength(1);
  const { status, state, load } = await readyz(statuses);
  expect({ status, state }).toEqual({ status: 200, state: 'degraded' });
  expect(load).toMatchObject({ state: 'degraded', detail: 'engine_queues' });
  expect(load.reason).toContain('110 calls wait for the engines');
});

test('what learning has to wait for is no load', async () => {
  const { clock, changes } = admitting({
    'llm:ollama:background': 300,
    'embeddings:ollama': 300,
    'memory:write': 9,
  });
  await clock.advance(8 * SAMPLE_MS);
  expect(changes).toEqual([]);
});

test('while it closes the server is not ready', async () => {
  const { admission, statuses } = admitting();
  admission.close('The server is shutting down.');
  expect(await readyz(statuses)).toMatchObject({
    status: 503,
    state: 'unready',
    load: { state: 'failed', reason: 'The server is shutting down.' },
  });
});

test('a key alone may have everything, and one of several half of it', () => {
  const keys = (count: number) =>
    Array.from({ length: count }, (_, index) => `key${index}:secret-number-${index}`).join();
  const most = (env: Readonly<Record<string, string>>) => {
    const { admission } = admitting({}, { MAX_TURNS: '8', ...env });
    let turns = 0;
    expect(() => {
      for (;;) {
        admission.turn('key0');
        turns++;
      }
    }).toThrow('no more may be');
    return turns;
  };
  expect(most({})).toBe(8);
  expect(most({ API_KEYS: keys(1) })).toBe(8);
  expect(most({ API_KEYS: keys(2) })).toBe(4);
  expect(most({ API_KEYS: keys(2), MAX_TURNS_PER_KEY: '6' })).toBe(6);
});
