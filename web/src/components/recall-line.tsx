import type { Recall } from '../chat/entry.ts';
import { recallNote, recallSummary } from '../chat/recall-summary.ts';
import { useAgent } from './agent-context.ts';
import { dateLabel } from './labels.ts';

/** What was remembered for an answer; one line until it is opened. */
export function RecallLine({ recall }: { readonly recall: Recall }) {
  const { memory } = useAgent();
  const summary = recallSummary(recall);
  if (summary === null) return null;
  return (
    <details className="recall" data-source={recall.source}>
      <summary>{summary}</summary>
      <ul>
        {recall.memories.map(({ id, text, said_at, score }, index) => (
          <li key={id ?? index}>
            {text}{' '}
            <span className="muted">
              <time dateTime={new Date(said_at * 1000).toISOString()}>
                {dateLabel(said_at * 1000, Date.now())}
              </time>
              {' · '}
              <span title="Relevance, recency and importance together">{score.toFixed(2)}</span>
              {id === null && ' · said, not noted yet'}
            </span>
          </li>
        ))}
      </ul>
      <p>
        {recallNote(recall)}{' '}
        <button type="button" className="link" onClick={() => memory.open()}>
          All that it knows
        </button>
      </p>
    </details>
  );
}
