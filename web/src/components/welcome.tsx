import { Logo } from './icons.tsx';
import { useMicrophoneProblem } from './use-microphone-problem.ts';

const OPENERS = ['Hello! Who are you?', 'What can you do?', 'What time is it?'];

/** A conversation before its first word. */
export function Welcome({ onSay }: { readonly onSay: (text: string) => void }) {
  const isTalkPossible = useMicrophoneProblem() === null;
  return (
    <div className="welcome">
      <Logo />
      <h2>Talk to me.</h2>
      <p className="muted">{isTalkPossible ? 'Speak or write' : 'Write something'}, and hear the answer.</p>
      <ul>
        {OPENERS.map((text) => (
          <li key={text}>
            <button type="button" className="opener" onClick={() => onSay(text)}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
