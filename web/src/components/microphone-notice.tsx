import { useAgent, useValue } from './agent-context.ts';
import { CloseIcon, MicrophoneOffIcon } from './icons.tsx';
import { useMicrophoneProblem } from './use-microphone-problem.ts';

interface Props {
  /** The person wants to know why there is none. */
  readonly isAsked: boolean;
  readonly onClose: () => void;
}

/** Why the microphone is not there or did not open, and what to do. */
export function MicrophoneNotice({ isAsked, onClose }: Props) {
  const { session } = useAgent();
  const { microphone } = session.input;
  const state = useValue(microphone.state);
  const unavailable = useMicrophoneProblem();
  const problem = state.status === 'failed' ? state.problem : isAsked ? unavailable : null;

  const close = () => {
    if (state.status === 'failed') microphone.close();
    onClose();
  };

  return (
    <div role="alert">
      {problem && (
        <div className="microphone-notice">
          <MicrophoneOffIcon />
          <div>
            <p>{problem.text}</p>
            {problem.commands.map(({ label, command }) => (
              <div key={command} className="command">
                <p className="muted">{label}</p>
                <pre>{command}</pre>
              </div>
            ))}
          </div>
          <button type="button" className="icon-button" aria-label="Close this note" onClick={close}>
            <CloseIcon />
          </button>
        </div>
      )}
    </div>
  );
}
