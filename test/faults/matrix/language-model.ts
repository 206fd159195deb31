import { NO_ANSWER } from '../../../src/nodes/apology.ts';
import { bytesOf } from '../../../src/speech/audio/pcm.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { OllamaServer } from '../../support/ollama-server.ts';
import { RunningApp } from '../../support/running-app.ts';
import type { Fault as ReplyFault } from '../../support/scripted-reply.ts';
import { sendBytes, toneFor } from '../../support/speech-server.ts';
import type { Bench, Fault, Row } from './cell.ts';
import { lostOf } from './records.ts';
import { type SpokenTurn, speakTurn } from './spoken-turn.ts';
import { breakConnection, healConnection } from './transport.ts';

const REPLY =
  'What you say is worth a thought. There are two sides to it, as there are to everything. ' +
  'The one side is plain, and the other one takes more words than anybody has time for.';
/** Behind the first sentence: a line of Ollama has about 130 bytes for each word. */
const MID_BYTES = 1_800;
const SERVER_FAULTS: Partial<Record<Fault, ReplyFault>> = {
  garbage: { kind: 'garbage', afterTokens: 0 },
  '429': { kind: 'status', status: 429, message: 'server busy, please try again' },
  '500': { kind: 'status', status: 500, message: 'llama runner process has terminated' },
};

const OWN = 'its own answer';
const OFFLINE = 'an answer by the offline responder';
const APOLOGY = '“Sorry, I can’t think right now…”';
const BROKEN = 'its beginning, then “I lost my train of thought.”';

function expected(unanswered: string): Row['expected'] {
  return {
    refused: { got: unanswered, withinMs: 500, isSpared: true },
    'no first byte': { got: unanswered, withinMs: 10_000, isSpared: true },
    stall: { got: BROKEN, withinMs: 8_000, isSpared: true },
    'reset mid-stream': { got: BROKEN, withinMs: 500, isSpared: true },
    garbage: { got: unanswered, withinMs: 500, isSpared: true },
    '429': { got: unanswered, withinMs: 500, isSpared: true },
    '500': { got: unanswered, withinMs: 500, isSpared: true },
    slow: { got: OWN, withinMs: 2_000, isSpared: false },
  };
}

/** With the offline responder behind it, and alone. */
export const languageModelRows: readonly Row[] = [
  row('language model, then the offline responder', 'auto', expected(OFFLINE)),
  row('language model alone', 'ollama', expected(APOLOGY)),
];

function row(part: string, LLM: string, expectations: Row['expected']): Row {
  return {
    part,
    guard: 'llm:ollama',
    well: OWN,
    patience: 0.25,
    turns: 8,
    expected: expectations,
    async start(haste): Promise<Bench> {
      await using resources = new AsyncDisposableStack();
      const ollama = resources.use(await new OllamaServer({ reply: REPLY }).start());
      const proxy = resources.use(await new FaultProxy(ollama.url).start());
      const app = resources.use(
        await RunningApp.start({ env: { LLM, OLLAMA_BASE_URL: proxy.url }, ...haste }),
      );
      app.speech.answer = (request, response) =>
        sendBytes([bytesOf(toneFor(String(request.body.input).slice(0, 8)))])(request, response);
      const turns: SpokenTurn[] = [];
      let asked = 0;
      const kept = resources.move();
      return {
        app,
        async ask() {
          const turn = await speakTurn(app.url, `I wonder about number ${asked++}.`);
          turns.push(turn);
          return { got: gotOf(turn), waitedMs: turn.waitedMs };
        },
        break(fault) {
          if (breakConnection(proxy, fault, MID_BYTES)) return;
          ollama.fault = SERVER_FAULTS[fault] ?? null;
        },
        async heal() {
          ollama.fault = null;
          await healConnection(proxy);
        },
        lost: () => lostOf(app.url, turns),
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      };
    },
  };
}

function gotOf({ said, voices, status }: SpokenTurn): string {
  if (said === '') return `nothing (${status})`;
  const what = whatOf(said);
  return voices.includes('stand-in') ? what : `${what}, not spoken`;
}

function whatOf(said: string): string {
  if (said === REPLY) return OWN;
  if (said === NO_ANSWER) return APOLOGY;
  const isBegun = said.startsWith(REPLY.slice(0, 20));
  if (isBegun) return said.endsWith('I lost my train of thought.') ? BROKEN : 'its beginning';
  return OFFLINE;
}
