import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf } from '../src/speech/audio/pcm.ts';
import { FliteVoice } from '../src/speech/tts/flite-voice.ts';
import { OllamaServer } from '../test/support/ollama-server.ts';
import { forever, samplesOf, tone } from '../test/support/speech.ts';
import { SpeechServer, sendBytes } from '../test/support/speech-server.ts';
import { SPOKEN_SENTENCES } from '../test/support/spoken-sentences.ts';
import { TranscriptionServer } from '../test/support/transcription-server.ts';
import { type SpokenTurn, VoiceCall } from '../test/support/voice-call.ts';
import { alignSet } from '../test/support/word-error-rate.ts';
import { type Result, summarise } from './support/report.ts';
import { Service } from './support/service.ts';

/** The clearest of Flite's voices. */
const CALLER = 'rms';
const REPLY = 'That is a good question. Let me think about it for a moment.';
const STT_MS = 150;
const LLM_MS = 300;
/** What the silence before an answer may cost at the best: two quiet frames, the words, the first clause. */
const HANGOVER_MS = 400;
const FIRST_SILENCE_MS = 64;

/**
 * Spoken turns in real time, from the last audible sample that a caller sends to the first that comes back.
 *
 * `embedded`: Flite speaks, PocketSphinx listens, Flite answers, the model is a stand-in that answers at once.
 * `engines`: a recogniser that takes 150 ms, a model whose first clause takes 300 ms, a voice that answers at once;
 * with and without speculation.
 */
export async function* voiceBench({ turns = 24 }: { turns?: number }): AsyncGenerator<Result> {
  await using flite = new FliteVoice({ workers: 1 });
  const sentences = Array.from(
    { length: turns },
    (_, at) => SPOKEN_SENTENCES[at % SPOKEN_SENTENCES.length] ?? '',
  );
  const spoken: { text: string; speech: Int16Array }[] = [];
  for (const text of sentences) {
    spoken.push({ text, speech: await samplesOf(flite.speak({ text, voice: CALLER, speed: 1 }, forever())) });
  }
  yield* embedded(spoken);
  yield* engines(spoken, 'on');
  yield* engines(spoken, 'off');
  const bound = Math.max(HANGOVER_MS, FIRST_SILENCE_MS + STT_MS + LLM_MS) + 60;
  yield summarise('engines: bound of speech_end_to_first_audio', 'ms', [bound]);
}

type Spoken = readonly { readonly text: string; readonly speech: Int16Array }[];

async function* embedded(spoken: Spoken): AsyncGenerator<Result> {
  await using ollama = await new OllamaServer({ reply: { text: REPLY, msPerToken: 20 } }).start();
  const env = {
    LLM: 'ollama',
    OLLAMA_BASE_URL: ollama.url,
    STT: 'pocketsphinx',
    TTS: 'flite',
    VOICE_CACHE_MB: '0',
  };
  await using service = await Service.start(env);
  const turns = await call(service.url, spoken);
  yield* stages('embedded', turns);
  const { rate, words } = alignSet(turns.map(({ heard }, at) => [spoken[at]?.text ?? '', heard]));
  yield { ...summarise('embedded: words misheard of all that were said', '%', [100 * rate]), n: words };
}

async function* engines(spoken: Spoken, speculation: 'on' | 'off'): AsyncGenerator<Result> {
  await using ollama = await new OllamaServer({
    reply: { text: REPLY.split(/(?<=\.) /), firstByteMs: LLM_MS, msPerToken: 0 },
  }).start();
  await using speech = await SpeechServer.start();
  speech.answer = sendBytes([bytesOf(tone(440, 24_000, 24_000, 0.3))]);
  await using stt = await TranscriptionServer.start();
  stt.answer = async (request, response) => {
    await delay(STT_MS);
    stt.transcribe(request, response);
  };
  await using service = await Service.start({
    LLM: 'ollama',
    OLLAMA_BASE_URL: ollama.url,
    STT: 'openai',
    STT_BASE_URL: stt.baseUrl,
    TTS: 'openai',
    TTS_BASE_URL: speech.baseUrl,
    VOICE_CACHE_MB: '0',
    SPECULATION: speculation,
  });
  yield* stages(`engines, speculation ${speculation}`, await call(service.url, spoken));
}

/** The sentences one after the other, each when the caller's speaker has fallen silent. */
async function call(url: string, spoken: Spoken): Promise<SpokenTurn[]> {
  await using phone = await VoiceCall.dial(url);
  const turns: SpokenTurn[] = [];
  // The first turn warms up what only a turn can warm up.
  const first = spoken[0];
  for (const { speech } of first ? [first, ...spoken] : []) {
    turns.push(await phone.turn(speech));
    phone.flush();
    await delay(200);
  }
  return turns.slice(1);
}

function* stages(name: string, turns: readonly SpokenTurn[]): Generator<Result> {
  const mark = (turn: SpokenTurn, key: string) => turn.marks[key] ?? Number.NaN;
  const values = {
    speech_end_to_text: turns.map((turn) => mark(turn, 'transcribed')),
    text_to_first_token: turns.map((turn) => mark(turn, 'first_token') - mark(turn, 'transcribed')),
    token_to_first_audio: turns.map((turn) => mark(turn, 'first_frame_out') - mark(turn, 'first_token')),
    speech_end_to_first_audio: turns.map(({ firstAudioAtMs, endedAtMs }) => firstAudioAtMs - endedAtMs),
  };
  for (const [stage, times] of Object.entries(values)) yield summarise(`${name}: ${stage}`, 'ms', times);
}
