import { join } from 'node:path';
import type { EngineStatus } from './engine-status.ts';
import { type EngineDeps, guard, OPENAI_URL, patient } from './engines.ts';
import { isAbort, messageOf } from './errors.ts';
import type { Guard } from './resilience/guard.ts';
import { guardTranscriber, RECOGNITION_LIMITS } from './resilience/guarded-transcriber.ts';
import type { Hearing } from './session/hearing.ts';
import { type AcousticJudge, CombinedTurnDetector } from './speech/combined-turn-detector.ts';
import { findSmartTurnModel, SmartTurn } from './speech/smart-turn/smart-turn.ts';
import { FallbackTranscriber } from './speech/stt/fallback-transcriber.ts';
import { NoTranscriber } from './speech/stt/no-transcriber.ts';
import { OpenAiTranscriber } from './speech/stt/openai-transcriber.ts';
import { PocketSphinx } from './speech/stt/pocketsphinx.ts';
import type { Transcriber } from './speech/stt/transcriber.ts';
import { WhisperTranscriber } from './speech/stt/whisper.ts';
import type { TurnDetector } from './speech/turn-detector.ts';
import { EnergyVad } from './speech/vad/energy-vad.ts';
import { FallbackVad } from './speech/vad/fallback-vad.ts';
import { SileroVad } from './speech/vad/silero-vad.ts';
import type { Vad } from './speech/vad/vad.ts';

const STT_CONCURRENT = 64;
const STT_WAITING = 2_048;
const NOTHING_INSTALLED =
  'voice input is off: no recogniser is here. Install PocketSphinx (apt-get install pocketsphinx ' +
  'pocketsphinx-en-us), set STT_BASE_URL to a transcription server, or STT=whisper to fetch a model';

/** A recogniser and what it is at the moment. */
interface Ear {
  readonly transcriber: Transcriber;
  /** Null for what is not there to be asked. */
  readonly guard: Guard | null;
  /** What it says of itself, whatever becomes of what it is asked. */
  status(): EngineStatus;
  /** Makes it ready; absent where it is, or will be by itself. Never rejects. */
  warm?(): Promise<void>;
}

export interface StartedHearing {
  readonly hearing: Hearing;
  /** What the ears are and why. */
  statuses(): EngineStatus[];
  /** Makes ready what hears when the first recogniser fails: it takes longer to load than anybody waits. Never rejects. */
  warmStandIn(): Promise<void>;
}

/** The ears that the settings ask for. None that cannot start costs the service more than its hearing. */
export async function createHearing(deps: EngineDeps, onChange: () => void): Promise<StartedHearing> {
  const { config, telemetry } = deps;
  const models = join(config.DATA_DIR, 'models');
  const [vad, turnDetector, ears] = await Promise.all([
    startVad(deps, onChange),
    startTurnDetector(deps, models),
    startEars(deps, models, onChange),
  ]);
  const [first, ...others] = ears;
  const none: EngineStatus = {
    part: 'stt',
    engine: 'none',
    detail: '',
    state: config.STT === 'none' ? 'ready' : 'degraded',
    reason: config.STT === 'none' ? 'voice input is off: STT=none' : NOTHING_INSTALLED,
  };
  let trouble: string | null = null;
  const status = () => {
    const now = ears.map((ear) => ear.status());
    return first && isWell(first.status()) ? heardBy(first, now, trouble) : (bestOf(now) ?? none);
  };
  const transcriber = first
    ? new FallbackTranscriber({
        engines: [first.transcriber, ...others.map((ear) => ear.transcriber)],
        onFallback: (from, to, error) =>
          telemetry.engineFellBack({ part: 'stt', from, to, error: messageOf(error) }),
        onRead: (why) => {
          // One that is still being made ready has said so, and will say when it is.
          if (why === trouble || !isWell(first.status())) return;
          trouble = why;
          telemetry.engineChanged(status());
          onChange();
        },
      })
    : new NoTranscriber(none.reason);
  return {
    hearing: {
      vad: vad.vad,
      transcriber,
      turnDetector,
      language: config.STT_LANGUAGE ?? null,
      speculates: config.SPECULATION === 'on',
      unavailable() {
        const { state, reason, engine } = status();
        return engine === 'none' || state === 'starting' || state === 'failed' ? reason : null;
      },
    },
    statuses: () => [status(), { ...vad.status(), detail: `end of turn: ${turnDetector.engine}` }],
    warmStandIn: async () => {
      for (const ear of others) await ear.warm?.();
    },
  };
}

