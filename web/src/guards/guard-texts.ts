import type { EngineStatus } from '../../../src/engine-status.ts';
import type { RestGuard } from '../../../src/protocol/rest-guards.ts';
import { partLabel } from '../chat/engines.ts';

/** What a guard stands before: `llm:ollama` is the language model, `ollama`. */
export function guarded(id: string): { readonly part: string; readonly engine: string } {
  const [part = '', ...engine] = id.split(':');
  return { part: partLabel(part), engine: engine.join(':') };
}

/** In the colours of the engines. */
export function guardColour({ state }: RestGuard): EngineStatus['state'] {
  return ({ closed: 'ready', 'half-open': 'degraded', open: 'failed' } as const)[state];
}

export function guardWord({ state, is_held: isHeld }: RestGuard): string {
  if (isHeld) return 'held open';
  return ({ closed: 'closed', 'half-open': 'trying again', open: 'open' } as const)[state];
}
