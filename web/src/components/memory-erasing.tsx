import { type FormEvent, useState } from 'react';
import { useAgent } from './agent-context.ts';
import { Modal } from './modal.tsx';
import { useAttempt } from './use-attempt.ts';

const WORD = 'everything';

interface Props {
  readonly onClose: () => void;
  /** Called when nothing is left of what was open. */
  readonly onAfresh: () => void;
}

/** Erases all memories and conversations, after a word that nobody types by mistake. */
export function MemoryErasing({ onClose, onAfresh }: Props) {
  const { memory, list } = useAgent();
  const [word, setWord] = useState('');
  const [hasBegun, setHasBegun] = useState(false);
  const { isBusy, problem, attempt } = useAttempt();
  const isConfirmed = word.trim().toLowerCase() === WORD;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isConfirmed) return;
    const isDone = await attempt(() =>
      memory.eraseEverything(() => {
        setHasBegun(true);
        // Nothing more is said into a conversation that is being erased.
        onAfresh();
      }),
    );
    if (!isDone) return;
    onClose();
    memory.close();
    onAfresh();
    void list.refresh();
  };

  return (
    <Modal label="Erase everything?" onClose={isBusy ? undefined : onClose}>
      <form className="erase-form" onSubmit={(event) => void submit(event)}>
        <h2>Erase everything?</h2>
        <p>
          This erases <b>all memories</b> and <b>all conversations</b>, with their transcripts and summaries,
          from every file of the server. It cannot be undone.
        </p>
        <p className="muted">Download what you want to keep before.</p>
        <label htmlFor="erase-word">
          Type <b>{WORD}</b> to go on
        </label>
        <input
          id="erase-word"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          disabled={isBusy}
          value={word}
          onChange={(event) => setWord(event.target.value)}
        />
        <p role="status">
          {isBusy &&
            (hasBegun ? 'Erasing. It goes on even when this page is closed.' : 'Asking the server …')}
        </p>
        {problem !== null && (
          <p className="problem-text" role="alert">
            {problem}
            {hasBegun && ' The erasing itself goes on; asking again tells how far it is.'}
          </p>
        )}
        <div className="dialog-buttons">
          <button type="button" className="quiet" disabled={isBusy} onClick={onClose}>
            {hasBegun ? 'Close' : 'Keep everything'}
          </button>
          <button type="submit" className="danger" disabled={isBusy || !isConfirmed}>
            {isBusy ? 'Erasing…' : hasBegun ? 'Ask again' : 'Erase everything'}
          </button>
        </div>
      </form>
    </Modal>
  );
}