/** The one that answers, in the order of the chain. */
function bestOf(statuses: readonly EngineStatus[]): EngineStatus | undefined {
  const rank = ({ state }: EngineStatus) => ['ready', 'degraded', 'starting', 'failed'].indexOf(state);
  return statuses.toSorted((one, other) => rank(one) - rank(other))[0];
}

function isWell({ state }: EngineStatus): boolean {
  return state === 'ready' || state === 'degraded';
}

/**
 * What the ears are while the first says that it is well: another one hears for it when it is not asked, or did not make
 * the last text.
 */
function heardBy(
  first: Ear,
  [own = first.status(), ...others]: readonly EngineStatus[],
  trouble: string | null,
): EngineStatus {
  const why = first.guard?.state === 'open' ? first.guard.view().reason : trouble;
  if (why === null) return own;
  const other = bestOf(others);
  return other && isWell(other)
    ? { ...other, state: 'degraded', reason: `${other.engine} hears what ${own.engine} does not: ${why}` }
    : { ...own, state: 'degraded', reason: `${own.engine} does not hear: ${why}` };
}

/** The recognisers that the settings allow, best first, each behind its guard. */
async function startEars(deps: EngineDeps, models: string, onChange: () => void): Promise<Ear[]> {
  const { config } = deps;
  if (config.STT === 'none') return [];
  const ears: (Ear | null)[] = [];
  if (config.STT === 'openai' || (config.STT === 'auto' && config.STT_BASE_URL)) {
    ears.push(openAiEar(deps, onChange));
  }
  if (config.STT === 'whisper' || config.STT === 'auto') {
    ears.push(await whisperEar(deps, models, onChange));
  }
  ears.push(
    await pocketSphinxEar(
      deps,
      ears.some((ear) => ear !== null),
    ),
  );
  return ears.filter((ear) => ear !== null);
}

function openAiEar(deps: EngineDeps, onChange: () => void): Ear {
  const { config, clock, resources } = deps;
  const baseUrl = config.STT_BASE_URL ?? config.OPENAI_BASE_URL ?? OPENAI_URL;
  const apiKey = config.STT_API_KEY ?? config.OPENAI_API_KEY;
  const remote = resources.use(
    new OpenAiTranscriber({
      ...{ baseUrl, clock },
      model: config.STT_MODEL ?? 'whisper-1',
      ...(apiKey !== undefined && { apiKey }),
    }),
  );
  const why = config.STT_BASE_URL ? 'STT_BASE_URL names it' : 'STT=openai';
  const own = guard('stt:openai', STT_CONCURRENT, STT_WAITING, deps, onChange);
  return {
    transcriber: guardTranscriber(remote, own, patient(RECOGNITION_LIMITS, deps)),
    guard: own,
    status: () => ({
      part: 'stt',
      engine: 'openai',
      detail: remote.model,
      state: 'ready',
      reason: `speech is recognised at ${baseUrl} (${why})`,
    }),
  };
}

/** Null with `auto` when its model is not there: nothing is fetched that nobody asked for. */
async function whisperEar(deps: EngineDeps, models: string, onChange: () => void): Promise<Ear | null> {
  const { config, clock, resources, telemetry } = deps;
  const whisper = resources.use(
    new WhisperTranscriber({
      ...{ clock, modelsDir: models, hubUrl: config.MODEL_HUB_URL },
      language: config.STT_LANGUAGE ?? null,
      workers: config.STT_WORKERS,
      ...(config.STT_MODEL !== undefined && { model: config.STT_MODEL }),
      onStatus: (status) => {
        telemetry.engineChanged(status);
        onChange();
      },
    }),
  );
  if (config.STT === 'auto' && !(await whisper.isInstalled())) return null;
  const closing = resources.adopt(new AbortController(), (controller) => controller.abort());
  // It may have to be fetched, which can take minutes: the service listens meanwhile.
  whisper.start(closing.signal).then(
    (timesMs) => telemetry.warmedUp({ engine: 'whisper', timesMs }),
    (error) => {
      if (!isAbort(error)) telemetry.warmUpFailed({ engine: 'whisper', error: messageOf(error) });
    },
  );
  const own = guard('stt:whisper', STT_CONCURRENT, STT_WAITING, deps, onChange);
  return { transcriber: guardTranscriber(whisper, own), guard: own, status: () => whisper.status() };
}

