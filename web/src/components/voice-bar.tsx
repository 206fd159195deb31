import { isBusy } from '../chat/chat-state.ts';
import { meterHeight } from '../voice/voice-activity.ts';
import { useAgent, useValue } from './agent-context.ts';
import { StopIcon, VoiceOnIcon } from './icons.tsx';
import { MicrophoneControls, TalkButton } from './microphone-controls.tsx';
import { useLevel } from './use-level.ts';
import { useVoiceActivity } from './use-voice-activity.ts';

/** What both sides are doing, and the buttons for it. Not there while they do nothing. */
export function VoiceBar() {
  const { session } = useAgent();
  const { output } = session;
  const playback = useValue(output.playback, ({ state }) => state);
  const isMaking = useValue(session.chat, isBusy);
  const activity = useVoiceActivity();
  const isSounding = playback === 'playing' || playback === 'held';
  return (
    <>
      {playback === 'blocked' && (
        <div className="voice-bar">
          <span>The browser holds the voice back until you touch the page.</span>
          <button type="button" className="primary" onClick={() => output.unlock()}>
            <VoiceOnIcon /> Listen
          </button>
        </div>
      )}
      {/* Always there, so that what appears in it is read aloud. */}
      <div className={activity ? 'voice-bar' : ''} data-activity={activity?.name ?? 'none'}>
        {activity && <VoiceMeter activity={activity.name} />}
        <span className="voice-state" role="status">
          {activity?.label}
        </span>
        {activity && <MicrophoneControls />}
        {(isSounding || isMaking) && (
          <button type="button" className="stop" onClick={() => session.stop()}>
            <StopIcon /> Stop <kbd>Esc</kbd>
          </button>
        )}
      </div>
      <TalkButton />
    </>
  );
}

/** How high each bar stands, and how it is told from its neighbours. */
const BARS = [0.5, 0.8, 1, 0.7, 0.9, 0.6];

/** Bars as high as whoever speaks is loud: the agent while it does, else the person. */
function VoiceMeter({ activity }: { readonly activity: string }) {
  const { input, output } = useAgent().session;
  const isSpeaking = activity === 'speaking';
  const isListening = ['heard', 'recording', 'listening', 'held', 'ready'].includes(activity);
  const meter = useLevel<HTMLSpanElement>(
    () => (isSpeaking ? output.level() : meterHeight(input.microphone.level)),
    isSpeaking || isListening,
  );
  return (
    <span className={`meter ${activity}`} ref={meter} aria-hidden="true">
      {BARS.map((height) => (
        <i key={height} style={{ '--height': height } as React.CSSProperties} />
      ))}
    </span>
  );
}
