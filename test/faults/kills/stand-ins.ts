import { bytesOf } from '../../../src/speech/audio/pcm.ts';
import { OllamaServer } from '../../support/ollama-server.ts';
import { SpeechServer, sendBytes } from '../../support/speech-server.ts';
import { answerTo, factsIn, nameIn } from './sayings.ts';

/** An answer takes about 60 ms: time enough to be killed in it. */
const MS_PER_TOKEN = 2;
/** 10 ms of sound for each character: what is spoken comes in several frames and costs little. */
const SAMPLES_PER_CHAR = 240;

/** A model that says something else to everything and learns by its words, and a voice. */
export async function startStandIns(): Promise<{ ollama: OllamaServer; speech: SpeechServer }> {
  const ollama = await new OllamaServer({
    // biome-ignore lint/suspicious/noExplicitAny: the body of a request is whatever the service sent.
    reply: (body: any) => {
      const asked: string = body.messages.at(-1).content;
      if (body.format) return JSON.stringify({ facts: factsIn(asked) });
      return { text: answerTo(nameIn(asked)), msPerToken: MS_PER_TOKEN };
    },
  }).start();
  const speech = await SpeechServer.start();
  speech.answer = (request, response) => {
    const samples = new Int16Array(String(request.body.input).length * SAMPLES_PER_CHAR).fill(3_000);
    return sendBytes([bytesOf(samples)])(request, response);
  };
  return { ollama, speech };
}
