import { useEffect, useState } from 'react';
import { offlineAdvice, offlineModel } from '../chat/engines.ts';
import type { ConnectionState } from '../realtime/connection.ts';
import { useAgent, useValue } from './agent-context.ts';
import { WarningIcon } from './icons.tsx';

const UNNOTICED_MS = 300;

/** What the person should know before reading on. */
export function Banners() {
  const { session } = useAgent();
  const connection = useValue(session.connection);
  const { engines } = useValue(session.chat);
  const isKeyNeeded = useValue(session.doorway.keyRequest) !== null;
  const offline = offlineModel(engines);
  return (
    <div className="banners">
      <div role="status">
        {connection.status !== 'open' && !isKeyNeeded && <ConnectionBanner state={connection} />}
      </div>
      {offline && (
        <aside className="banner" aria-label="No language model">
          <WarningIcon />
          <p>
            <b>No language model is connected</b>, so answers are simple and follow rules.{' '}
            <span className="muted">{offlineAdvice(offline)}</span>
          </p>
        </aside>
      )}
    </div>
  );
}

function ConnectionBanner({ state }: { readonly state: Exclude<ConnectionState, { status: 'open' }> }) {
  const { session } = useAgent();
  if (state.status === 'connecting') return <p className="banner connecting">Connecting…</p>;
  if (state.status === 'resuming') return <ResumingBanner />;
  return (
    <p className="banner offline">
      <span>
        {state.reason ?? 'Not connected.'}{' '}
        {state.status === 'waiting' && <Countdown toMs={state.retryAtMs} />}
      </span>
      <button type="button" className="link" onClick={() => session.reconnect()}>
        {state.status === 'waiting' ? 'Try now' : 'Connect again'}
      </button>
    </p>
  );
}

/** Nothing is lost and nothing is to be done, so a short outage is not worth a word. */
function ResumingBanner() {
  const { session } = useAgent();
  const [isShown, setIsShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsShown(true), UNNOTICED_MS);
    return () => clearTimeout(timer);
  }, []);
  const isListening = useValue(session.input.microphone.state).status === 'on';
  if (!isShown) return null;
  return (
    <p className="banner resuming">
      <span>Reconnecting… {isListening && 'What you say is kept.'}</span>
      <button type="button" className="link" onClick={() => session.reconnect()}>
        Try now
      </button>
    </p>
  );
}

function Countdown({ toMs }: { readonly toMs: number }) {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((toMs - nowMs) / 1000));
  // Not read aloud every second.
  return <span aria-hidden="true">Trying again {seconds > 0 ? `in ${seconds} s` : 'now'}.</span>;
}
