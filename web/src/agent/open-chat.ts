import { type ChatState, emptyChat } from '../chat/chat-state.ts';
import { type ChatAction, reduceChat } from '../chat/reduce.ts';
import { Value } from './value.ts';

/** The conversation that is open, as it is shown. */
export class OpenChat {
  readonly state = new Value<ChatState>(emptyChat);
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  get current(): ChatState {
    return this.state.current;
  }

  do(action: ChatAction): void {
    this.state.set(reduceChat(this.state.current, action));
  }

  /** Shows what went wrong where the answer would be. */
  problem(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.do({ type: 'problem', id: this.#newId(), text });
  }

  /** The answers that belong to the response that is being made. */
  activeItems(): Set<string> {
    const { entries, responseId } = this.current;
    const ids = entries.flatMap((entry) =>
      entry.kind === 'agent' && responseId !== null && entry.responseId === responseId ? [entry.id] : [],
    );
    return new Set(ids);
  }
}
