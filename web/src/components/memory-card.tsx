import { useRef, useState } from 'react';
import type { RestMemory } from '../../../src/protocol/rest-memories.ts';
import { RestError } from '../api/rest-error.ts';
import { useAgent, useValue } from './agent-context.ts';
import { PencilIcon, TrashIcon } from './icons.tsx';
import { dateLabel, KIND_LABELS, titleOf } from './labels.ts';
import { MemoryForm } from './memory-form.tsx';
import { useAttempt } from './use-attempt.ts';

interface Props {
  readonly memory: RestMemory;
  /** What was thought before, newest first. */
  readonly earlier: readonly RestMemory[];
  readonly onOpen: (conversationId: string) => void;
}

/** One memory: read, corrected and deleted where it stands. */
export function MemoryCard({ memory, earlier, onOpen }: Props) {
  const { memory: book } = useAgent();
  const [mode, setMode] = useState<'shown' | 'edited' | 'deleted'>('shown');
  const { isBusy, problem, attempt } = useAttempt();
  const editButton = useRef<HTMLButtonElement>(null);
  const { id, kind, text, attribute } = memory;

  if (mode === 'edited') {
    return (
      <li className="memory-card">
        <MemoryForm
          label="Correct it"
          memory={memory}
          onSave={(correction) => book.correct(id, correction)}
          onClose={() => {
            setMode('shown');
            requestAnimationFrame(() => editButton.current?.focus());
          }}
        />
      </li>
    );
  }
  return (
    <li className="memory-card" data-kind={kind}>
      <div className="memory-line">
        <p className="memory-text">{text}</p>
        <button
          type="button"
          className="icon-button"
          aria-label={`Correct “${text}”`}
          title="Correct"
          ref={editButton}
          onClick={() => setMode('edited')}
        >
          <PencilIcon />
        </button>
        <button
          type="button"
          className="icon-button delete"
          aria-label={`Delete “${text}”`}
          title="Delete"
          aria-expanded={mode === 'deleted'}
          onClick={() => setMode(mode === 'deleted' ? 'shown' : 'deleted')}
        >
          <TrashIcon />
        </button>
      </div>
      <p className="memory-facts muted">
        <span className="kind">
          {kind === 'profile' ? (attribute ?? KIND_LABELS.profile) : KIND_LABELS[kind]}
        </span>
        <When atSeconds={memory.valid_at} />
        <Source memory={memory} onOpen={onOpen} />
      </p>
      {earlier.length > 0 && (
        <details className="memory-past">
          <summary>{earlier.length === 1 ? '1 older version' : `${earlier.length} older versions`}</summary>
          <ul>
            {earlier.map((past) => (
              <PastMemory key={past.id} memory={past} />
            ))}
          </ul>
        </details>
      )}
      {mode === 'deleted' && (
        <div className="memory-confirm">
          Delete it for good?
          <span>
            <button type="button" className="quiet" onClick={() => setMode('shown')}>
              Keep it
            </button>
            <button
              type="button"
              className="danger"
              disabled={isBusy}
              onClick={() => void attempt(() => book.delete(id))}
            >
              Delete
            </button>
          </span>
        </div>
      )}
      {problem !== null && (
        <p className="problem-text" role="alert">
          {problem}
        </p>
      )}
    </li>
  );
}

/** Something that no longer holds. */
export function PastMemory({
  memory: { text, valid_at: from, invalid_at: to },
}: {
  readonly memory: RestMemory;
}) {
  return (
    <li>
      {text}{' '}
      <span className="muted">
        <When atSeconds={from} />
        {to !== null && to !== from && (
          <>
            {' – '}
            <When atSeconds={to} />
          </>
        )}
      </span>
    </li>
  );
}

function When({ atSeconds }: { readonly atSeconds: number }) {
  const at = new Date(atSeconds * 1000);
  return (
    <time dateTime={at.toISOString()} title={at.toLocaleString()}>
      {dateLabel(at.getTime(), Date.now())}
    </time>
  );
}

/** Where it was said; the way there, as long as that conversation is there. */
function Source({ memory: { source }, onOpen }: Pick<Props, 'memory' | 'onOpen'>) {
  const { session, list } = useAgent();
  const { conversations } = useValue(list.state);
  const [isGone, setIsGone] = useState(false);
  const { isBusy, problem, attempt } = useAttempt();
  if (source === null) return <span>written by hand</span>;
  if (isGone) return <span>from a conversation that is deleted</span>;
  const { conversation_id: id } = source;
  const known = conversations.find((conversation) => conversation.id === id);
  const open = () =>
    attempt(async () => {
      try {
        await session.doorway.rest.conversation(id);
        onOpen(id);
      } catch (error) {
        if (!(error instanceof RestError) || error.status !== 404) throw error;
        setIsGone(true);
      }
    });
  return (
    <span className="memory-source">
      from
      <button
        type="button"
        className="link"
        title={known && titleOf(known)}
        disabled={isBusy}
        onClick={() => void open()}
      >
        {known ? `“${titleOf(known)}”` : 'a conversation'}
      </button>
      {problem !== null && <span className="problem-text"> {problem}</span>}
    </span>
  );
}
