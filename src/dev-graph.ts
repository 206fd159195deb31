import { readAgent } from './agent-file.ts';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import { createChatModel } from './engines.ts';
import { createTurnGraph } from './graph/graph.ts';
import { noMemory } from './graph/no-memory.ts';
import { Guards } from './resilience/guards.ts';
import { Telemetry } from './telemetry/events.ts';
import { createLogger } from './telemetry/logger.ts';

/*
 * The graph for LangGraph's own dev server (`langgraph.json`), with the engines of the settings and nothing else of
 * the service. Input: {"instructions": "…", "history": [{"role": "user", "text": "Hello"}]}
 */

const config = readConfig();
const model = createChatModel(
  {
    config,
    agent: await readAgent(config.AGENT_FILE),
    clock: systemClock,
    telemetry: new Telemetry(createLogger(config.LOG_LEVEL)),
    guards: new Guards(),
    resources: new AsyncDisposableStack(),
  },
  () => undefined,
);
await model.start();

export const graph = createTurnGraph({ ...noMemory, model, clock: systemClock, timezone: config.TIMEZONE });
