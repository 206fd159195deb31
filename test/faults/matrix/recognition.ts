import { NOT_UNDERSTOOD } from '../../../src/session/response-plan.ts';
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
const ASKED_AGAIN = `“${NOT_UNDERSTOOD}”`;
const UNHEARD = 'the words that nobody understood';
const hasSecond = (await PocketSphinx.detect()).available;
const got = hasSecond ? SECOND : ASKED_AGAIN;

export const recognitionRow: Row = {
  part: `recognition over HTTP, ${hasSecond ? 'then PocketSphinx' : 'alone'}`,
  guard: 'stt:openai',
  well: UNDERSTOOD,
  patience: 0.5,
  turns: 5,
  ...(hasSecond ? { standIn: SECOND } : { mayLose: UNHEARD }),
  expected: {
    refused: { got, withinMs: 2_000, isSpared: true },
    'no first byte': { got, withinMs: 7_000, isSpared: true },
    stall: { got, withinMs: 7_000, isSpared: true },
    'reset mid-stream': { got, withinMs: 2_000, isSpared: true },
    garbage: { got, withinMs: 2_000, isSpared: true },
    '429': { got, withinMs: 2_000, isSpared: true },
    '500': { got, withinMs: 2_000, isSpared: true },
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
        const { turn, isUnderstood } = await speak(app.url, speech);
        if (isUnderstood) turns.push(turn);
        else hasUnheard = true;
        return { got: gotOf(turn, isUnderstood), waitedMs: turn.waitedMs };
      },
      break(fault) {
        hasUnheard = false;
        if (!breakConnection(proxy, fault, MID_BYTES)) ears.answer = SERVER_FAULTS[fault] ?? well;
      },
      async heal() {
        ears.answer = well;
        await healConnection(proxy);
      },
      async lost() {
        return [...(await lostOf(app.url, turns)), ...(hasUnheard ? [UNHEARD] : [])];
      },
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

interface Spoken {
  readonly turn: SpokenTurn;
  readonly isUnderstood: boolean;
}

/** Speaks while a button is held, and wants an answer. */
async function speak(url: string, audio: string): Promise<Spoken> {
  await using client = await RealtimeClient.connect(url, { query: { extensions: 'vivavoce' } });
  const input = { turn_detection: null, transcription: {} };
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
  client.send({ type: 'input_audio_buffer.append', audio });
  const turn = await listen(client, '', () => {
    client.send({ type: 'input_audio_buffer.commit' });
    client.send({ type: 'response.create' });
  });
  const [told] = client.all('conversation.item.input_audio_transcription.completed');
  return { turn: { ...turn, question: told?.transcript ?? '' }, isUnderstood: told !== undefined };
}

function gotOf({ said, question, voices, status }: SpokenTurn, isUnderstood: boolean): string {
  if (status !== 'completed' || voices.length === 0) return `nothing (${status})`;
  if (!isUnderstood) return said === NOT_UNDERSTOOD ? ASKED_AGAIN : `“${said}”, whatever was said`;
  if (question === '') return 'an answer to nothing';
  return question === WORDS ? UNDERSTOOD : SECOND;
}
