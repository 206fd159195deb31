import { Agent, type Dispatcher, request } from 'undici';
import { type Clock, systemClock } from '../../clock.ts';
import { engineWords } from '../../engine-words.ts';
import { isAbort, messageOf, VivavoceError } from '../../errors.ts';
import { cancelled } from '../../resilience/deadline.ts';
import { readError } from '../engine-error-text.ts';
import { OpenAiRecognition } from './openai-recognition.ts';
import type { Recognition, Transcriber, Transcript, TranscriptionRequest } from './transcriber.ts';
import { readTranscript, readTranscriptStream } from './transcription-answer.ts';
import { transcriptionForm } from './transcription-form.ts';
import { type PassEngine, WindowedRecognition } from './windowed-recognition.ts';

interface Options {
  /** With or without `/v1`: `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly model: string;
  /** Ask when each word was said. Then nothing is streamed, and not every model can do it (`whisper-1` can). */
  readonly wordTimes?: boolean;
  /**
   * Send the utterance so far again and again while somebody speaks, for partial texts. Default: when the server answers
   * fast, and there is no key; where there is one, somebody may pay for every second that is sent.
   */
  readonly partials?: boolean;
  readonly clock?: Clock;
  /** Shared connections; the caller disposes it. Without it the transcriber has its own. */
  readonly dispatcher?: Dispatcher;
}

type OnText = (text: string) => void;

const KEEP_ALIVE_MS = 60_000;
/** With the 300 ms of new audio that a pass waits for, a partial text is then at most a second old. */
const FAST_MS = 700;
/** Of all sessions together; what is asked for at the end of a turn is not held up by more of them. */
const MAX_EARLY = 2;
/** Statuses with which servers refuse a field that they do not know. */
const REFUSES_FIELD: ReadonlySet<number> = new Set([400, 422, 501]);

/**
 * A recogniser behind `POST /v1/audio/transcriptions`: OpenAI's, or any server that speaks like it.
 *
 * An utterance is sent when its text is asked for, all of it at once, and before that only for `partials`. The answer
 * is streamed when the server can do that, which is found out with the first one.
 */
export class OpenAiTranscriber implements Transcriber, AsyncDisposable {
  readonly engine = 'openai';
  readonly model: string;
  readonly #url: URL;
  readonly #options: Options;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  #canStream: boolean | null;
  /** How the last answer came; false after a failure. */
  #isFast = false;
  #running = 0;

  /** @throws VivavoceError `config_invalid` when `baseUrl` is not an http(s) URL. */
  constructor(options: Options) {
    this.#options = options;
    this.model = options.model;
    this.#url = transcriptionUrl(options.baseUrl);
    this.#canStream = options.wordTimes ? false : null;
    this.#clock = options.clock ?? systemClock;
    this.#dispatcher = options.dispatcher ?? new Agent({ keepAliveTimeout: KEEP_ALIVE_MS });
  }

  recognise(wanted: TranscriptionRequest): Recognition {
    if (this.#sendsEarly) return new WindowedRecognition(this.#early(), wanted);
    return new OpenAiRecognition(wanted, (samples, onText, signal) =>
      this.#timed(samples, wanted, onText, signal),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#options.dispatcher) await this.#dispatcher.destroy();
  }

  get #sendsEarly(): boolean {
    const { partials, apiKey } = this.#options;
    return partials ?? (this.#isFast && !apiKey);
  }

  #early(): PassEngine {
    const isIdle = () => this.#running < MAX_EARLY && this.#sendsEarly;
    return {
      get idle() {
        return isIdle();
      },
      // Its words are published when two answers agree on them: a stream would bring them no earlier.
      transcribe: (samples, wanted, signal) => this.#timed(samples, wanted, null, signal),
    };
  }

  async #timed(
    samples: Int16Array,
    wanted: TranscriptionRequest,
    onText: OnText | null,
    signal: AbortSignal,
  ): Promise<Transcript> {
    const startedMs = this.#clock.monotonicMs();
    this.#running++;
    try {
      const transcript = await this.#transcribe(samples, wanted, onText, signal);
      this.#isFast = this.#clock.monotonicMs() - startedMs <= FAST_MS;
      return transcript;
    } catch (error) {
      if (!isAbort(error)) this.#isFast = false;
      throw error;
    } finally {
      this.#running--;
    }
  }

