/** What an engine is and why, for the page, `/readyz` and the log. */
export interface EngineStatus {
  /** `llm`, `tts`, … */
  readonly part: string;
  /** `ollama`, `flite`, …; `none` when there is none. */
  readonly engine: string;
  /** The model or voice that it uses. */
  readonly detail: string;
  /** `degraded`: it answers, but is not what was wished for (the offline responder while Ollama is away). */
  readonly state: 'ready' | 'starting' | 'degraded' | 'failed';
  /** One sentence that tells an operator why, and what to do when it is not `ready`. */
  readonly reason: string;
}
