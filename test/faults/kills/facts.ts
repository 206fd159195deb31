interface Fact {
  readonly itemId: string;
  /** It was shown as remembered, and is not to be forgotten. */
  isSeen: boolean;
}

/** What is to be remembered of what one person says. */
export class Facts {
  readonly #facts = new Map<string, Fact>();

  said(text: string, itemId: string): void {
    this.#facts.set(text, { itemId, isSeen: false });
  }

  /** The message was never stored: what was to be learned from it must not be known. */
  neverSaid(itemId: string): void {
    for (const [text, fact] of this.#facts) if (fact.itemId === itemId) this.#facts.delete(text);
  }

  /**
   * What is wrong with what is remembered, in words: it has to be every fact of a message that is there, once, and those
   * that were there before; of a message that is deleted it may be or not; and nothing else.
   */
  compare(texts: readonly string[], isThere: (itemId: string) => boolean): string[] {
    const wrong: string[] = [];
    const counts = Map.groupBy(texts, (text) => text);
    for (const [text, { length }] of counts) {
      if (!this.#facts.has(text)) wrong.push(`remembered, but nobody has said it: ${text}`);
      if (length > 1) wrong.push(`remembered ${length} times: ${text}`);
    }
    for (const [text, fact] of this.#facts) {
      const isOwed = fact.isSeen || isThere(fact.itemId);
      if (isOwed && !counts.has(text)) wrong.push(`not remembered: ${text}`);
      fact.isSeen = counts.has(text);
    }
    return wrong;
  }
}
