import type { ToolCall } from './chat-model.ts';

/** A piece of a tool call, as OpenAI streams them: the first has id and name, the others more of the arguments. */
export interface ToolCallDelta {
  readonly index?: number | undefined;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly args?: string | undefined;
}

/** Puts tool calls together that come in pieces, several of them interleaved. */
export class ToolCallAssembly {
  readonly #calls = new Map<number, { id: string; name: string; args: string }>();

  add({ index = 0, id = '', name = '', args = '' }: ToolCallDelta): void {
    const call = this.#calls.get(index);
    // Some servers repeat id and name on every piece: they replace, only the arguments grow.
    if (call) this.#calls.set(index, { id: id || call.id, name: name || call.name, args: call.args + args });
    else this.#calls.set(index, { id, name, args });
  }

  /** All calls in order. @param newId for a server that gives none. */
  finish(newId: () => string): ToolCall[] {
    return [...this.#calls]
      .sort(([a], [b]) => a - b)
      .map(([, { id, name, args }]) => {
        return { callId: id || newId(), name, arguments: args || '{}' };
      });
  }
}
