import { Agent, type Dispatcher, request } from 'undici';
import { engineWords } from '../../engine-words.ts';
import { messageOf, VivavoceError } from '../../errors.ts';
import { abortErrorOf, throwIfAborted } from '../../resilience/abortable.ts';
import { readError } from '../engine-error-text.ts';
import { decodeSpeech } from './speech-decoder.ts';
import { type SpeechChunk, type SpeechRequest, VOICE_RATE, type Voice } from './voice.ts';

interface Options {
  /** With or without `/v1`: `http://127.0.0.1:8880/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly model: string;
  /** The default voice. */
  readonly voice: string;
  /** The other voices of the server; a request for any other name gets the default. */
  readonly otherVoices?: readonly string[];
  /** Shared connections; the caller disposes it. Without it the voice has its own. */
  readonly dispatcher?: Dispatcher;
}

const KEEP_ALIVE_MS = 60_000;

/** A voice behind `POST /v1/audio/speech`: OpenAI's, or any server that speaks like it. */
export class OpenAiVoice implements Voice, AsyncDisposable {
  readonly engine = 'openai';
  readonly voices: readonly string[];
  readonly #url: URL;
  readonly #options: Options;
  readonly #dispatcher: Dispatcher;

  /** @throws VivavoceError `config_invalid` when `baseUrl` is not an http(s) URL. */
  constructor(options: Options) {
    this.#options = options;
    this.voices = [options.voice, ...(options.otherVoices ?? []).filter((name) => name !== options.voice)];
    this.#url = speechUrl(options.baseUrl);
    this.#dispatcher = options.dispatcher ?? new Agent({ keepAliveTimeout: KEEP_ALIVE_MS });
  }

  cannotSpeak(text: string): string | null {
    return /[\p{L}\p{N}]/u.test(text) ? null : 'there is nothing to pronounce in it';
  }

  async *speak(speech: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    throwIfAborted(signal);
    let heardAny = false;
    try {
      const body = await this.#post(speech, signal);
      for await (const samples of decodeSpeech(body.bytes, body.rate)) {
        heardAny = true;
        yield { samples };
      }
    } catch (error) {
      if (signal.aborted) throw abortErrorOf(signal);
      if (error instanceof VivavoceError) throw error;
      const what = heardAny ? 'broke off in the middle of its answer' : 'sent an answer that is no speech';
      throw this.#failure('engine_failed', `${what}: ${messageOf(error)}`, error);
    }
    if (!heardAny) throw this.#failure('engine_failed', 'answered without any audio');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#options.dispatcher) await this.#dispatcher.destroy();
  }

  async #post(
    { text, voice, speed }: SpeechRequest,
    signal: AbortSignal,
  ): Promise<{ bytes: AsyncIterable<Uint8Array>; rate: number }> {
    const { apiKey, model } = this.#options;
    const response = await request(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
      },
      body: JSON.stringify({
        model,
        input: text,
        voice: this.voices.find((name) => name === voice) ?? this.voices[0],
        response_format: 'pcm',
        speed,
      }),
      signal,
      dispatcher: this.#dispatcher,
    }).catch((error: unknown) => {
      if (signal.aborted) throw abortErrorOf(signal);
      throw this.#failure('engine_unavailable', `cannot be reached: ${messageOf(error)}`, error);
    });
    const { statusCode, headers, body } = response;
    if (statusCode !== 200) throw this.#refusal(statusCode, engineWords(await readError(body), text));

    const type = String(headers['content-type'] ?? '').toLowerCase();
    if (!isRawAudio(type)) {
      const said = isText(type) ? `: ${engineWords(await readError(body), text)}` : '';
      // Hangs up on what nobody will read; that this "fails" the body is no news.
      body.on('error', () => {}).destroy();
      throw this.#failure(
        'engine_failed',
        `answered ${type} where raw audio (pcm or wav) was asked for${said}`,
      );
    }
    const rate = /rate=(\d+)/.exec(type)?.[1];
    return { bytes: body, rate: rate ? Number(rate) : VOICE_RATE };
  }

  #refusal(status: number, said: string): VivavoceError {
    const busy = status >= 500 || status === 429 || status === 408;
    const hint =
      status === 401 || status === 403
        ? ' (check the API key)'
        : status === 404
          ? ' (check the base URL and the model)'
          : '';
    const code = busy ? 'engine_unavailable' : 'engine_failed';
    return this.#failure(code, `answered ${status}${said ? `: ${said}` : ''}${hint}`);
  }

  #failure(code: 'engine_failed' | 'engine_unavailable', what: string, cause?: unknown): VivavoceError {
    return new VivavoceError(code, `the speech server ${this.#url.origin} ${what}`, { cause });
  }
}

function speechUrl(baseUrl: string): URL {
  const trimmed = baseUrl.replace(/\/+$/, '');
  const url = URL.parse(`${trimmed}${trimmed.endsWith('/v1') ? '' : '/v1'}/audio/speech`);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new VivavoceError(
    'config_invalid',
    `"${baseUrl}" is no address of a speech server: give one such as http://127.0.0.1:8880/v1`,
  );
}

/** PCM and WAV go by many names, and some servers by none. */
function isRawAudio(type: string): boolean {
  return (
    type === '' ||
    /^(application\/octet-stream|binary\/octet-stream|audio\/(x-)?(pcm|l16|raw|s16le|wave?|vnd\.wave))/.test(
      type,
    )
  );
}

function isText(type: string): boolean {
  return /^(text\/|application\/(problem\+)?json)/.test(type);
}
