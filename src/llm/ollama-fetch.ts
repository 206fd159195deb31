import { textsIn } from '../engine-words.ts';
import { VivavoceError } from '../errors.ts';
import type { ChatMessage } from './chat-model.ts';
import type { EngineHttp } from './engine-http.ts';
import { readLines } from './ollama-lines.ts';

/**
 * A `fetch` for the one streamed request of a turn.
 *
 * It exists for what the client library does not do: `signal` closes the connection at any time, also before the
 * first byte; a line that is not JSON is an error (the library writes it to the console and goes on); an answer that
 * ends early says so; and results of tools keep the names of their tools.
 */
export function ollamaFetch(
  http: EngineHttp,
  messages: readonly ChatMessage[],
  signal: AbortSignal,
): typeof fetch {
  return async (url, init) => {
    const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
    const body = withToolNames(String(init?.body), messages);
    const response = await http.open(String(url), { method: 'POST', headers, body }, signal);
    return new Response(ReadableStream.from(untilDone(response.body, body)));
  };
}

async function* untilDone(answer: AsyncIterable<Uint8Array>, request: string): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let done = false;
  for await (const { text, line } of readLines(answer, 'Ollama', textsIn(request))) {
    done ||= line.done === true;
    yield encoder.encode(`${text}\n`);
  }
  if (!done) throw new VivavoceError('engine_failed', 'Ollama ended its answer in the middle');
}

/** LangChain drops `tool_name`, by which some templates tell results apart. Its messages are ours one to one. */
function withToolNames(body: string, messages: readonly ChatMessage[]): string {
  if (!messages.some((message) => message.role === 'tool')) return body;
  const request = JSON.parse(body) as { messages: object[] };
  const named = request.messages.map((sent, index) => {
    const message = messages[index];
    return message?.role === 'tool' ? { ...sent, tool_name: message.name } : sent;
  });
  return JSON.stringify({ ...request, messages: named });
}
