import { VivavoceError } from '../errors.ts';

/** Which clock ran out. */
export type DeadlineKind = 'first-content' | 'stall' | 'total' | 'deadline';

const WORDS: Readonly<Record<DeadlineKind, string>> = {
  'first-content': 'did not begin to answer within',
  stall: 'stopped in the middle of an answer for',
  total: 'did not finish its answer within',
  deadline: 'did not answer within',
};

/** An engine was too slow. */
export class EngineTimeout extends VivavoceError {
  readonly kind: DeadlineKind;
  readonly limitMs: number;

  constructor(engine: string, kind: DeadlineKind, limitMs: number) {
    super('engine_timeout', `${engine} ${WORDS[kind]} ${limitMs} ms`);
    this.kind = kind;
    this.limitMs = limitMs;
  }
}
