import type { OllamaServer } from './ollama-server.ts';
import type { RecordedRequest } from './recorded-http.ts';

export interface PromptMessage {
  readonly role: string;
  readonly content: string;
}

/** The next request to the model that a person's words caused: it is warmed up by requests of the service's own. */
export async function nextTurn(ollama: OllamaServer, text: string): Promise<RecordedRequest> {
  for (;;) {
    const request = await ollama.nextRequest('/api/chat');
    if (request.body.messages.at(-1)?.content === text) return request;
  }
}

/** The last such request. */
export function lastTurn(ollama: OllamaServer): RecordedRequest {
  const isTurn = ({ role }: PromptMessage) => role === 'user' || role === 'tool';
  const request = ollama.requestsTo('/api/chat').findLast(({ body }) => body.messages.some(isTurn));
  if (!request) throw new Error('The model was asked nothing yet.');
  return request;
}

/** What the model read in it besides the system's lines. */
export function lastDialogue(ollama: OllamaServer): PromptMessage[] {
  return lastTurn(ollama)
    .body.messages.filter(({ role }: PromptMessage) => role !== 'system')
    .map(({ role, content }: PromptMessage) => ({ role, content }));
}
