import { setTimeout as delay } from 'node:timers/promises';
import { OllamaServer } from '../../test/support/ollama-server.ts';
import { SpeechServer } from '../../test/support/speech-server.ts';

/*
 * The engines of a benchmark, in a process of their own: an Ollama that writes a token every 20 ms, and a voice that
 * answers at once with frames that carry their number in their samples. They note when things happen and tell when
 * asked. A turn is recognised by the tag in the user's words, which comes back in the first sentence of the answer.
 */

/** How they answer. */
export interface Pace {
  readonly msPerToken: number;
  /** Tokens of the second sentence. */
  readonly secondSentence: number;
  /** Frames of 40 ms, of every piece of speech. */
  readonly frames: number;
  readonly msBetweenFrames: number;
}

/** Short answers, for latencies. */
export const BRIEF: Pace = { msPerToken: 20, secondSentence: 10, frames: 8, msBetweenFrames: 5 };
/** Tokens of the first sentence, the tag being one of them. */
const FIRST_SENTENCE = ['I', ' heard', ' TAG', ' very', ' well', '.'];
const SECOND_SENTENCE = ' And this is what I have to say about it, among many other things that I could say';
/** What is asked for in JSON is asked for the memory. */
const NOTHING_TO_LEARN = ['{"', 'facts', '":', ' []', '}'];
const FRAME_SAMPLES = 960;

/** Sample value of frame `index`: loud enough to be no silence, different enough to be told apart. */
export const frameValue = (index: number): number => 1_000 + index * 64;
export const frameIndexOf = (sample: number): number => Math.round((sample - 1_000) / 64);

/** When what happened in a turn: `process.hrtime.bigint()`, one clock for all processes of a machine. */
export interface Stamps {
  requested?: bigint;
  firstSentenceOut?: bigint;
  voiceAsked?: bigint;
  closed?: bigint;
  readonly frames: bigint[];
}

/** What they saw since the last time they were asked. */
export interface Notes {
  readonly byTag: Map<string, Stamps>;
  /** TCP connections that were opened to them since they started. */
  readonly connections: number;
}

export type ToStandIns = { readonly type: 'collect' } | { readonly type: 'stop' };
export type FromStandIns =
  | { readonly type: 'ready'; readonly ollamaUrl: string; readonly speechUrl: string }
  | { readonly type: 'notes'; readonly notes: Notes };

const TAG = /\bc\d+t\d+\b/;

if (process.send) await serve(process.send.bind(process), JSON.parse(process.argv[2] as string));

async function serve(send: (message: FromStandIns) => void, pace: Pace): Promise<void> {
  const words = SECOND_SENTENCE.match(/\s\S+/g) ?? [];
  const second = Array.from(
    { length: pace.secondSentence - 1 },
    (_, index) => words[index % words.length] ?? '',
  );
  const byTag = new Map<string, Stamps>();
  const stampsOf = (text: string): Stamps => {
    const tag = TAG.exec(text)?.[0] ?? 'none';
    const stamps = byTag.get(tag) ?? { frames: [] };
    byTag.set(tag, stamps);
    return stamps;
  };
  // biome-ignore lint/suspicious/noExplicitAny: the body is whatever the service sent.
  const isForMemory = (body: any): boolean => body?.format !== undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  const lastWords = (body: any): string => (isForMemory(body) ? '' : (body?.messages?.at(-1)?.content ?? ''));

  const ollama = await new OllamaServer({
    reply: (body) => {
      if (isForMemory(body)) return { text: NOTHING_TO_LEARN, msPerToken: pace.msPerToken };
      const tag = TAG.exec(lastWords(body))?.[0] ?? 'none';
      return {
        text: [...FIRST_SENTENCE.map((token) => token.replace('TAG', tag)), ...second, ' indeed.'],
        msPerToken: pace.msPerToken,
      };
    },
    onRequest(request) {
      if (request.path === '/api/chat') stampsOf(lastWords(request.body)).requested ??= request.lastByteAt;
    },
    onToken(request, index, at) {
      if (index === FIRST_SENTENCE.length - 1) stampsOf(lastWords(request.body)).firstSentenceOut = at;
    },
    onClose(request, { at }) {
      if (request.path === '/api/chat') stampsOf(lastWords(request.body)).closed = at;
    },
  }).start();

  const speech = await SpeechServer.start();
  const speechPorts = new Set<number>();
  speech.answer = async (request, response) => {
    const input = String(request.body.input);
    speechPorts.add(request.port);
    const stamps = TAG.test(input) ? stampsOf(input) : null;
    if (stamps) stamps.voiceAsked = process.hrtime.bigint();
    response.writeHead(200, { 'content-type': 'audio/pcm' });
    for (let index = 0; index < pace.frames; index++) {
      if (stamps) stamps.frames[index] = process.hrtime.bigint();
      response.write(Buffer.from(new Int16Array(FRAME_SAMPLES).fill(frameValue(index)).buffer));
      await delay(pace.msBetweenFrames);
    }
    response.end();
  };

  // The benchmark was stopped.
  process.once('disconnect', () => process.exit());
  process.on('message', (message: ToStandIns) => {
    if (message.type === 'collect') {
      send({ type: 'notes', notes: { byTag, connections: ollama.connectionCount + speechPorts.size } });
      byTag.clear();
      ollama.requests.length = 0;
      speech.requests.length = 0;
    } else
      void Promise.all([ollama[Symbol.asyncDispose](), speech[Symbol.asyncDispose]()]).then(() =>
        process.disconnect(),
      );
  });
  send({ type: 'ready', ollamaUrl: ollama.url, speechUrl: speech.baseUrl });
}
