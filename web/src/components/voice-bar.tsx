import { useEffect, useRef } from 'react';
import { isBusy } from '../chat/chat-state.ts';
import { useAgent, useValue } from './agent-context.ts';
import { StopIcon, VoiceOnIcon } from './icons.tsx';

/** What the agent is doing, and the button that ends it. Not there while it does nothing. */
export function VoiceBar() {
  const { session } = useAgent();
  const chat = useValue(session.chat);
  const { state } = useValue(session.playback);
  if (state === 'blocked') {
    return (
      <div className="voice-bar">
        <span>The browser holds the voice back until you touch the page.</span>
        <button type="button" className="primary" onClick={() => session.unlockAudio()}>
          <VoiceOnIcon /> Listen
        </button>
      </div>
    );
  }
  const isSpeaking = state === 'playing';
  if (!isSpeaking && !isBusy(chat)) return null;
  const isWriting = chat.entries.some((entry) => entry.kind === 'agent' && entry.status === 'in_progress');
  return (
    <div className="voice-bar">
      <VoiceMeter isActive={isSpeaking} />
      <span className="voice-state">{isSpeaking ? 'Speaking' : isWriting ? 'Writing' : 'Thinking'}</span>
      <button type="button" className="stop" onClick={() => session.stop()}>
        <StopIcon /> Stop <kbd>Esc</kbd>
      </button>
    </div>
  );
}

const BARS = [0.5, 0.8, 1, 0.7, 0.9, 0.6];

/** Bars as high as the voice is loud. */
function VoiceMeter({ isActive }: { readonly isActive: boolean }) {
  const { session } = useAgent();
  const bars = useRef<HTMLSpanElement>(null);

  useEffect(() => {
    if (!isActive || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    let frame = 0;
    const draw = (nowMs: number) => {
      const level = session.voiceLevel();
      for (const [index, bar] of [...(bars.current?.children ?? [])].entries()) {
        const sway = 0.75 + 0.25 * Math.sin(nowMs / 90 + index * 1.7);
        (bar as HTMLElement).style.transform = `scaleY(${0.12 + level * sway * (BARS[index] ?? 1)})`;
      }
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [isActive, session]);

  return (
    <span className={`meter ${isActive ? 'active' : ''}`} ref={bars} aria-hidden="true">
      {BARS.map((height) => (
        <i key={height} />
      ))}
    </span>
  );
}
