interface Piece {
  readonly startSeconds: number;
  readonly seconds: number;
}

/** Which audio of which item sounds when; turns "now" into "so much of it was heard". */
export class PlaybackTimeline {
  readonly #pieces = new Map<string, Piece[]>();

  add(itemId: string, startSeconds: number, seconds: number): void {
    const pieces = this.#pieces.get(itemId);
    if (pieces) pieces.push({ startSeconds, seconds });
    else this.#pieces.set(itemId, [{ startSeconds, seconds }]);
  }

  /** Seconds of the item that have sounded at `nowSeconds`. Gaps between its pieces do not count. */
  playedSeconds(itemId: string, nowSeconds: number): number {
    let played = 0;
    for (const { startSeconds, seconds } of this.#pieces.get(itemId) ?? []) {
      played += Math.min(Math.max(nowSeconds - startSeconds, 0), seconds);
    }
    return played;
  }

  forget(itemId: string): void {
    this.#pieces.delete(itemId);
  }
}
