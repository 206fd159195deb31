import { FaultProxy } from '../../support/fault-proxy.ts';
import { RunningApp } from '../../support/running-app.ts';
import { lie, refuse, type SpeechAnswer, SpeechServer, speakTone } from '../../support/speech-server.ts';
import type { Bench, Fault, Row } from './cell.ts';
import { lostOf } from './records.ts';
import { type SpokenTurn, speakTurn } from './spoken-turn.ts';
import { breakConnection, healConnection } from './transport.ts';

/** Half a second of speech. */
const MID_BYTES = 24_000;
const SERVER_FAULTS: Partial<Record<Fault, SpeechAnswer>> = {
  garbage: lie('text/html', '<html>502 Bad Gateway</html>'),
  '429': refuse(429, 'Rate limit reached for requests'),
  '500': refuse(500, 'The server had an error while processing your request'),
};

const OWN = 'all of it in its own voice';
const UNSPOKEN = 'some of it spoken by Flite, some only shown';
const FLITE = 'all of it, spoken by Flite';
const CUT = 'a sentence breaks off in the middle; the rest of it is shown, not spoken';
const AGAIN = 'all of it; what broke off in the middle is said again by Flite';

export const voiceRow: Row = {
  part: 'speech over HTTP, then Flite',
  guard: 'tts:openai',
  well: OWN,
  standIn: FLITE,
  patience: 1,
  turns: 5,
  expected: {
    refused: { got: FLITE, withinMs: 500, isSpared: true },
    'no first byte': { got: FLITE, withinMs: 3_500, isSpared: true },
    stall: { got: AGAIN, or: FLITE, withinMs: 2_500, isSpared: true },
    'reset mid-stream': { got: AGAIN, or: FLITE, withinMs: 500, isSpared: true },
    garbage: { got: FLITE, withinMs: 500, isSpared: true },
    '429': { got: FLITE, withinMs: 500, isSpared: true },
    '500': { got: FLITE, withinMs: 500, isSpared: true },
    slow: { got: OWN, withinMs: 2_000, isSpared: false },
  },
  async start(haste): Promise<Bench> {
    await using resources = new AsyncDisposableStack();
    const speech = resources.use(await SpeechServer.start());
    const proxy = resources.use(await new FaultProxy(speech.baseUrl).start());
    const app = resources.use(
      await RunningApp.start({
        env: { TTS_BASE_URL: proxy.url },
        // No two sentences are the same: what was spoken before is not asked for again.
        ollama: {
          reply: ({ messages }) => {
            const number = messages.at(-1).content;
            return `I heard ${number}. It was ${number}, I think.`;
          },
        },
        ...haste,
      }),
    );
    const turns: SpokenTurn[] = [];
    let asked = 0;
    const kept = resources.move();
    return {
      app,
      async ask() {
        const turn = await speakTurn(app.url, `number ${asked++}`);
        turns.push(turn);
        return { got: gotOf(turn), waitedMs: turn.waitedMs };
      },
      break(fault) {
        if (!breakConnection(proxy, fault, MID_BYTES)) speech.answer = SERVER_FAULTS[fault] ?? speakTone();
      },
      async heal() {
        speech.answer = speakTone();
        await healConnection(proxy);
      },
      lost: () => lostOf(app.url, turns),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  },
};

function gotOf({ status, voices, skipped }: SpokenTurn): string {
  if (status !== 'completed') return `nothing (${status})`;
  if (skipped.length > 0) return voices.includes('stand-in') ? CUT : UNSPOKEN;
  return { 'stand-in': OWN, flite: FLITE }[voices.join(' and ')] ?? AGAIN;
}
