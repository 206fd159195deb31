import { readFile } from 'node:fs/promises';
import type { EngineStatus } from './engine-status.ts';
import { type EngineDeps, guard, OPENAI_URL, patient } from './engines.ts';
import { messageOf, VivavoceError } from './errors.ts';
import type { StreamClocks } from './resilience/guard-stream.ts';
import { guardVoice } from './resilience/guarded-voice.ts';
import { CachedVoice } from './speech/tts/cached-voice.ts';
import { FallbackVoice } from './speech/tts/fallback-voice.ts';
import { FliteVoice } from './speech/tts/flite-voice.ts';
import { NoVoice } from './speech/tts/no-voice.ts';
import { OpenAiVoice } from './speech/tts/openai-voice.ts';
import type { Voice } from './speech/tts/voice.ts';

/** Of Flite: what takes long there is the queue of a busy machine, and no sign that it hangs. */
const TTS_CLOCKS = { firstMs: 5_000, stallMs: 3_000, totalMs: 60_000 } satisfies StreamClocks;
const REMOTE_CLOCKS = { ...TTS_CLOCKS, warmFirstMs: 1_500, stallMs: 2_000 } satisfies StreamClocks;
const TTS_CONCURRENT = 64;
const TTS_WAITING = 2_048;

export interface StartedVoice {
  readonly voice: Voice;
  /** What it is at the moment, and why. */
  status(): EngineStatus;
  /** Makes ready what speaks when the voice fails, so that its first sentence does not wait for that. Never rejects. */
  warmStandIn(): Promise<void>;
}

/** The voice that the settings ask for. One that cannot start costs the service its sound, not its life. */
export async function createVoice(
  deps: EngineDeps,
  onChange: (status: EngineStatus) => void,
): Promise<StartedVoice> {
  const { config, clock, resources, telemetry } = deps;
  const started = await startVoice(deps, onChange);
  if (config.VOICE_CACHE_MB === 0 || started.voice instanceof NoVoice) return started;
  const cache = new CachedVoice(started.voice, {
    maxBytes: config.VOICE_CACHE_MB * 1024 * 1024,
    ttlMs: config.VOICE_CACHE_TTL_SECONDS * 1000,
    clock,
  });
  if (config.VOICE_PHRASES_FILE) {
    const phrases = await readPhrases(config.VOICE_PHRASES_FILE);
    const closing = resources.adopt(new AbortController(), (controller) => controller.abort());
    const requests = phrases.map((text) => ({ text, voice: defaultVoice(deps, cache), speed: 1 }));
    cache.warm(requests, closing.signal).catch((error) => {
      if (!closing.signal.aborted) telemetry.warmUpFailed({ engine: 'voice cache', error: messageOf(error) });
    });
  }
  return { ...started, voice: cache };
}

/** The voice that is used when nobody asks for another one that there is. */
export function defaultVoice({ config, agent }: Pick<EngineDeps, 'config' | 'agent'>, voice: Voice): string {
  const wanted = [agent.voice, config.TTS_VOICE].find((name) => name && voice.voices.includes(name));
  return wanted ?? voice.voices[0] ?? 'none';
}

async function startVoice(deps: EngineDeps, onChange: (status: EngineStatus) => void): Promise<StartedVoice> {
  const { config, telemetry } = deps;
  const url =
    config.TTS_BASE_URL ?? (config.TTS === 'openai' ? (config.OPENAI_BASE_URL ?? OPENAI_URL) : null);
  if (config.TTS === 'flite' || url === null) return await startFlite(deps);

  const apiKey = config.TTS_API_KEY ?? config.OPENAI_API_KEY;
  const remote = deps.resources.use(
    new OpenAiVoice({
      baseUrl: url,
      model: config.TTS_MODEL,
      voice: config.TTS_VOICE ?? 'alloy',
      ...(apiKey !== undefined && { apiKey }),
    }),
  );
  const changed = () => onChange(status());
  const behind = guard('tts:openai', TTS_CONCURRENT, TTS_WAITING, deps, changed);
  const flite = createFlite(deps);
  const closing = deps.resources.adopt(new AbortController(), (controller) => controller.abort());
  const voice = new FallbackVoice({
    first: guardVoice(remote, behind, patient(REMOTE_CLOCKS, deps)),
    second: guardFlite(flite, deps),
    onFallback: (error) =>
      telemetry.engineFellBack({ part: 'tts', from: 'openai', to: 'flite', error: messageOf(error) }),
    onChange: changed,
  });
  const why = config.TTS_BASE_URL ? 'TTS_BASE_URL names it' : 'TTS=openai';
  const status = (): EngineStatus => {
    const common = { part: 'tts', engine: 'openai', detail: remote.voices[0] ?? '' };
    const trouble = behind.state === 'open' ? behind.view().reason : voice.trouble;
    if (trouble === null) {
      const reason = `speech is made at ${url} (${why}); when that fails, by Flite`;
      return { ...common, state: 'ready', reason };
    }
    return { ...common, state: 'degraded', reason: `Flite speaks what ${url} does not: ${trouble}` };
  };
  const warmStandIn = async () => {
    try {
      // One thread: the others cost memory for what may never be said.
      telemetry.warmedUp({ engine: 'flite', timesMs: await flite.start(1) });
    } catch (error) {
      if (!closing.signal.aborted) telemetry.warmUpFailed({ engine: 'flite', error: messageOf(error) });
    }
  };
  return { voice, status, warmStandIn };
}

const hasNoStandIn = async () => undefined;

function createFlite({ config, resources }: EngineDeps): FliteVoice {
  return resources.use(new FliteVoice({ workers: config.TTS_WORKERS }));
}

function guardFlite(flite: FliteVoice, deps: EngineDeps): Voice {
  return guardVoice(flite, guard('tts:flite', TTS_CONCURRENT, TTS_WAITING, deps), TTS_CLOCKS);
}

async function startFlite(deps: EngineDeps): Promise<StartedVoice> {
  const { config, agent, telemetry } = deps;
  const flite = createFlite(deps);
  try {
    const timesMs = await flite.start();
    telemetry.warmedUp({ engine: 'flite', timesMs });
    const voice = guardFlite(flite, deps);
    const chosen = defaultVoice({ config, agent }, voice);
    const reason = 'Flite speaks English on any machine; set TTS_BASE_URL for a better voice';
    const status: EngineStatus = { part: 'tts', engine: 'flite', detail: chosen, state: 'ready', reason };
    return { voice, status: () => status, warmStandIn: hasNoStandIn };
  } catch (error) {
    const reason = `answers are shown and not spoken: Flite did not start: ${messageOf(error)}`;
    telemetry.warmUpFailed({ engine: 'flite', error: messageOf(error) });
    const status: EngineStatus = { part: 'tts', engine: 'none', detail: '', state: 'failed', reason };
    return { voice: new NoVoice(reason), status: () => status, warmStandIn: hasNoStandIn };
  }
}

async function readPhrases(path: string): Promise<string[]> {
  try {
    const text = await readFile(path, 'utf8');
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  } catch (cause) {
    throw new VivavoceError('config_invalid', `VOICE_PHRASES_FILE cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}
