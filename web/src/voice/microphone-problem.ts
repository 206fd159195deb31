import type { EngineStatus } from '../../../src/engine-status.ts';

/** Why there is no microphone, and what to do about it. */
export interface MicrophoneProblem {
  readonly text: string;
  /** To be typed into a terminal, each with what it does. */
  readonly commands: readonly { readonly label: string; readonly command: string }[];
}

/** What this page and its server can do. */
export interface Surroundings {
  readonly isSecureContext: boolean;
  readonly hasMicrophones: boolean;
  /** `http://192.168.1.5:4000` */
  readonly origin: string;
}

function problem(text: string): MicrophoneProblem {
  return { text, commands: [] };
}

/** Why the microphone cannot be turned on at all; null when it can be tried. */
export function unavailability(
  { isSecureContext, hasMicrophones, origin }: Surroundings,
  engines: readonly EngineStatus[],
): MicrophoneProblem | null {
  if (!isSecureContext) return insecure(new URL(origin));
  if (!hasMicrophones) return problem('This browser gives pages no microphone. Use a current one.');
  return unheard(engines);
}

function insecure({ hostname, port }: URL): MicrophoneProblem {
  const isName = /[a-z]/i.test(hostname) && !hostname.includes(':');
  const bare = hostname.replace(/^\[|\]$/g, '');
  // Only an administrator may listen on the ports below 1024.
  const near = port === '' || Number(port) < 1024 ? '8080' : port;
  return {
    text:
      'Browsers give a microphone to pages on https or on localhost only, and this page came over plain http. ' +
      'Open it on http://localhost, through a tunnel, or give the server a certificate:',
    commands: [
      {
        label: `On this computer, then open http://localhost:${near}`,
        command: `ssh -N -L ${near}:${hostname}:${port || '80'} ${bare}`,
      },
      {
        label: 'Or on the server, a certificate of its own …',
        command:
          'openssl req -x509 -newkey rsa:2048 -nodes -days 825 -keyout key.pem -out cert.pem ' +
          `-subj /CN=${bare} -addext subjectAltName=${isName ? 'DNS' : 'IP'}:${bare}`,
      },
      { label: '… and start it with', command: 'TLS_CERT=cert.pem TLS_KEY=key.pem npm start' },
    ],
  };
}

function unheard(engines: readonly EngineStatus[]): MicrophoneProblem | null {
  // Not asked yet.
  if (engines.length === 0) return null;
  const stt = engines.find(({ part }) => part === 'stt');
  if (!stt) return problem('This server recognises no speech: it has no engine for it.');
  const why = stt.reason === '' ? '' : ` ${capitalised(stt.reason)}`;
  if (stt.state === 'starting') return problem(`Speech recognition is starting.${why}`);
  if (stt.state === 'failed' || stt.engine === 'none') {
    return problem(`The server cannot recognise speech.${why}`);
  }
  return null;
}

/** What a browser said when it was asked for the microphone, as a sentence that says what to do. */
export function askingFailed(error: unknown): MicrophoneProblem {
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return problem(
        'The browser was not allowed to use the microphone. Allow it for this page (in the address bar, or in the ' +
          'privacy settings of the system), then try again.',
      );
    case 'NotFoundError':
    case 'OverconstrainedError':
      return problem('There is no microphone. Plug one in, or turn it on, then try again.');
    case 'NotReadableError':
    case 'AbortError':
      return problem(
        'The microphone does not answer: another program may be using it. Close that program, or choose another ' +
          'microphone in the settings of the browser, then try again.',
      );
    default:
      return problem(`The microphone could not be opened: ${message}`);
  }
}

export const LOST_MICROPHONE = problem(
  'The microphone is gone: it was unplugged, or the browser took it back. Turn it on again when it is there.',
);

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
