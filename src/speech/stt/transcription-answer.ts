import { serverSentData } from './server-sent-events.ts';
import type { HeardWord, Transcript } from './transcriber.ts';

/** What a server may send, of which each sends a part. */
interface Answer {
  readonly text?: unknown;
  readonly words?: unknown;
  readonly segments?: unknown;
}

/** @throws Error that says what is wrong with the answer. */
export function readTranscript(json: string): Transcript {
  let answer: Answer | null;
  try {
    answer = JSON.parse(json) as Answer | null;
  } catch {
    throw new Error(`no JSON: ${json.slice(0, 100)}`);
  }
  if (typeof answer?.text !== 'string') throw new Error(`no text in it: ${json.slice(0, 100)}`);
  return { text: answer.text.trim(), words: readWords(answer) };
}

/** Word times, of the whole or of its segments; null when there are none. */
function readWords({ words, segments }: Answer): HeardWord[] | null {
  const inSegments = Array.isArray(segments) ? segments.flatMap((segment) => segment?.words ?? []) : [];
  const entries: unknown[] = Array.isArray(words) ? words : inSegments;
  const read = entries.flatMap((entry): HeardWord[] => {
    const { word, text = word, start, end } = (entry ?? {}) as Record<string, unknown>;
    if (typeof text !== 'string' || typeof start !== 'number' || typeof end !== 'number') return [];
    return [{ text: text.trim(), startMs: Math.round(start * 1000), endMs: Math.round(end * 1000) }];
  });
  return read.length > 0 ? read : null;
}

interface StreamEvent {
  readonly type?: unknown;
  readonly delta?: unknown;
  readonly text?: unknown;
  readonly error?: unknown;
  readonly choices?: readonly { readonly delta?: { readonly content?: unknown } }[];
}

/**
 * Reads a streamed transcription and tells `onText` all of the text so far whenever it has grown.
 *
 * OpenAI's events (`transcript.text.delta`, `.done`), and what servers send that had streams before it: chunks like
 * those of a chat, or a `{text}` for each segment.
 *
 * @throws Error when it breaks off, or when there is an error in it.
 */
export async function readTranscriptStream(
  body: AsyncIterable<Uint8Array>,
  onText: (text: string) => void,
): Promise<Transcript> {
  let text = '';
  let isWhole = false;
  const grow = (more: unknown, separator = '') => {
    if (typeof more !== 'string' || more === '') return;
    text += (text === '' || /^\s/.test(more) ? '' : separator) + more;
    if (text.trim() !== '') onText(text.trim());
  };
  for await (const data of serverSentData(body)) {
    if (data === '[DONE]') {
      isWhole = true;
      continue;
    }
    const event = readEvent(data);
    if (event.type === 'transcript.text.done') {
      if (typeof event.text === 'string') text = event.text;
      isWhole = true;
    } else if (event.type === 'transcript.text.delta') grow(event.delta);
    else if (event.type === undefined) {
      grow(event.choices?.[0]?.delta?.content);
      grow(event.text, ' ');
      // Such streams end without a word that they do.
      if (typeof event.text === 'string') isWhole = true;
    }
  }
  if (!isWhole) throw new Error('the stream ended before its last event');
  return { text: text.trim(), words: null };
}

function readEvent(data: string): StreamEvent {
  let event: StreamEvent | null;
  try {
    event = JSON.parse(data) as StreamEvent | null;
  } catch {
    throw new Error(`an event is no JSON: ${data.slice(0, 100)}`);
  }
  if (typeof event !== 'object' || event === null)
    throw new Error(`an event is no object: ${data.slice(0, 100)}`);
  if (event.error === undefined || event.error === null) return event;
  const message = (event.error as { message?: unknown }).message ?? event.error;
  throw new Error(typeof message === 'string' ? message : JSON.stringify(message));
}
