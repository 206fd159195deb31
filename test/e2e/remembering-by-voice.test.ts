import { expect, it } from 'vitest';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { VOICE_RATE } from '../../src/speech/tts/voice.ts';
import { hasBothRecognisers, independentTranscripts } from '../support/loop-engines.ts';
import { Service } from '../support/service.ts';
import { forever, samplesOf } from '../support/speech.ts';
import { type SpokenTurn, VoiceCall } from '../support/voice-call.ts';

/** The one of Flite's voices that is understood best, at both ends of the line. */
const VOICE = 'rms';
/** Time is samples received: four seconds of sound in one of ours. */
const PACE = 4;
const INPUT = { turn_detection: { type: 'server_vad', silence_duration_ms: 600 } };
const ENV = { STT: 'pocketsphinx', STT_WORKERS: '1', VAD: 'silero', TTS: 'flite' };

const canRun = await hasBothRecognisers();

it.skipIf(!canRun)(
  'knows in a later call, after a restart, what somebody said in an earlier one, and what has changed since',
  async () => {
    await using flite = new FliteVoice({ workers: 1 });
    const call = async (url: string, ...sentences: readonly string[]): Promise<readonly SpokenTurn[]> => {
      await using line = await VoiceCall.dial(url, { input: INPUT, voice: VOICE, pace: PACE });
      const turns: SpokenTurn[] = [];
      for (const text of sentences) {
        const speech = await samplesOf(flite.speak({ text, voice: VOICE, speed: 1 }, forever()));
        const turn = await line.turn(speech);
        line.hearOut(turn);
        turns.push(turn);
      }
      return turns;
    };

    await using today = await Service.start(ENV);
    await call(today.url, 'My name is Alice and I live in Berlin.');
    await today.stop();

    await using nextWeek = await Service.start({ ...ENV, DATA_DIR: today.dataDir });
    const [asked, , askedAgain] = await call(
      nextWeek.url,
      'Where do I live?',
      // Not `I moved to`: it is often heard as `I'm moved to`.
      'Actually I live in London now.',
      'Where do I live?',
    );
    const [askedLater] = await call(nextWeek.url, 'Where do I live?');
    const answers = [asked, askedAgain, askedLater].filter((turn) => turn !== undefined);

    expect(answers.map(({ reply }) => reply)).toEqual([
      expect.stringMatching(/berlin/i),
      expect.stringMatching(/london/i),
      expect.stringMatching(/london/i),
    ]);
    // And so they sound. It introduces itself behind the first answer of a call.
    const beginnings = answers.map(({ audio }) => audio.slice(0, 2 * VOICE_RATE));
    expect(await independentTranscripts(beginnings)).toEqual([
      expect.stringContaining('berlin'),
      expect.stringContaining('london'),
      expect.stringContaining('london'),
    ]);
  },
  120_000,
);
