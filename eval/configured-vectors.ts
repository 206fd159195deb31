import { setTimeout as delay } from 'node:timers/promises';
import { readAgent } from '../src/agent-file.ts';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import type { MemoryStore } from '../src/memory/memory-store.ts';
import { createEmbeddings } from '../src/memory-engines.ts';
import { Guards } from '../src/resilience/guards.ts';
import { Telemetry } from '../src/telemetry/events.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { InputError } from './input-error.ts';
import type { Vectors } from './memory-ranker.ts';

const FIRST_ANSWER_MS = 60_000;
const LOOK_AGAIN_MS = 50;

/**
 * The vectors of the embedding model that the settings name (`EMBEDDINGS`, …), as the program uses it.
 *
 * @throws InputError when none answers
 */
export async function configuredVectors(
  store: MemoryStore,
  resources: AsyncDisposableStack,
): Promise<Vectors> {
  const config = readConfig();
  const telemetry = new Telemetry(createLogger('silent'));
  const agent = await readAgent(config.AGENT_FILE);
  const embeddings = createEmbeddings(
    { config, agent, clock: systemClock, telemetry, resources, guards: new Guards() },
    () => {},
  );
  embeddings.start(store);
  const untilMs = Date.now() + (config.EMBEDDINGS === 'none' ? 0 : FIRST_ANSWER_MS);
  while (embeddings.space === null) {
    if (Date.now() > untilMs) throw new InputError(`there are no vectors: ${embeddings.status().reason}`);
    await delay(LOOK_AGAIN_MS);
  }
  return {
    name: embeddings.space.model,
    embedAll: async (filled) => {
      embeddings.wake();
      while ((await filled.unembedded(1)).length > 0) await delay(LOOK_AGAIN_MS);
    },
    embedQuery: (text) => embeddings.embedQuery(text, AbortSignal.timeout(FIRST_ANSWER_MS)),
  };
}
