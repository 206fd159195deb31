import type { Clock } from '../../clock.ts';
import type { MessageItem } from '../../conversation/item.ts';
import type { ConversationStore, Owner } from '../../conversation/store.ts';
import { ruleChanges } from '../extraction/rule-changes.ts';
import { findingsIn } from '../extraction/rules.ts';
import { sentencesOf, toForget } from '../extraction/sentence-kind.ts';
import type { Memory, MemoryChange } from '../memory.ts';
import type { MemoryKeeper } from '../memory-keeper.ts';
import { wordsOf } from '../recall/recently-said.ts';

interface Deps {
  readonly keeper: Pick<MemoryKeeper, 'list' | 'takeBack'>;
  readonly transcripts: Pick<ConversationStore, 'listItems'>;
  /** Resolves when what was decided before is applied, or cannot be now. */
  readonly applied: () => Promise<void>;
  readonly clock: Clock;
}

const PAGE = 100;
/** So many of the newest memories can be ended or set right by a sentence. */
const MAX_HELD = 1_000;
/** A correction is about what was said just before it. */
const LOOK_BACK = 6;

/** What rules learn from a message. Only one that ends or corrects something needs to know what is remembered. */
export function readByRules({ keeper, transcripts, applied, clock }: Deps) {
  return async (
    owner: Owner,
    conversationId: string,
    item: MessageItem,
  ): Promise<readonly MemoryChange[]> => {
    const text = wordsOf(item);
    const findings = findingsIn(text);
    if (findings.length === 0) return [];
    const isNew = findings.every(({ type }) => type === 'fact');
    const message = { source: { conversationId, itemId: item.id }, text, saidAtMs: item.createdAtMs };
    if (isNew) return ruleChanges({ owner, message, previousText: null, held: [], nowMs: clock.nowMs() });
    await applied();
    const [held, previousText] = await Promise.all([
      heldBy(owner),
      saidBefore(owner, conversationId, item.id),
    ]);
    const changes = ruleChanges({ owner, message, previousText, held, nowMs: clock.nowMs() });
    if (sentencesOf(text).some((sentence) => toForget(sentence) !== null)) {
      for (const change of changes) if (change.type === 'end') await keeper.takeBack(owner, change.id);
    }
    return changes;
  };

  async function heldBy(owner: Owner): Promise<Memory[]> {
    const newestFirst: Memory[] = [];
    for (let after: string | undefined, more = true; more && newestFirst.length < MAX_HELD; ) {
      const page = { limit: PAGE, order: 'desc', withHistory: false } as const;
      const { data, hasMore } = await keeper.list(owner, { ...page, ...(after !== undefined && { after }) });
      newestFirst.push(...data);
      after = data.at(-1)?.id;
      more = hasMore;
    }
    return newestFirst.reverse();
  }

  async function saidBefore(owner: Owner, conversationId: string, itemId: string): Promise<string | null> {
    const page = { after: itemId, order: 'desc', limit: LOOK_BACK } as const;
    const { data } = await transcripts.listItems(owner, conversationId, page);
    const before = data.find((item) => item.type === 'message' && item.role === 'user');
    return before?.type === 'message' ? wordsOf(before) : null;
  }
}
