import type { EngineStatus } from '../../../src/engine-status.ts';

const PARTS: Readonly<Record<string, string>> = {
  llm: 'Language model',
  tts: 'Voice',
  stt: 'Speech recognition',
  vad: 'Voice activity',
  store: 'Store',
  memory: 'Memory',
  embeddings: 'Embeddings',
};

export function partLabel(part: string): string {
  return PARTS[part] ?? part;
}

/** The responder that answers by rules while there is no language model; null when a real one answers. */
export function offlineModel(engines: readonly EngineStatus[]): EngineStatus | null {
  return engines.find(({ part, engine }) => part === 'llm' && engine === 'offline') ?? null;
}

/** What to do to get a real one: the server knows, unless it was told to do without. */
export function offlineAdvice({ state, reason }: EngineStatus): string {
  if (state === 'ready')
    return 'The server was started with LLM=offline; start it with LLM=auto to let it look for one.';
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
}

const SEVERITY = { ready: 0, starting: 1, degraded: 1, failed: 2 } as const;

/** The state of the worst of them. */
export function worstState(engines: readonly EngineStatus[]): EngineStatus['state'] {
  let worst: EngineStatus['state'] = 'ready';
  for (const { state } of engines) if (SEVERITY[state] > SEVERITY[worst]) worst = state;
  return worst;
}
