import { useEffect } from 'react';
import type { EngineStatus } from '../../../src/engine-status.ts';
import type { RestGuard } from '../../../src/protocol/rest-guards.ts';
import { guardColour, guarded, guardWord } from '../guards/guard-texts.ts';
import { useAgent, useValue } from './agent-context.ts';
import { dateLabel } from './labels.ts';
import { useAttempt } from './use-attempt.ts';

/** The guards in front of the engines, for who may operate the server. Asked for anew whenever an engine changes. */
export function GuardList({ engines }: { readonly engines: readonly EngineStatus[] }) {
  const { guards: board } = useAgent();
  const { guards, problem } = useValue(board.state);

  // biome-ignore lint/correctness/useExhaustiveDependencies: when an engine changes, its guard may have
  useEffect(() => {
    void board.refresh();
  }, [board, engines]);

  if (guards === null && problem === null) return null;
  return (
    <section className="guards" aria-label="Guards">
      <h2>Guards</h2>
      <p className="muted">An open guard turns calls away from an engine that keeps failing.</p>
      {problem !== null && (
        <p className="problem-text" role="alert">
          {problem}
        </p>
      )}
      <ul className="guard-list">
        {guards?.map((guard) => (
          <GuardLine key={guard.id} guard={guard} />
        ))}
      </ul>
    </section>
  );
}

function GuardLine({ guard }: { readonly guard: RestGuard }) {
  const { guards: board } = useAgent();
  const { isBusy, attempt } = useAttempt();
  const { id, state, is_held: isHeld, reason, since } = guard;
  const { part, engine } = guarded(id);
  const colour = guardColour(guard);
  const sinceText = `since ${dateLabel(since * 1000, Date.now())}`;
  return (
    <li>
      <span className={`dot ${colour}`} />
      <div className="guard">
        <p className="engine-name">
          {part}: <b>{engine}</b>
          <span className={`engine-state ${colour}`} role="status">
            {guardWord(guard)}
          </span>
        </p>
        <p className="muted">{reason === null ? sinceText : `${reason} · ${sinceText}`}</p>
      </div>
      {/* What would change nothing stays where it is: it may have the focus. */}
      <button
        type="button"
        className="small"
        aria-label={`Open the guard of ${id}`}
        aria-disabled={isHeld || isBusy}
        title="Turn all calls away until it is reset"
        onClick={() => isHeld || void attempt(() => board.open(id))}
      >
        Open
      </button>
      <button
        type="button"
        className="small"
        aria-label={`Reset the guard of ${id}`}
        aria-disabled={state === 'closed' || isBusy}
        title="Let calls through, and forget what failed"
        onClick={() => state === 'closed' || void attempt(() => board.reset(id))}
      >
        Reset
      </button>
    </li>
  );
}