/** Null when it is not installed and nobody asked for it. Behind another engine nobody waits for it to start. */
async function pocketSphinxEar(deps: EngineDeps, isFallback: boolean): Promise<Ear | null> {
  const { config, resources, telemetry } = deps;
  const found = await PocketSphinx.detect();
  const status: EngineStatus = {
    part: 'stt',
    engine: 'pocketsphinx',
    detail: 'en-us',
    state: 'ready',
    reason: 'PocketSphinx understands plain English; set STT_BASE_URL or STT=whisper for better ears',
  };
  if (!found.available) {
    if (config.STT !== 'pocketsphinx') return null;
    return {
      transcriber: new NoTranscriber(found.reason),
      guard: null,
      status: () => ({ ...status, state: 'failed', reason: found.reason }),
    };
  }
  const sphinx = resources.use(new PocketSphinx({ decoders: config.STT_WORKERS }));
  const closing = resources.adopt(new AbortController(), (controller) => controller.abort());
  let failure: string | null = null;
  const warm = async () => {
    try {
      telemetry.warmedUp({ engine: 'pocketsphinx', timesMs: await sphinx.start() });
    } catch (error) {
      if (closing.signal.aborted) return;
      failure = messageOf(error);
      telemetry.warmUpFailed({ engine: 'pocketsphinx', error: failure });
    }
  };
  if (!isFallback) await warm();
  const own = guard('stt:pocketsphinx', STT_CONCURRENT, STT_WAITING, deps);
  return {
    transcriber: guardTranscriber(sphinx, own),
    guard: own,
    status: () => (failure === null ? status : { ...status, state: 'failed', reason: failure }),
    ...(isFallback && { warm }),
  };
}

async function startVad(
  { config, clock, resources, telemetry }: EngineDeps,
  onChange: () => void,
): Promise<{ vad: Vad; status: () => EngineStatus }> {
  const energy = new EnergyVad();
  const byLevel: EngineStatus = {
    part: 'vad',
    engine: 'energy',
    detail: '',
    state: 'ready',
    reason: 'whatever is louder than the room counts as speech (VAD=energy)',
  };
  if (config.VAD === 'energy') return { vad: energy, status: () => byLevel };
  const silero = resources.use(new SileroVad());
  let failure: string | null = null;
  const note = (error: unknown) => {
    failure = error === null ? null : messageOf(error);
    if (failure !== null) {
      telemetry.engineFellBack({ part: 'vad', from: 'silero', to: 'energy', error: failure });
    }
    onChange();
  };
  try {
    telemetry.warmedUp({ engine: 'silero', timesMs: await silero.start() });
  } catch (error) {
    note(error);
  }
  const hasFailed = failure !== null;
  const vad = new FallbackVad({ first: silero, second: energy, onChange: note, hasFailed, clock });
  return {
    vad,
    status: () =>
      failure === null
        ? { ...byLevel, engine: 'silero', reason: 'Silero tells speech from other sounds' }
        : { ...byLevel, state: 'degraded', reason: `Silero failed, so the level decides: ${failure}` },
  };
}

/** From the words, and from the melody too when a smart-turn model is in the folder of models. */
async function startTurnDetector(
  { clock, resources, telemetry }: EngineDeps,
  models: string,
): Promise<TurnDetector> {
  let acoustic: AcousticJudge | null = null;
  try {
    const modelPath = await findSmartTurnModel(models);
    if (modelPath !== null) acoustic = resources.use(await SmartTurn.open({ modelPath, clock }));
  } catch (error) {
    telemetry.warmUpFailed({ engine: 'smart-turn', error: messageOf(error) });
  }
  return new CombinedTurnDetector({
    clock,
    acoustic,
    onFailure: (error) =>
      telemetry.engineFellBack({ part: 'turn', from: 'smart-turn', to: 'text', error: messageOf(error) }),
  });
}
