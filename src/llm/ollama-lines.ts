import { engineWords } from '../engine-words.ts';
import { VivavoceError } from '../errors.ts';

/** A line of Ollama's NDJSON, as far as anything here reads it. */
export interface OllamaLine {
  readonly done?: boolean;
  readonly error?: string;
  readonly status?: string;
  readonly digest?: string;
  readonly total?: number;
  readonly completed?: number;
}

/**
 * The lines of a body, each parsed. An error line, and one that is not JSON, is an `engine_failed`.
 *
 * @param name who sends it, for the message.
 * @param asked the texts of the request, which do not belong into it.
 */
export async function* readLines(
  body: AsyncIterable<Uint8Array>,
  name: string,
  asked: string | null = null,
): AsyncGenerator<{ text: string; line: OllamaLine }> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) if (text.trim() !== '') yield { text, line: parse(text, name, asked) };
  }
  if (rest.trim() !== '') yield { text: rest, line: parse(rest, name, asked) };
}

function parse(text: string, name: string, asked: string | null): OllamaLine {
  let line: OllamaLine;
  try {
    line = JSON.parse(text) as OllamaLine;
  } catch {
    // Neither the line nor the parser's message, which quotes it: it may be what somebody said.
    const what = text.trimStart().startsWith('<')
      ? 'markup, perhaps of a proxy'
      : `${text.length} characters`;
    throw new VivavoceError('engine_failed', `${name} sent a line that is not JSON: ${what}`);
  }
  if (line.error !== undefined) {
    throw new VivavoceError('engine_failed', `${name} broke off: ${engineWords(String(line.error), asked)}`);
  }
  return line;
}
