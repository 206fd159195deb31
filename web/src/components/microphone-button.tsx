import { meterHeight } from '../voice/voice-activity.ts';
import { useAgent, useValue } from './agent-context.ts';
import { MicrophoneIcon, MicrophoneOffIcon } from './icons.tsx';
import { useLevel } from './use-level.ts';
import { useMicrophoneProblem } from './use-microphone-problem.ts';

/** Turns the microphone on and off. Where there is none, it says why: `onExplain`. */
export function MicrophoneButton({ onExplain }: { readonly onExplain: () => void }) {
  const { session } = useAgent();
  const { input, output } = session;
  const state = useValue(input.microphone.state);
  const isHeard = useValue(input.isHeard);
  const isTalking = useValue(input.isTalking);
  const problem = useMicrophoneProblem();
  const isOn = state.status === 'on';
  const isMuted = isOn && state.isMuted;
  const ring = useLevel<HTMLButtonElement>(() => meterHeight(input.microphone.level), isOn && !isMuted);
  const isUnavailable = problem !== null && !isOn;

  const press = () => {
    if (isUnavailable) return onExplain();
    if (isOn || state.status === 'asking') return input.turnOff();
    output.unlock();
    void input.turnOn();
  };

  const status = isUnavailable ? 'unavailable' : isMuted ? 'muted' : state.status;
  return (
    <button
      type="button"
      ref={ring}
      className={`microphone ${status} ${isHeard || isTalking ? 'heard' : ''}`}
      data-microphone={status}
      aria-label="Microphone"
      aria-pressed={isOn}
      aria-busy={state.status === 'asking'}
      title={isUnavailable ? problem.text : titleOf(status)}
      onClick={press}
    >
      {status === 'unavailable' || status === 'muted' ? <MicrophoneOffIcon /> : <MicrophoneIcon />}
    </button>
  );
}

function titleOf(status: string): string {
  switch (status) {
    case 'asking':
      return 'Waiting for the microphone. Press to give up';
    case 'on':
    case 'muted':
      return 'Turn the microphone off';
    default:
      return 'Talk';
  }
}
