import { useState } from 'react';
import type { EngineStatus } from '../../../src/engine-status.ts';
import { partLabel, worstState } from '../chat/engines.ts';
import { GuardList } from './guard-list.tsx';
import { Popup } from './popup.tsx';

const STATES: Readonly<Record<EngineStatus['state'], string>> = {
  ready: 'ready',
  starting: 'starting',
  degraded: 'limited',
  failed: 'not working',
};

/** Which engines are running: a chip each, and why, in a panel; there with their guards. */
export function EngineMenu({ engines }: { readonly engines: readonly EngineStatus[] }) {
  const [isOpen, setIsOpen] = useState(false);
  if (engines.length === 0) return null;
  const chips = engines.filter(({ part }) => part === 'llm' || part === 'tts');
  return (
    <Popup
      label="Engines"
      className="engines"
      onToggle={setIsOpen}
      button={
        <>
          <span className="chip narrow-only">
            <span className={`dot ${worstState(engines)}`} />
            Engines
          </span>
          {chips.map(({ part, engine, state }) => (
            <span key={part} className="chip wide-only">
              <span className={`dot ${state}`} />
              {partLabel(part)}: <b>{engine}</b>
            </span>
          ))}
        </>
      }
    >
      <h2>Engines</h2>
      <ul className="engine-list">
        {engines.map(({ part, engine, detail, state, reason }) => (
          <li key={part}>
            <span className={`dot ${state}`} />
            <div>
              <p className="engine-name">
                {partLabel(part)}: <b>{engine}</b>
                {detail !== '' && detail !== engine && <span className="muted"> · {detail}</span>}
                <span className={`engine-state ${state}`}>{STATES[state]}</span>
              </p>
              {reason !== '' && <p className="muted">{reason}</p>}
            </div>
          </li>
        ))}
      </ul>
      {isOpen && <GuardList engines={engines} />}
    </Popup>
  );
}
