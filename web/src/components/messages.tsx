import { useAgent, useValue } from './agent-context.ts';
import { EntryView } from './entry-view.tsx';
import { DownIcon } from './icons.tsx';
import { useStickToEnd } from './use-stick-to-end.ts';
import { Welcome } from './welcome.tsx';

interface Props {
  readonly onWithdraw: (id: string) => void;
  readonly onSay: (text: string) => void;
}

/** What was said in the conversation that is open. */
export function Messages({ onWithdraw, onSay }: Props) {
  const { session } = useAgent();
  const { entries, hasEarlier, isAsked, responseId } = useValue(session.chat);
  const last = entries.at(-1);
  // Whoever has just written something wants to see what comes of it.
  const isJustWritten = last?.kind === 'user' && last.state !== 'stored';
  const { scroller, isAway, onScroll, toEnd } = useStickToEnd(entries, isJustWritten || entries.length === 0);
  const isThinking =
    (isAsked || responseId !== null) && !(last?.kind === 'agent' && last.status === 'in_progress');
  const answer = last?.kind === 'agent' && last.status !== 'in_progress' ? last.text : '';

  return (
    <div className="messages-frame">
      <div className="messages" ref={scroller} onScroll={onScroll}>
        {entries.length === 0 ? (
          <Welcome onSay={onSay} />
        ) : (
          <div className="column">
            {hasEarlier && (
              <button
                type="button"
                className="quiet earlier"
                onClick={() => void session.doorway.loadEarlier()}
              >
                Show earlier messages
              </button>
            )}
            {entries.map((entry) => (
              <EntryView key={entry.id} entry={entry} onWithdraw={onWithdraw} />
            ))}
            {isThinking && (
              <p className="thinking" role="status">
                <span className="visually-hidden">The agent is thinking</span>
                <i />
                <i />
                <i />
              </p>
            )}
          </div>
        )}
      </div>
      {/* Whole answers only: token by token a screen reader would stutter. */}
      <div className="visually-hidden" aria-live="polite">
        {answer}
      </div>
      {isAway && (
        <button type="button" className="to-end" aria-label="To the latest message" onClick={toEnd}>
          <DownIcon />
        </button>
      )}
    </div>
  );
}
