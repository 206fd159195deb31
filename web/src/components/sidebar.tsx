import { useState } from 'react';
import type { RestConversation } from '../../../src/protocol/rest-conversations.ts';
import { useAgent, useValue } from './agent-context.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { CloseIcon, Logo, MemoryIcon, PlusIcon, TrashIcon } from './icons.tsx';
import { dateLabel, titleOf } from './labels.ts';

interface Props {
  readonly onOpen: (conversationId: string | null) => void;
  readonly onClose: () => void;
}

/** The stored conversations. */
export function Sidebar({ onOpen, onClose }: Props) {
  const { session, list, memory } = useAgent();
  const { conversations, hasMore, isLoaded, problem } = useValue(list.state);
  const { conversationId } = useValue(session.chat);
  const [deleting, setDeleting] = useState<RestConversation | null>(null);

  const remove = ({ id }: RestConversation) => {
    setDeleting(null);
    if (id === conversationId) onOpen(null);
    void list.delete(id);
  };

  return (
    <nav className="sidebar" aria-label="Conversations">
      <div className="sidebar-head">
        <Logo />
        <span className="wordmark">Vivavoce</span>
        <button
          type="button"
          className="icon-button narrow-only"
          aria-label="Close the list"
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </div>
      <button type="button" className="new-conversation" onClick={() => onOpen(null)}>
        <PlusIcon /> New conversation
      </button>
      <ul className="conversations" data-testid="conversations">
        {conversations.map((conversation) => {
          const title = titleOf(conversation);
          const isCurrent = conversation.id === conversationId;
          return (
            <li key={conversation.id} className={isCurrent ? 'current' : ''}>
              <button
                type="button"
                className="conversation"
                aria-current={isCurrent ? 'page' : undefined}
                onClick={() => onOpen(conversation.id)}
              >
                <span className="conversation-title">{title}</span>
                <time className="muted" dateTime={new Date(conversation.created_at * 1000).toISOString()}>
                  {dateLabel(conversation.created_at * 1000, Date.now())}
                </time>
              </button>
              <button
                type="button"
                className="icon-button delete"
                aria-label={`Delete “${title}”`}
                onClick={() => setDeleting(conversation)}
              >
                <TrashIcon />
              </button>
            </li>
          );
        })}
      </ul>
      {isLoaded && conversations.length === 0 && problem === null && (
        <p className="muted sidebar-note">What you talk about is kept here.</p>
      )}
      {problem !== null && (
        <p className="problem-text sidebar-note" role="alert">
          {problem}{' '}
          <button type="button" className="link" onClick={() => void list.refresh()}>
            Try again
          </button>
        </p>
      )}
      {hasMore && (
        <button type="button" className="quiet sidebar-note" onClick={() => void list.more()}>
          Show more
        </button>
      )}
      <div className="sidebar-foot">
        <button
          type="button"
          className="memory-link"
          onClick={() => {
            onClose();
            memory.open();
          }}
        >
          <MemoryIcon /> What it knows about me
        </button>
        <a className="muted docs-link" href="/docs">
          API documentation
        </a>
      </div>
      {deleting && (
        <DeleteDialog
          title={titleOf(deleting)}
          onCancel={() => setDeleting(null)}
          onDelete={() => remove(deleting)}
        />
      )}
    </nav>
  );
}
