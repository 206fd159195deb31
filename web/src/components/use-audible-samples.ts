import { type RefObject, useEffect, useRef } from 'react';
import type { AgentSession } from '../agent/agent-session.ts';

/** Shows on an element how much has been heard: many times a second, so not through React. */
export function useAudibleSamples(session: AgentSession): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { playback } = session.output;
    const show = () => {
      if (element.current) element.current.dataset.audibleSamples = String(playback.current.audibleSamples);
    };
    show();
    return playback.subscribe(show);
  }, [session]);
  return element;
}
