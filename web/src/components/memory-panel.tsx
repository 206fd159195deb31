import { useState } from 'react';
import { groupMemories } from '../memory/group-memories.ts';
import type { MemoryBookState } from '../memory/memory-book.ts';
import { useAgent, useValue } from './agent-context.ts';
import { CloseIcon, DownloadIcon, PlusIcon } from './icons.tsx';
import { MemoryCard, PastMemory } from './memory-card.tsx';
import { MemoryErasing } from './memory-erasing.tsx';
import { MemoryForm } from './memory-form.tsx';
import { Modal } from './modal.tsx';
import { saveFile } from './save-file.ts';
import { useAttempt } from './use-attempt.ts';

interface Props {
  readonly onOpen: (conversationId: string | null) => void;
}

/** Everything that is remembered of the person, in their own hands. */
export function MemoryPanel({ onOpen }: Props) {
  const { memory } = useAgent();
  const isOpen = useValue(memory.state, (state) => state.isOpen);
  const [isErasing, setIsErasing] = useState(false);
  if (!isOpen) return null;
  const close = () => memory.close();
  const openConversation = (id: string) => {
    close();
    onOpen(id);
  };
  return (
    <>
      <Modal label="What it knows about me" className="memory-panel" onClose={close}>
        <header className="memory-head">
          <h2>What it knows about me</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={close}>
            <CloseIcon />
          </button>
        </header>
        <div className="memory-body">
          <Tools />
          <Shelf onOpen={openConversation} />
          <p className="memory-erase">
            <button type="button" className="link" onClick={() => setIsErasing(true)}>
              Erase everything…
            </button>
          </p>
        </div>
      </Modal>
      {isErasing && <MemoryErasing onClose={() => setIsErasing(false)} onAfresh={() => onOpen(null)} />}
    </>
  );
}

/** Search, add, take away. */
function Tools() {
  const { memory } = useAgent();
  const query = useValue(memory.state, (state) => state.query);
  const [isAdding, setIsAdding] = useState(false);
  const { isBusy, problem, attempt } = useAttempt();
  const exportAll = () => attempt(async () => saveFile(await memory.export(), 'memories.ndjson'));
  return (
    <>
      <div className="memory-tools">
        <input
          type="search"
          aria-label="Search what it knows"
          placeholder="Search"
          autoComplete="off"
          maxLength={1_000}
          value={query}
          onChange={(event) => void memory.search(event.target.value)}
        />
        <button
          type="button"
          className="icon-button"
          aria-label="Add a memory"
          title="Add a memory"
          aria-expanded={isAdding}
          onClick={() => setIsAdding(!isAdding)}
        >
          <PlusIcon />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Download everything"
          title="Download everything (NDJSON)"
          disabled={isBusy}
          onClick={() => void exportAll()}
        >
          <DownloadIcon />
        </button>
      </div>
      {problem !== null && (
        <p className="problem-text" role="alert">
          {problem}
        </p>
      )}
      {isAdding && (
        <MemoryForm
          label="Something it should know"
          placeholder="The user likes to be called Al."
          onSave={(written) => memory.add(written)}
          onClose={() => setIsAdding(false)}
        />
      )}
    </>
  );
}

/** What is there: what was found while something is looked for, else all of it. */
function Shelf({ onOpen }: { readonly onOpen: (conversationId: string) => void }) {
  const { memory } = useAgent();
  const state = useValue(memory.state);
  const { profile, memories, hasMore, isLoaded, problem, query, found } = state;
  const { current, ended } = groupMemories(memories);
  const earlierOf = new Map(current.map((entry) => [entry.memory.id, entry.earlier]));
  const isSearch = query.trim() !== '';
  const others = current.map((entry) => entry.memory).filter(({ kind }) => kind !== 'profile');
  const cards = (shown: typeof profile) => (
    <ul className="memory-list">
      {shown.map((entry) => (
        <MemoryCard key={entry.id} memory={entry} earlier={earlierOf.get(entry.id) ?? []} onOpen={onOpen} />
      ))}
    </ul>
  );
  return (
    <>
      {problem !== null && (
        <p className="problem-text" role="alert">
          {problem}{' '}
          <button type="button" className="link" onClick={() => void memory.refresh()}>
            Try again
          </button>
        </p>
      )}
      <p className="muted memory-note" role="status">
        {noteOn(state)}
      </p>
      {isSearch && found && cards(found)}
      {!isSearch && isLoaded && (
        <>
          {profile.length > 0 && (
            <section aria-label="Who you are">
              <h3>Who you are</h3>
              {cards(profile)}
            </section>
          )}
          {others.length > 0 && (
            <section aria-label="What it remembers">
              <h3>What it remembers</h3>
              {cards(others)}
            </section>
          )}
          {hasMore && (
            <button type="button" className="quiet" onClick={() => void memory.more()}>
              Show more
            </button>
          )}
          {ended.length > 0 && (
            <details className="memory-past">
              <summary>What no longer holds ({ended.length})</summary>
              <ul>
                {ended.map((entry) => (
                  <PastMemory key={entry.id} memory={entry} />
                ))}
              </ul>
            </details>
          )}
        </>
      )}
    </>
  );
}

function noteOn({ query, found, memories, profile, isLoaded, problem }: MemoryBookState): string | null {
  if (query.trim() !== '') {
    if (found === null) return problem === null ? 'Looking…' : null;
    return found.length === 0 ? 'Nothing about that.' : null;
  }
  if (!isLoaded) return 'Looking…';
  if (problem !== null || memories.length + profile.length > 0) return null;
  return 'Nothing yet. Tell it something about yourself, as in “My name is Alice and I live in Berlin.”';
}
