import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from 'react';
import { useAgent, useValue } from './agent-context.ts';
import { HoldIcon, MicrophoneIcon, MuteIcon } from './icons.tsx';
import { usePushToTalk } from './use-push-to-talk.ts';

/** How the microphone that is on is used. */
export function MicrophoneControls() {
  const { input } = useAgent().session;
  const state = useValue(input.microphone.state);
  const mode = useValue(input.mode);
  if (state.status !== 'on') return null;
  const isManual = mode === 'push-to-talk';
  return (
    <span className="microphone-controls">
      {!isManual && (
        <button
          type="button"
          className="icon-button toggle"
          aria-pressed={state.isMuted}
          aria-label="Mute"
          title={state.isMuted ? 'You are not heard. Let yourself be heard' : 'Mute the microphone'}
          onClick={() => input.setMuted(!state.isMuted)}
        >
          <MuteIcon />
        </button>
      )}
      <button
        type="button"
        className="icon-button toggle"
        aria-pressed={isManual}
        aria-label="Push to talk"
        title={
          isManual
            ? 'You hold a button to talk. Talk freely instead'
            : 'You talk freely. Hold a button to talk instead'
        }
        onClick={() => input.setMode(isManual ? 'hands-free' : 'push-to-talk')}
      >
        <HoldIcon />
      </button>
    </span>
  );
}

/** The button that is held to talk. */
export function TalkButton() {
  const { input } = useAgent().session;
  const isOn = useValue(input.microphone.state).status === 'on';
  const isManual = useValue(input.mode) === 'push-to-talk';
  const isTalking = useValue(input.isTalking);
  const isShown = isOn && isManual;
  const button = useRef<HTMLButtonElement>(null);
  usePushToTalk(input, isShown);
  // What was pressed to bring it here would be pressed again by the space bar.
  useEffect(() => {
    if (isShown) button.current?.focus({ preventScroll: true });
  }, [isShown]);
  if (!isShown) return null;

  const hold = (event: PointerEvent<HTMLButtonElement>) => {
    if (event.button !== 0) return;
    // It is let go of wherever the finger has slid to.
    event.currentTarget.setPointerCapture(event.pointerId);
    input.press();
  };

  const isKey = ({ key }: KeyboardEvent) => key === 'Enter' || key === ' ';
  return (
    <button
      type="button"
      ref={button}
      className={`talk ${isTalking ? 'held' : ''}`}
      aria-pressed={isTalking}
      onPointerDown={hold}
      onLostPointerCapture={() => input.release()}
      onKeyDown={(event) => {
        if (isKey(event) && !event.repeat) input.press();
      }}
      onKeyUp={(event) => {
        if (isKey(event)) input.release();
      }}
      onBlur={() => input.release()}
      // A long press is no wish for a menu.
      onContextMenu={(event) => event.preventDefault()}
    >
      <MicrophoneIcon /> {isTalking ? 'Let go to send' : 'Hold to talk'} <kbd>Space</kbd>
    </button>
  );
}
