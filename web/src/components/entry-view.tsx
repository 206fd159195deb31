import { memo } from 'react';
import type { AgentEntry, Entry, ToolEntry, UserEntry } from '../chat/entry.ts';
import { endingNote, type Segment, segmentsOf } from '../chat/segments.ts';
import { WarningIcon } from './icons.tsx';
import { RecallLine } from './recall-line.tsx';
import { TraceLine } from './trace-line.tsx';

interface Props {
  readonly entry: Entry;
  /** Takes a message back to be written again. */
  readonly onWithdraw: (id: string) => void;
}

export const EntryView = memo(function EntryView({ entry, onWithdraw }: Props) {
  switch (entry.kind) {
    case 'user':
      return <UserMessage entry={entry} onWithdraw={onWithdraw} />;
    case 'agent':
      return <AgentMessage entry={entry} />;
    case 'tool':
      return <ToolCall entry={entry} />;
    case 'problem':
      return (
        <div className="problem" role="alert">
          <WarningIcon />
          <p>{entry.text}</p>
        </div>
      );
  }
});

function UserMessage({ entry, onWithdraw }: { readonly entry: UserEntry } & Pick<Props, 'onWithdraw'>) {
  const { id, text, state, reason, speech } = entry;
  const isStuck = state === 'queued' || state === 'refused';
  return (
    <article
      className={`message user ${state} ${speech ?? ''}`}
      aria-label="You"
      data-state={state}
      data-speech={speech ?? 'none'}
    >
      <p className="bubble">
        {text || (speech === 'unclear' ? 'You said something' : null)}
        {(speech === 'tentative' || speech === 'awaited') && <Ellipsis />}
      </p>
      {speech === 'unclear' && <p className="note">{reason ?? 'Not understood.'}</p>}
      {isStuck && (
        <p className={state === 'refused' ? 'note problem-text' : 'note'}>
          {state === 'refused'
            ? (reason ?? 'This message was refused.')
            : 'Not sent yet: waiting for the connection.'}{' '}
          <button type="button" className="link" onClick={() => onWithdraw(id)}>
            Edit
          </button>
        </p>
      )}
    </article>
  );
}

/** More words will follow. */
function Ellipsis() {
  return (
    <span className="ellipsis" aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  );
}

function AgentMessage({ entry }: { readonly entry: AgentEntry }) {
  const { status, skipped, trace, recall } = entry;
  const isWriting = status === 'in_progress';
  const note = endingNote(entry);
  return (
    <article className="message agent" aria-label="Agent" aria-busy={isWriting} data-status={status}>
      <p className="text">
        {segmentsOf(entry).map((segment, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: segments only grow at the end
          <SegmentText key={index} segment={segment} />
        ))}
        {isWriting && <span className="caret" aria-hidden="true" />}
      </p>
      {skipped.length > 0 && (
        <p className="note">
          Shown, not spoken: {[...new Set(skipped.map(({ reason }) => reason))].join(' ')}
        </p>
      )}
      {note !== null && <p className="note">{note}</p>}
      <div className="asides">
        {trace && <TraceLine trace={trace} />}
        {recall && <RecallLine recall={recall} />}
      </div>
    </article>
  );
}

function SegmentText({ segment: { text, mark, reason } }: { readonly segment: Segment }) {
  if (mark === 'plain') return text;
  return (
    <span className={mark} title={reason ?? 'Not heard'}>
      {text}
    </span>
  );
}

function ToolCall({ entry: { name, args, output } }: { readonly entry: ToolEntry }) {
  return (
    <details className="tool">
      <summary>
        {output === null ? 'Asked for' : 'Used'} <code>{name}</code>
      </summary>
      {args !== '' && <pre>{args}</pre>}
      {output !== null && <pre>{output}</pre>}
    </details>
  );
}
