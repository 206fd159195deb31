import { VivavoceError } from '../errors.ts';
import type { EngineHttp } from './engine-http.ts';

/** What has to be known about an installed model before it can be asked. */
export interface OllamaModel {
  readonly name: string;
  /** Empty when the server is too old to say. */
  readonly capabilities: readonly string[];
  /** The longest context that it was trained for; null when the server does not say. */
  readonly maxContextTokens: number | null;
}

interface Show {
  readonly capabilities?: readonly string[];
  readonly model_info?: Readonly<Record<string, unknown>>;
}

interface Tags {
  readonly models: readonly { readonly name: string; readonly capabilities?: readonly string[] }[];
}

/** @throws VivavoceError `engine_failed` when it is not installed. */
export async function showModel(http: EngineHttp, name: string, signal: AbortSignal): Promise<OllamaModel> {
  const show = await http.json<Show>('/api/show', signal, { model: name });
  const length = Object.entries(show.model_info ?? {}).find(([key]) => key.endsWith('.context_length'))?.[1];
  return {
    name,
    capabilities: show.capabilities ?? [],
    maxContextTokens: typeof length === 'number' ? length : null,
  };
}

export function canChat({ capabilities }: Pick<OllamaModel, 'capabilities'>): boolean {
  return capabilities.length === 0 || capabilities.includes('completion');
}

export function canCallTools({ capabilities }: OllamaModel): boolean {
  return capabilities.length === 0 || capabilities.includes('tools');
}

/** `preferred` if it is still installed, else the first installed model that can chat; null when there is none. */
export async function firstChatModel(
  http: EngineHttp,
  preferred: string | null,
  signal: AbortSignal,
): Promise<OllamaModel | null> {
  const { models } = await http.json<Tags>('/api/tags', signal);
  const named = models.filter(({ name }) => name === preferred);
  for (const { name, capabilities } of [...named, ...models]) {
    if (capabilities && !canChat({ capabilities })) continue;
    const model = await showModel(http, name, signal);
    if (canChat(model)) return model;
  }
  return null;
}

/** Words an error status of Ollama for the one who has to do something about it. */
export function explainStatus(baseUrl: string) {
  return (status: number, message: string): VivavoceError | null => {
    if (status !== 404) return null;
    const model = /model ['"]([^'"]+)['"].* not found/.exec(message)?.[1];
    if (model) return new NotInstalledError(model);
    const text = `${baseUrl} answers, but not as an Ollama server does (404 ${message}): check OLLAMA_BASE_URL`;
    return new VivavoceError('engine_failed', text);
  };
}

class NotInstalledError extends VivavoceError {
  constructor(model: string) {
    super('engine_failed', notInstalled(model));
  }
}

export function isNotInstalled(error: unknown): boolean {
  return error instanceof NotInstalledError;
}

export function notInstalled(model: string): string {
  return `model '${model}' is not installed: ollama pull ${model}`;
}
