import { availableParallelism } from 'node:os';
import { z } from 'zod';

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
    .describe(
      '`name:key,…`: who may connect. Instead of the key its hash will do, `name:sha256:HEX`. Unset: everybody on this ' +
        'machine, as `local`.',
    ),
  API_KEY_SCOPES: list
    .prefault('')
    .describe(
      '`name:scope+scope,…`: what a key may do, of `talk`, `history`, `memory`, `operate`. A key that is not named may ' +
        'do everything.',
    ),
  TRUSTED_PROXIES: list
    .prefault('')
    .describe(
      "Addresses and ranges (`10.0.0.0/8,…`) of the proxies whose `X-Forwarded-For` is believed. Unset: nobody's.",
    ),
  ALLOWED_ORIGINS: list
    .prefault('')
    .describe('Web origins besides our own page that may connect, `https://a.example,…`.'),
  TLS_CERT: z
    .string()
    .optional()
    .describe('PEM file of the certificate; with `TLS_KEY` the server speaks TLS.'),
  TLS_KEY: z.string().optional().describe('PEM file of the private key.'),
  MAX_CONNECTIONS: count.default(1000).describe('Connections at once; more are refused until one ends.'),
  MAX_CONNECTIONS_PER_KEY: count
    .optional()
    .describe('The same for one key. Default: half of `MAX_CONNECTIONS` when there are several keys.'),
  MAX_CONNECTIONS_PER_ADDRESS: count
    .default(100)
    .describe('The same for one address, or one IPv6 network of 64 bits; this machine is not counted.'),
  MAX_TURNS: count
    .default(200)
    .describe('Answers that are made at once, with those over REST; more are refused until one ends.'),
  MAX_TURNS_PER_KEY: count
    .optional()
    .describe('The same for one key. Default: half of `MAX_TURNS` when there are several keys.'),
  SHUTDOWN_SECONDS: amount
    .default(10)
    .describe(
      'How long those who are being answered may be when the server is told to stop: to the end of the sentence.',
    ),
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

  WARM_UP: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'Whether turns that nobody hears are run before it listens, so that the first person does not wait for the ' +
        'compiler; and whether what stands in for a voice or a recogniser that fails is loaded once it listens. `off` ' +
        'starts a second earlier: for tests, and while working on it.',
    ),

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
    .enum(['auto', 'ollama', 'openai', 'local', 'none'])
    .default('auto')
    .describe(
      'What compares meanings in the memory; without it words are compared. `auto`: a server when ' +
        '`EMBEDDINGS_BASE_URL` is set, an embedding model of Ollama, a local model that is there already, in this order.',
    ),
  EMBEDDINGS_MODEL: z
    .string()
    .optional()
    .describe(
      'Model of Ollama (default: the first that can embed) or the server (`text-embedding-3-small`), or of the hub or ' +
        'a folder for `EMBEDDINGS=local` (`Xenova/multilingual-e5-small`; fetched once into `DATA_DIR/models`).',
    ),
  EMBEDDINGS_BASE_URL: url
    .optional()
    .describe('OpenAI-compatible embedding server. Default with `EMBEDDINGS=openai`: `OPENAI_BASE_URL`.'),
  EMBEDDINGS_API_KEY: z.string().optional().describe('Default: `OPENAI_API_KEY`.'),
  EXTRACTION_MODEL: z
    .string()
    .optional()
    .describe(
      'Model that learns from conversations, of the same server. Default: the one that answers. It works only while ' +
        'nobody is being answered.',
    ),
  QDRANT_URL: url.optional().describe('Qdrant server that keeps the memory. Unset: a file in `DATA_DIR`.'),
  QDRANT_API_KEY: z.string().optional().describe('Its key.'),
  REPLY_CACHE_SECONDS: count
    .optional()
    .describe(
      'A question that somebody asks again in the same words is answered the same for so long, unless something was ' +
        'learned about them since or it is about time. Unset: every question is answered anew.',
    ),
  DATABASE_URL: z.string().optional().describe('Conversations in PostgreSQL.'),
  REDIS_URL: z.string().optional().describe('Shared state of several nodes.'),
});