  async #transcribe(
    samples: Int16Array,
    wanted: TranscriptionRequest,
    onText: OnText | null,
    signal: AbortSignal,
  ): Promise<Transcript> {
    const stream = onText !== null && (this.#canStream ?? true);
    let response = await this.#post(samples, wanted, stream, signal);
    const isTrial = stream && this.#canStream === null;
    if (isTrial && REFUSES_FIELD.has(response.statusCode)) {
      // Perhaps only because it was asked to stream.
      await response.body.dump().catch(() => undefined);
      response = await this.#post(samples, wanted, false, signal);
      if (response.statusCode === 200) this.#canStream = false;
    }
    return await this.#read(response, onText, signal, stream);
  }

  async #post(
    samples: Int16Array,
    { language, prompt }: TranscriptionRequest,
    stream: boolean,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { apiKey, model, wordTimes } = this.#options;
    const { contentType, body } = transcriptionForm(samples, [
      ['model', model],
      ['response_format', wordTimes ? 'verbose_json' : 'json'],
      ...(wordTimes ? [['timestamp_granularities[]', 'word'] as const] : []),
      ...(language === null ? [] : [['language', language] as const]),
      ...(prompt === null ? [] : [['prompt', prompt] as const]),
      ...(stream ? [['stream', 'true'] as const] : []),
    ]);
    return await request(this.#url, {
      method: 'POST',
      headers: { 'content-type': contentType, ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      body,
      signal,
      dispatcher: this.#dispatcher,
    }).catch((error: unknown) => {
      if (signal.aborted) throw cancelled(this.engine, signal);
      throw this.#failure('engine_unavailable', `cannot be reached: ${messageOf(error)}`, error);
    });
  }

  async #read(
    { statusCode, headers, body }: Dispatcher.ResponseData,
    onText: OnText | null,
    signal: AbortSignal,
    stream: boolean,
  ): Promise<Transcript> {
    let hasBegun = false;
    const type = String(headers['content-type'] ?? '').toLowerCase();
    try {
      if (statusCode !== 200) throw this.#refusal(statusCode, engineWords(await readError(body), null));
      if (type.startsWith('text/event-stream')) {
        this.#canStream = true;
        return await readTranscriptStream(body, (text) => {
          hasBegun = true;
          onText?.(text);
        });
      }
      const said = await body.text();
      const transcript = type.startsWith('text/plain')
        ? { text: said.trim(), words: null }
        : readTranscript(said);
      // It did not mind being asked to stream, and did not.
      if (stream) this.#canStream = false;
      return transcript;
    } catch (error) {
      if (signal.aborted) throw cancelled(this.engine, signal);
      if (error instanceof VivavoceError) throw error;
      const what = hasBegun
        ? 'broke off in the middle of its answer'
        : `sent an answer (${type || 'without a type'}) that is no transcription`;
      throw this.#failure('engine_failed', `${what}: ${engineWords(messageOf(error), null)}`, error);
    }
  }

  #refusal(status: number, said: string): VivavoceError {
    const busy = status >= 500 || status === 429 || status === 408;
    const code = busy && status !== 501 ? 'engine_unavailable' : 'engine_failed';
    return this.#failure(code, `answered ${status}${said ? `: ${said}` : ''}${HINTS[status] ?? ''}`);
  }

  #failure(code: 'engine_failed' | 'engine_unavailable', what: string, cause?: unknown): VivavoceError {
    return new VivavoceError(code, `the recognition server ${this.#url.origin} ${what}`, { cause });
  }
}

const HINTS: Readonly<Record<number, string>> = {
  401: ' (check the API key)',
  403: ' (check the API key)',
  404: ' (check the base URL and the model)',
  413: ' (the utterance is longer than this server takes)',
  415: ' (this server does not read WAV)',
};

function transcriptionUrl(baseUrl: string): URL {
  const trimmed = baseUrl.replace(/\/+$/, '');
  const url = URL.parse(`${trimmed}${trimmed.endsWith('/v1') ? '' : '/v1'}/audio/transcriptions`);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new VivavoceError(
    'config_invalid',
    `"${baseUrl}" is no address of a recognition server: give one such as http://127.0.0.1:8000/v1`,
  );
}
