import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { answerFrom, hasBothRecognisers, independentTranscripts } from '../support/loop-engines.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { RestClient } from '../support/rest-client.ts';
import { Service } from '../support/service.ts';
import { forever, samplesOf } from '../support/speech.ts';
import { SPOKEN_SENTENCES } from '../support/spoken-sentences.ts';
import { type SpokenTurn, VoiceCall } from '../support/voice-call.ts';
import { alignSet, mistakes } from '../support/word-error-rate.ts';

/** The two of Flite's four that are understood best, as callers and as the agent. */
const VOICES = ['rms', 'kal'] as const;
const MOST_ERRORS = 0.1;
/** Time is samples received: four seconds of sound in one of ours. */
const PACE = 4;
const INPUT = { turn_detection: { type: 'server_vad', silence_duration_ms: 600 } };
const TIMEOUT_MS = 240_000;
/**
 * What each says: a quarter of the sentences, to which the agent answers with others in the same voice. `CLOSED_LOOP=all`:
 * everybody says all.
 */
const QUARTER = SPOKEN_SENTENCES.length / 4;
const SAID: Readonly<Record<string, readonly string[]>> =
  process.env.CLOSED_LOOP === 'all'
    ? { rms: SPOKEN_SENTENCES, kal: SPOKEN_SENTENCES }
    : { rms: SPOKEN_SENTENCES.slice(0, QUARTER), kal: SPOKEN_SENTENCES.slice(-QUARTER) };

interface Loop {
  readonly turns: readonly SpokenTurn[];
  /** What the second recogniser heard of each answer. */
  readonly heardBack: readonly string[];
  readonly errors: readonly unknown[];
  /** The transcript that the service keeps. */
  // biome-ignore lint/suspicious/noExplicitAny: a client of the wire, not of our types.
  readonly items: readonly any[];
}

const canRun = await hasBothRecognisers();

describe.skipIf(!canRun)('a conversation by voice, with real ears and a real voice at both ends', () => {
  const loops = new Map<string, Loop>();
  let decodersWhileTalking: string[] = [];
  let leftBehind: string[] = [];

  beforeAll(async () => {
    await using ollama = await new OllamaServer({ reply: answerFrom(SPOKEN_SENTENCES) }).start();
    const env = {
      LLM: 'ollama',
      OLLAMA_BASE_URL: ollama.url,
      STT: 'pocketsphinx',
      STT_WORKERS: '2',
      VAD: 'silero',
      TTS: 'flite',
    };
    await using service = await Service.start(env);
    await using flite = new FliteVoice({ workers: 1 });
    const talks = VOICES.map((voice) => converse(service.url, flite, voice));
    for (const [at, loop] of (await Promise.all(talks)).entries()) loops.set(VOICES[at] ?? '', loop);
    decodersWhileTalking = decodersOf(service);
    await service.stop();
    leftBehind = decodersOf(service);
  }, TIMEOUT_MS);

  const loopOf = (voice: string): Loop => {
    const loop = loops.get(voice);
    if (!loop) throw new Error(`nobody spoke as ${voice}`);
    return loop;
  };

  it.each(VOICES)('understands at least nine of ten words that %s says', (voice) => {
    const { turns } = loopOf(voice);
    expectUnderstood(turns.map(({ heard }, at) => [SAID[voice]?.[at] ?? '', heard]));
  });

  it.each(VOICES)('is understood by somebody else when it speaks as %s', (voice) => {
    const { turns, heardBack } = loopOf(voice);
    expect(turns.map(({ reply }) => reply)).toEqual(SAID[voice]?.map((text) => answerOf(text)));
    expectUnderstood(turns.map(({ reply }, at) => [reply, heardBack[at] ?? '']));
  });

  it.each(VOICES)('keeps what %s said and what it answered, each once and in order', (voice) => {
    const { turns, items } = loopOf(voice);
    expect(items.map(({ role, text, status }) => [role, text, status])).toEqual(
      turns.flatMap(({ heard, reply }) => [
        ['user', heard, 'completed'],
        ['assistant', reply, 'completed'],
      ]),
    );
  });

  it.each(VOICES)('has no error to tell %s of', (voice) => {
    expect(loopOf(voice).errors).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('leaves no recogniser behind', () => {
    expect(decodersWhileTalking).toHaveLength(2);
    expect(leftBehind).toEqual([]);
  });
});

/** What is to be answered to a sentence that is understood. */
const answerOf = (text: string) => answerFrom(SPOKEN_SENTENCES)({ messages: [{ content: text }] });

/** Says the sentences of `voice` to the agent, which answers in the same voice. */
async function converse(url: string, flite: FliteVoice, voice: string): Promise<Loop> {
  await using call = await VoiceCall.dial(url, { input: INPUT, voice, pace: PACE });
  const turns: SpokenTurn[] = [];
  for (const text of SAID[voice] ?? []) {
    const turn = await call.turn(await samplesOf(flite.speak({ text, voice, speed: 1 }, forever())));
    call.hearOut(turn);
    turns.push(turn);
  }
  const { body } = await new RestClient(url).get(
    `/v1/conversations/${call.conversationId}/transcript?format=json`,
  );
  const heardBack = await independentTranscripts(turns.map(({ audio }) => audio));
  return { turns, heardBack, errors: call.errors, items: body.items };
}

/** Fails with every word that was misheard. */
function expectUnderstood(pairs: readonly (readonly [said: string, heard: string])[]): void {
  const errors = alignSet(pairs);
  const percent = (100 * errors.rate).toFixed(1);
  expect(errors.rate, `${percent} % misheard: ${mistakes(errors).join(', ')}`).toBeLessThanOrEqual(
    MOST_ERRORS,
  );
}

/** The processes that recognise for a service: what it starts knows the folder that is its own. */
function decodersOf({ dataDir }: Service): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`DATA_DIR=${dataDir}`) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pocketsphinx')
      );
    } catch {
      // No process, or none of ours, or gone by now.
      return false;
    }
  });
}
