/**
 * Which answers may be heard. Every interruption begins a new turn, and audio of answers from before it is dropped
 * wherever it is on its way: an answer says by its metadata for which turn it was asked.
 */
export class SpokenTurns {
  readonly #turnOf = new Map<string, number>();
  readonly #interrupted = new Set<string>();
  #turn = 0;

  /** To be attached to a `response.create`. */
  get metadata(): Record<string, string> {
    return { turn: String(this.#turn) };
  }

  /** Nothing that was asked for before is to be heard from now on. */
  next(): void {
    this.#turn++;
  }

  begun(responseId: string, metadata: Record<string, string> | null): void {
    const asked = Number(metadata?.turn);
    // One that the server began by itself (a greeting) belongs to the turn in which it comes.
    this.#turnOf.set(responseId, Number.isInteger(asked) ? asked : this.#turn);
  }

  /** Nothing more of these items is to be heard, whatever of them is still on its way. */
  interrupted(itemIds: Iterable<string>): void {
    for (const id of itemIds) this.#interrupted.add(id);
  }

  ended(responseId: string): void {
    this.#turnOf.delete(responseId);
  }

  mayBeHeard(responseId: string, itemId: string): boolean {
    return this.#turnOf.get(responseId) === this.#turn && !this.#interrupted.has(itemId);
  }
}
