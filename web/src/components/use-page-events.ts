import { useEffect } from 'react';
import type { AgentSession } from '../agent/agent-session.ts';
import { queued } from '../chat/edit-entries.ts';

/** What concerns the whole page: gestures, the network, leaving. */
export function usePageEvents(session: AgentSession): void {
  useEffect(() => {
    const ends = new AbortController();
    const { signal } = ends;
    const unlock = () => session.output.unlock();
    addEventListener('pointerdown', unlock, { signal });
    addEventListener(
      'keydown',
      (event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) session.stop();
        else unlock();
      },
      { signal },
    );
    addEventListener('offline', () => session.networkIsGone(), { signal });
    addEventListener('online', () => session.reconnectIfWaiting(), { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (!document.hidden) session.reconnectIfWaiting();
      },
      { signal },
    );
    addEventListener(
      'beforeunload',
      (event) => {
        // Messages that have not been sent would be lost.
        if (queued(session.chat.current.entries).length > 0) event.preventDefault();
      },
      { signal },
    );
    // Whoever leaves does not hear the rest.
    addEventListener(
      'pagehide',
      () => {
        session.stop();
        session.input.turnOff();
      },
      { signal },
    );
    return () => ends.abort();
  }, [session]);
}
