import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** How an answer of a stand-in that embeds goes wrong. */
export type EmbeddingFault =
  | { readonly kind: 'status'; readonly status: number; readonly message: string }
  | { readonly kind: 'stall' | 'reset' | 'garbage' }
  /** Something else where the vectors should be. */
  | { readonly kind: 'instead'; readonly vectors: unknown };

/** The embedding model of a stand-in server: counts letters, so texts with the same letters are near each other. */
export class ScriptedEmbeddings {
  dimensions = 26;
  /** Replaces every answer while it is set. */
  fault: EmbeddingFault | null = null;
  /** Whatever contains this gets the error with which Ollama answers when a model computes what is no number. */
  chokesOn: string | null = null;
  /** Awaited before every answer. */
  gate: () => Promise<void> = async () => {};
  readonly #closing: AbortSignal;

  constructor(closing: AbortSignal) {
    this.#closing = closing;
  }

  /** The vectors for `texts`, or an error for the server to word; null when it has done with the response itself. */
  async answer(
    texts: readonly string[],
    response: ServerResponse,
  ): Promise<{ vectors: unknown } | { status: number; message: string } | null> {
    await this.gate();
    const { fault, chokesOn } = this;
    switch (fault?.kind) {
      case 'status':
        return { status: fault.status, message: fault.message };
      case 'instead':
        return { vectors: fault.vectors };
      case 'stall':
        await delay(2 ** 31 - 1, undefined, { signal: this.#closing, ref: false }).catch(() => undefined);
        return null;
      case 'reset':
        response.socket?.resetAndDestroy();
        return null;
      case 'garbage':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>502 Bad Gateway</html>');
        return null;
    }
    if (chokesOn !== null && texts.some((text) => text.includes(chokesOn))) {
      return { status: 500, message: 'failed to encode response: json: unsupported value: NaN' };
    }
    return { vectors: texts.map((text) => letterVector(text, this.dimensions)) };
  }
}

/** A unit vector of letter counts; nothing is random. */
export function letterVector(text: string, dimensions = 26): number[] {
  const counts = new Array<number>(dimensions).fill(0.001);
  for (const letter of text.toLowerCase().matchAll(/[a-z]/g)) {
    const index = (letter[0].charCodeAt(0) - 97) % dimensions;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const norm = Math.hypot(...counts);
  return counts.map((count) => count / norm);
}
