import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { VivavoceError } from './errors.ts';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const number = (error: string) => z.coerce.number({ error });
const PORT_RANGE = 'must be a whole number from 0 to 65535';
const port = number(PORT_RANGE).int(PORT_RANGE).min(0, PORT_RANGE).max(65_535, PORT_RANGE);
const COUNT_RANGE = 'must be a whole number from 1';
const count = number(COUNT_RANGE).int(COUNT_RANGE).min(1, COUNT_RANGE);
const AMOUNT_RANGE = 'must be a number from 0';
const amount = number(AMOUNT_RANGE).min(0, AMOUNT_RANGE);
/** Addresses are shown to everybody who asks how the engines are. */
const url = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL', abort: true })
  .refine((text) => URL.parse(text)?.username === '', { error: 'must not carry a name or a password' });

/**
 * Every environment variable that the program reads, with its default and its description: `npm run docs` makes
 * `docs/configuration.md` from it.
 */
export const settings = z.object({
  PORT: port.default(4000).describe('Port of HTTP and WebSocket; 0 takes any free one.'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on. Any but loopback needs `API_KEYS`.'),
  DATA_DIR: z
    .string()
    .default('./data')
    .describe('Folder of everything that is kept. One process at a time.'),
  API_KEYS: list
    .prefault('')
    .describe('`name:key,…`: who may connect. Unset: everybody on this machine, as `local`.'),
  ALLOWED_ORIGINS: list
    .prefault('')
    .describe('Web origins besides our own page that may connect, `https://a.example,…`.'),
  TLS_CERT: z
    .string()
    .optional()
    .describe('PEM file of the certificate; with `TLS_KEY` the server speaks TLS.'),
  TLS_KEY: z.string().optional().describe('PEM file of the private key.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much is logged.'),
  AGENT_FILE: z
    .string()
    .optional()
    .describe('JSON file: `name`, `instructions`, `voice`, `greeting`, `pronunciations`.'),
  TIMEZONE: z
    .string()
    .default(Intl.DateTimeFormat().resolvedOptions().timeZone)
    .describe('IANA time zone in which the agent tells the time. Default: that of the machine.'),

  LLM: z
    .enum(['auto', 'ollama', 'openai', 'offline'])
    .default('auto')
    .describe('Language model. `auto` takes the best that answers and keeps looking.'),
  OLLAMA_BASE_URL: url.default('http://127.0.0.1:11434').describe('Where Ollama answers.'),
  OLLAMA_MODEL: z
    .string()
    .optional()
    .describe('Unset: the first installed model that can chat. A named one that is missing is pulled.'),
  OPENAI_BASE_URL: url.optional().describe('Any OpenAI-compatible server, with its `/v1`.'),
  OPENAI_API_KEY: z.string().optional().describe('Sent as bearer token; local servers want none.'),
  OPENAI_MODEL: z.string().optional().describe('Unset: the first that `/models` of the server lists.'),
  LLM_CONTEXT_TOKENS: count
    .default(8192)
    .describe('Context of the model; constant, because changing it makes Ollama load the model again.'),
  LLM_PRICE_INPUT: amount.optional().describe('Price of a million input tokens, for the cost of each turn.'),
  LLM_PRICE_CACHED_INPUT: amount.optional().describe('The same for cached input. Default: the input price.'),
  LLM_PRICE_OUTPUT: amount.optional().describe('The same for output.'),
  LLM_PRICE_CURRENCY: z
    .string()
    .length(3, 'must be three letters, such as USD')
    .default('USD')
    .describe('Currency of these prices.'),
  VOICE_REPLY_TOKENS: count
    .default(50)
    .describe('A spoken reply ends at the first sentence end past so many tokens.'),
  VOICE_REPLY_MAX_TOKENS: count.default(100).describe('… and at this one in any case.'),

  TTS: z.enum(['auto', 'flite', 'kokoro', 'openai']).default('auto').describe('Voice engine.'),
  TTS_VOICE: z.string().optional().describe('Voice of the engine. Default: its first.'),
  TTS_BASE_URL: url
    .optional()
    .describe(
      'OpenAI-compatible speech server; Flite speaks when it fails. Default with `TTS=openai`: `OPENAI_BASE_URL`.',
    ),
  TTS_API_KEY: z.string().optional().describe('Default: `OPENAI_API_KEY`.'),
  TTS_MODEL: z.string().default('tts-1').describe('Model name sent to the speech server.'),
  TTS_WORKERS: count.default(Math.min(2, availableParallelism())).describe('Threads that synthesise.'),
  VOICE_CACHE_MB: amount.default(64).describe('Memory for speech made before; 0 turns it off.'),
  VOICE_CACHE_TTL_SECONDS: count.default(86_400).describe('How long it is kept.'),
  VOICE_PHRASES_FILE: z
    .string()
    .optional()
    .describe('Text file, a phrase a line, spoken into the voice cache in the background at start.'),

  STT: z
    .enum(['auto', 'whisper', 'pocketsphinx', 'openai', 'none'])
    .default('auto')
    .describe(
      'Recogniser of speech. `auto`: a server when `STT_BASE_URL` is set, a Whisper model that is there already, ' +
        'PocketSphinx when it is installed, in this order; the next one answers when one fails.',
    ),
  STT_BASE_URL: url
    .optional()
    .describe('OpenAI-compatible transcription server. Default with `STT=openai`: `OPENAI_BASE_URL`.'),
  STT_API_KEY: z.string().optional().describe('Default: `OPENAI_API_KEY`.'),
  STT_MODEL: z
    .string()
    .optional()
    .describe(
      'Model of the server (`whisper-1`), or of the hub or a folder for `STT=whisper` ' +
        '(default: Moonshine for English, else Whisper; fetched once into `DATA_DIR/models`).',
    ),
  STT_LANGUAGE: z
    .string()
    .regex(/^[a-z]{2,3}$/, 'must be a code such as en or de')
    .optional()
    .describe('Language of those who do not say theirs, ISO 639-1. Unset: the engine finds out.'),
  STT_WORKERS: count
    .default(Math.min(2, availableParallelism()))
    .describe('Utterances that are recognised at once, by engines of this machine.'),
  MODEL_HUB_URL: url.default('https://huggingface.co').describe('Where models are fetched from.'),
  VAD: z
    .enum(['silero', 'energy'])
    .default('silero')
    .describe('Detector of speech: a small neural network, or the level of sound alone.'),
  SPECULATION: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether an answer is begun before it is certain that the person has finished, and held back.'),
  IDLE_NUDGE_SECONDS: count
    .optional()
    .describe('The agent speaks up once after so long a silence. Unset: never.'),
  IDLE_END_SECONDS: count
    .optional()
    .describe('The connection is closed after so long a silence. Unset: never.'),
  EMBEDDINGS: z
    .enum(['auto', 'ollama', 'local', 'none'])
    .default('auto')
    .describe('Embeddings for the memory.'),
  EXTRACTION_MODEL: z.string().optional().describe('Model that extracts memories.'),
  QDRANT_URL: url.optional().describe('Memory in Qdrant.'),
  QDRANT_API_KEY: z.string().optional().describe('Its key.'),
  DATABASE_URL: z.string().optional().describe('Conversations in PostgreSQL.'),
  REDIS_URL: z.string().optional().describe('Shared state of several nodes.'),
});

/** Values of settings whose engine does not exist yet: naming one stops the start instead of being ignored. */
export const NOT_BUILT: Partial<Record<keyof typeof settings.shape, readonly string[] | 'any'>> = {
  TTS: ['kokoro'],
  EMBEDDINGS: ['ollama', 'local'],
  EXTRACTION_MODEL: 'any',
  QDRANT_URL: 'any',
  QDRANT_API_KEY: 'any',
  DATABASE_URL: 'any',
  REDIS_URL: 'any',
};

/** An API key and the name under which its conversations are kept. */
export interface ApiKey {
  readonly name: string;
  readonly key: string;
}

export type Config = Readonly<
  Omit<z.output<typeof settings>, 'API_KEYS' | 'DATA_DIR'> & {
    API_KEYS: readonly ApiKey[];
    /** Absolute. */
    DATA_DIR: string;
  }
>;

/**
 * Reads the settings from `env` (the process's own by default). An empty variable counts as unset.
 *
 * @throws VivavoceError `config_invalid` with a line for every setting that is wrong.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(settings.shape).flatMap((name) => (env[name]?.trim() ? [[name, env[name].trim()]] : [])),
  );
  // Without the value: some are secrets, and some hold one.
  const problems = Object.entries(NOT_BUILT).flatMap(([name, values]) => {
    const value = given[name];
    if (value === undefined) return [];
    if (values === 'any') return [`${name} is not available in this version; unset it`];
    return values.includes(value) ? [`${name}=${value} is not available in this version; unset it`] : [];
  });
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path[0] as string}: ${issue.message}`);
    throw invalid([...wrong, ...problems]);
  }
  const value = parsed.data;
  const apiKeys = parseApiKeys(value.API_KEYS, problems);
  for (const origin of value.ALLOWED_ORIGINS) {
    if (URL.parse(origin)?.origin !== origin) {
      problems.push(
        `ALLOWED_ORIGINS: "${origin}" is not an origin such as https://a.example (no path, no /)`,
      );
    }
  }
  if (!isLoopback(value.HOST) && apiKeys.length === 0) {
    problems.push(`HOST=${value.HOST} can be reached from other machines: set API_KEYS=name:key first`);
  }
  if ((value.TLS_CERT === undefined) !== (value.TLS_KEY === undefined)) {
    problems.push('TLS_CERT and TLS_KEY go together: set both or neither');
  }
  if (value.LLM === 'openai' && !value.OPENAI_BASE_URL && !value.OPENAI_API_KEY) {
    problems.push('LLM=openai needs OPENAI_BASE_URL (a server of yours) or OPENAI_API_KEY');
  }
  if (value.TTS === 'openai' && !value.TTS_BASE_URL && !value.OPENAI_BASE_URL && !value.OPENAI_API_KEY) {
    problems.push('TTS=openai needs TTS_BASE_URL (a server of yours) or OPENAI_API_KEY');
  }
  if (value.STT === 'openai' && !value.STT_BASE_URL && !value.OPENAI_BASE_URL && !value.OPENAI_API_KEY) {
    problems.push('STT=openai needs STT_BASE_URL (a server of yours) or OPENAI_API_KEY');
  }
  const { LLM_PRICE_INPUT: input, LLM_PRICE_CACHED_INPUT: cached, LLM_PRICE_OUTPUT: output } = value;
  if ((input === undefined) !== (output === undefined) || (cached !== undefined && input === undefined)) {
    problems.push('LLM_PRICE_INPUT and LLM_PRICE_OUTPUT go together, and LLM_PRICE_CACHED_INPUT with them');
  }
  if (!isTimezone(value.TIMEZONE)) {
    problems.push(`TIMEZONE=${value.TIMEZONE} is not a time zone such as Europe/Berlin`);
  }
  if (problems.length > 0) throw invalid(problems);
  return Object.freeze({ ...value, API_KEYS: apiKeys, DATA_DIR: resolve(value.DATA_DIR) });
}

function parseApiKeys(entries: readonly string[], problems: string[]): ApiKey[] {
  const keys: ApiKey[] = [];
  for (const entry of entries) {
    const [name, key] = [
      entry.slice(0, entry.indexOf(':')).trim(),
      entry.slice(entry.indexOf(':') + 1).trim(),
    ];
    // Those that begin with ek_ are the ones that this server makes for browsers.
    const isKey = key.length >= 8 && !key.startsWith('ek_');
    if (!entry.includes(':') || !/^[\w-]{1,64}$/.test(name) || !isKey) {
      problems.push(
        'API_KEYS: each entry is name:key, the name of letters, digits, - or _, the key of 8 or more characters ' +
          'that do not begin with ek_',
      );
    } else if (keys.some((other) => other.name === name || other.key === key)) {
      problems.push(`API_KEYS: the name or key of ${name} is there twice`);
    } else keys.push({ name, key });
  }
  return keys;
}

export function isLoopback(host: string): boolean {
  return /^(localhost|::1|127(\.\d{1,3}){3})$/i.test(host);
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function invalid(lines: readonly string[]): VivavoceError {
  return new VivavoceError('config_invalid', `The settings are not usable:\n  ${lines.join('\n  ')}`);
}
