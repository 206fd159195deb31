import { useEffect } from 'react';
import type { VoiceInput } from '../agent/voice-input.ts';

/** The space bar as the button of push-to-talk, while `isActive`. */
export function usePushToTalk(input: VoiceInput, isActive: boolean): void {
  useEffect(() => {
    if (!isActive) return;
    const ends = new AbortController();
    const { signal } = ends;
    let isHeld = false;
    const letGo = () => {
      isHeld = false;
      input.release();
    };
    addEventListener(
      'keydown',
      (event) => {
        if (event.code !== 'Space' || event.ctrlKey || event.metaKey || event.altKey) return;
        if (!isHeld && belongsToElement(event.target)) return;
        // It neither scrolls nor presses what was clicked last.
        event.preventDefault();
        if (event.repeat) return;
        isHeld = true;
        input.press();
      },
      { signal },
    );
    addEventListener(
      'keyup',
      (event) => {
        if (event.code !== 'Space' || !isHeld) return;
        event.preventDefault();
        letGo();
      },
      { signal },
    );
    // A key that goes up elsewhere is never heard of here.
    addEventListener('blur', letGo, { signal });
    return () => {
      ends.abort();
      letGo();
    };
  }, [input, isActive]);
}

/** Where one writes, and whatever the keyboard has been moved to: there the space bar has a meaning of its own. */
function belongsToElement(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input, textarea, select, [contenteditable]') || target.closest('dialog')) return true;
  return target.matches('button, summary, a') && target.matches(':focus-visible');
}
