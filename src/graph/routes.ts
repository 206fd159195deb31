import { END } from '@langchain/langgraph';
import type { TurnState } from './state.ts';

/** What a message is worth to the memory, judged without a model. */
export interface Worth {
  /** 0 to 1. */
  readonly importance: number;
  /** Why no model is asked what can be learned from it; null when one is. */
  readonly skip: 'greeting' | 'short' | 'question' | null;
}

/** After the answer: whether there may be something to learn from what was said. */
export function afterRespond(worthOf: (text: string) => Worth) {
  return ({ turn, history }: TurnState): 'remember' | typeof END => {
    // Behind the output of a tool the words are those of an earlier turn, which has seen to them.
    const newest = history?.at(-1);
    if (turn?.conversationId == null || newest?.role !== 'user') return END;
    return worthOf(newest.text).skip === null ? 'remember' : END;
  };
}
