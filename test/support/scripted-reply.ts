import type { ServerResponse } from 'node:http';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';

/** What a stand-in model says, and how it goes wrong. */
export interface ScriptedReply {
  /** The answer, or the tokens that it is streamed in. */
  readonly text?: string | readonly string[];
  readonly reasoning?: string;
  readonly toolCalls?: readonly {
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }[];
  readonly fault?: Fault;
  readonly msPerToken?: number;
  /** Milliseconds from the last byte of the request to the first of the answer. */
  readonly firstByteMs?: number;
  /** How many prompt tokens the engine says it had in its cache. */
  readonly cachedTokens?: number;
}

// biome-ignore lint/suspicious/noExplicitAny: the body of a request is whatever the client sent.
export type ReplyScript = string | ScriptedReply | ((body: any) => string | ScriptedReply);

/** `afterTokens` 0 means before the first byte of the answer. */
export type Fault =
  | { readonly kind: 'stall' | 'reset' | 'eof' | 'garbage'; readonly afterTokens: number }
  | { readonly kind: 'error-line'; readonly afterTokens: number; readonly message: string }
  | { readonly kind: 'status'; readonly status: number; readonly message: string };

export function replyFor(script: ReplyScript, body: unknown): ScriptedReply {
  const reply = typeof script === 'function' ? script(body) : script;
  return typeof reply === 'string' ? { text: reply } : reply;
}

/** Words with the space before them: joined, they are the text again. */
export function tokensOf(text: string | readonly string[] | undefined): readonly string[] {
  return typeof text === 'string' ? (text.match(/\s*\S+|\s+$/g) ?? []) : (text ?? []);
}

/** Chars/4, as a stand-in may count. */
export function countTokens(value: unknown): number {
  return Math.max(1, Math.ceil(JSON.stringify(value ?? '').length / 4));
}

/** Waits until `ms` after `startedAt` (of `performance.now()`), so that delays do not add up to a drift. */
export async function until(startedAt: number, ms: number, signal: AbortSignal): Promise<void> {
  const left = startedAt + ms - performance.now();
  if (left > 0) await delay(left, undefined, { signal, ref: false });
}

/** Breaks an answer as scripted, in the words of a wire; true when the answer is over. */
export async function breakOff(
  fault: Fault,
  response: ServerResponse,
  wire: { readonly error: (message: string) => string; readonly garbage: string },
  closing: AbortSignal,
): Promise<boolean> {
  switch (fault.kind) {
    case 'stall':
      await delay(2 ** 31 - 1, undefined, { signal: closing, ref: false });
      return true;
    case 'reset':
      // What was written so far leaves with the end of this tick; a reset would discard it.
      await setImmediate();
      response.socket?.resetAndDestroy();
      return true;
    case 'eof':
      response.end();
      return true;
    case 'error-line':
      response.end(wire.error(fault.message));
      return true;
    case 'garbage':
      response.write(wire.garbage);
      return false;
    case 'status':
      return false;
  }
}
