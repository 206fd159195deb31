import { type FormEvent, useState } from 'react';
import { RestError } from '../api/rest-error.ts';
import { useAgent, useValue } from './agent-context.ts';
import { Logo } from './icons.tsx';
import { Modal } from './modal.tsx';

/** Asks for the API key when the server wants one. */
export function KeyDialog() {
  const { session } = useAgent();
  const request = useValue(session.doorway.keyRequest);
  const [key, setKey] = useState('');
  const [isChecking, setIsChecking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  if (request === null) return null;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setIsChecking(true);
    setProblem(null);
    try {
      await session.doorway.signIn(key.trim());
      setKey('');
    } catch (error) {
      const isWrong = error instanceof RestError && error.status === 401;
      const message = error instanceof Error ? error.message : String(error);
      setProblem(isWrong ? `That key was not accepted. ${message}` : message);
    } finally {
      setIsChecking(false);
    }
  };

  return (
    <Modal label="A key is needed">
      <form className="key-form" onSubmit={(event) => void submit(event)}>
        <Logo />
        <h2>This server asks for a key</h2>
        <p className="muted">
          {request.message ??
            'Enter one of its API keys. It is not kept: this tab gets a pass for two hours.'}
        </p>
        <label htmlFor="api-key">API key</label>
        <input
          id="api-key"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={key}
          onChange={(event) => setKey(event.target.value)}
          aria-describedby="key-problem"
          aria-invalid={problem !== null}
        />
        <p id="key-problem" className="problem-text" role="alert">
          {problem}
        </p>
        <button type="submit" className="primary" disabled={isChecking || key.trim() === ''}>
          {isChecking ? 'Checking…' : 'Continue'}
        </button>
      </form>
    </Modal>
  );
}
