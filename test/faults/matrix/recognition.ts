import { bytesOf } from '../../../src/speech/audio/pcm.ts';
import { PocketSphinx } from '../../../src/speech/stt/pocketsphinx.ts';
import { FliteVoice } from '../../../src/speech/tts/flite-voice.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { RealtimeClient } from '../../support/realtime-client.ts';
import { RunningApp } from '../../support/running-app.ts';
import { forever, samplesOf } from '../../support/speech.ts';
import {
  refuse,
  sendParts,
  type TranscriptionAnswer,
  TranscriptionServer,
} from '../../support/transcription-server.ts';
import { until } from '../faulty-memory.ts';
import type { Bench, Fault, Row } from './cell.ts';
import { lostOf } from './records.ts';
import { listen, type SpokenTurn } from './spoken-turn.ts';
import { breakConnection, healConnection } from './transport.ts';

/** Inside of the head of an answer. */
const MID_BYTES = 60;
const SERVER_FAULTS: Partial<Record<Fault, TranscriptionAnswer>> = {
  garbage: sendParts(['<html>502 Bad Gateway</html>'], { type: 'text/html' }),
  '429': refuse(429, 'Rate limit reached for requests'),
  '500': refuse(500, 'The server had an error while processing your request'),
};
/** What the server says that it hears, whatever was said. */
const WORDS = 'Hello from far away.';
const UNDERSTOOD = 'an answer to what was said';
const SECOND = 'an answer to what PocketSphinx heard';
const TOLD = 'a message that it was not understood';
const UNHEARD = 'the words that nobody understood';
const hasSecond = (await PocketSphinx.detect()).available;
/** It loads its model when it is needed first: of those who speak meanwhile some are not understood. */
const got = hasSecond ? SECOND : TOLD;

export const recognitionRow: Row = {
  part: `recognition over HTTP, ${hasSecond ? 'then PocketSphinx' : 'alone'}`,
  guard: 'stt:openai',
  well: UNDERSTOOD,
  patience: 0.5,
  turns: 5,
  mayLose: UNHEARD,
  expected: {
    refused: { got, or: TOLD, withinMs: 12_000, isSpared: true },
    'no first byte': { got, or: TOLD, withinMs: 12_000, isSpared: true },
    stall: { got, or: TOLD, withinMs: 12_000, isSpared: true },
    'reset mid-stream': { got, or: TOLD, withinMs: 12_000, isSpared: true },
    garbage: { got, or: TOLD, withinMs: 12_000, isSpared: true },
    '429': { got, or: TOLD, withinMs: 12_000, isSpared: true },
    '500': { got, or: TOLD, withinMs: 12_000, isSpared: true },
    slow: { got: UNDERSTOOD, withinMs: 3_000, isSpared: false },
  },
  async start(haste): Promise<Bench> {
    await using resources = new AsyncDisposableStack();
    const ears = resources.use(await TranscriptionServer.start());
    ears.text = WORDS;
    const proxy = resources.use(await new FaultProxy(ears.baseUrl).start());
    const well = ears.answer;
    const app = resources.use(
      await RunningApp.start({
        env: { STT: 'openai', STT_BASE_URL: proxy.url },
        ollama: { reply: 'Nice to meet you.' },
        ...haste,
      }),
    );
    const turns: SpokenTurn[] = [];
    let hasUnheard = false;
    const speech = await speechBytes();
    const kept = resources.move();
    return {
      app,
      async ask() {
        const { turn, waitedMs } = await speak(app.url, speech);
        if (turn === null) {
          hasUnheard = true;
          return { got: TOLD, waitedMs };
        }
        turns.push(turn);
        if (turn.question === '') return { got: 'an answer to nothing', waitedMs };
        return { got: turn.question === WORDS ? UNDERSTOOD : SECOND, waitedMs };
      },
      break(fault) {
        if (!breakConnection(proxy, fault, MID_BYTES)) ears.answer = SERVER_FAULTS[fault] ?? well;
      },
      async heal() {
        ears.answer = well;
        await healConnection(proxy);
      },
      lost: async () => [...(await lostOf(app.url, turns)), ...(hasUnheard ? [UNHEARD] : [])],
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  },
};

let recorded: Promise<string> | null = null;

/** A word in a real voice, as a client sends it. */
function speechBytes(): Promise<string> {
  recorded ??= (async () => {
    await using voice = new FliteVoice({ workers: 1 });
    const request = { text: 'Hello.', voice: null, speed: 1 };
    return Buffer.from(bytesOf(await samplesOf(voice.speak(request, forever())))).toString('base64');
  })();
  return recorded;
}

/** Speaks while a button is held. The turn; null when the user is told that there is none. */
async function speak(url: string, audio: string): Promise<{ turn: SpokenTurn | null; waitedMs: number }> {
  await using client = await RealtimeClient.connect(url, { query: { extensions: 'vivavoce' } });
  const input = { turn_detection: null, transcription: {} };
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
  client.send({ type: 'input_audio_buffer.append', audio });
  const startedMs = performance.now();
  client.send({ type: 'input_audio_buffer.commit' });
  const outcome = /^conversation\.item\.input_audio_transcription\.(completed|failed)$/;
  const told = await until(
    () => client.events.find(({ type }) => outcome.test(type)),
    (event) => event !== undefined,
  );
  const waitedMs = Math.round(performance.now() - startedMs);
  if (told.type.endsWith('failed')) return { turn: null, waitedMs };
  const turn = await listen(client, told.transcript, () => client.send({ type: 'response.create' }));
  return { turn, waitedMs: Math.max(waitedMs, turn.waitedMs) };
}
