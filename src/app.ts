import { join } from 'node:path';
import { createAdmitting } from './admitting.ts';
import { readAgent } from './agent-file.ts';
import { type Clock, type IdSource, randomIds, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { Conversations } from './conversation/conversations.ts';
import { SqliteStore } from './conversation/sqlite-store.ts';
import type { EngineStatus } from './engine-status.ts';
import { createChatModel, type EngineDeps } from './engines.ts';
import { createTurnGraph } from './graph/graph.ts';
import { warmUpGraph } from './graph/warm-up.ts';
import { createHearing } from './hearing-engines.ts';
import { TurnsFirst } from './llm/turns-first.ts';
import { worthOf } from './memory/extraction/message-worth.ts';
import { wordsOf } from './memory/recall/recently-said.ts';
import { createRemembering } from './remembering.ts';
import { Guards } from './resilience/guards.ts';
import { addressReader } from './server/address.ts';
import { Auth } from './server/auth.ts';
import { createExpressApp } from './server/http.ts';
import { listen } from './server/listen.ts';
import { RealtimeServer } from './server/realtime.ts';
import { chatCompletionRoutes } from './server/routes/chat-completions.ts';
import { clientSecretRoutes } from './server/routes/client-secrets.ts';
import { conversationRoutes } from './server/routes/conversations.ts';
import { guardRoutes } from './server/routes/guards.ts';
import { healthRoutes } from './server/routes/health.ts';
import { memoryRoutes } from './server/routes/memories.ts';
import { metricsRoutes } from './server/routes/metrics.ts';
import { modelRoutes } from './server/routes/models.ts';
import { speechRoutes } from './server/routes/speech.ts';
import { transcriptionRoutes } from './server/routes/transcriptions.ts';
import { Pronunciations } from './speech/pronunciations.ts';
import { CachedVoice } from './speech/tts/cached-voice.ts';
import { lockDataDir } from './sqlite/data-dir-lock.ts';
import { Telemetry } from './telemetry/events.ts';
import { createLogger } from './telemetry/logger.ts';
import { createVoice, defaultVoice } from './voice-engines.ts';

interface Outside {
  readonly clock?: Clock;
  readonly ids?: IdSource;
  /** Breakers run on real time; unset: 10 s. */
  readonly breakerResetMs?: number;
  /** What the deadlines of the engines are multiplied by: tests of faults are in a hurry. */
  readonly patience?: number;
}

/** The running service. The one place where its parts meet. */
export class App implements AsyncDisposable {
  readonly url: string;
  readonly #resources: AsyncDisposableStack;
  readonly #engines: () => readonly EngineStatus[];

  private constructor(url: string, resources: AsyncDisposableStack, engines: () => readonly EngineStatus[]) {
    this.url = url;
    this.#resources = resources;
    this.#engines = engines;
  }

  /** What each engine is and why. */
  get engines(): readonly EngineStatus[] {
    return this.#engines();
  }

  /**
   * Starts everything that does not depend on each other at once, and listens when it can take a turn.
   *
   * @throws VivavoceError `config_invalid`, `data_dir_locked` or `store_failed`, with what to do.
   */
  static async start(config: Config, outside: Outside = {}): Promise<App> {
    const { clock = systemClock, ids = randomIds, breakerResetMs, patience } = outside;
    await using resources = new AsyncDisposableStack();
    const telemetry = new Telemetry(createLogger(config.LOG_LEVEL));
    const agent = await readAgent(config.AGENT_FILE);
    resources.use(lockDataDir(config.DATA_DIR));

    const guards = new Guards();
    const deps: EngineDeps = {
      ...{ config, agent, clock, telemetry, resources, guards, breakerResetMs, patience },
    };
    let announce: () => void = () => undefined;
    let learningModelChanged: () => void = () => undefined;
    const changed = (status: EngineStatus) => {
      telemetry.engineChanged(status);
      announce();
    };
    const model = createChatModel(deps, (status) => {
      changed(status);
      learningModelChanged();
    });
    const path = join(config.DATA_DIR, 'conversations.db');
    const starting = [
      SqliteStore.open({ path, clock }).then((opened) => resources.use(opened)),
      createVoice(deps, changed),
      createHearing(deps, () => announce()),
      // The probe first: the warm-up keeps the event loop busy, and a probe has a deadline.
      model.start().then(async () => {
        if (config.WARM_UP === 'off') return;
        telemetry.warmedUp({ engine: 'graph', timesMs: await warmUpGraph(clock, config.TIMEZONE) });
      }),
    ] as const;
    // All of them also when one fails: what the others have started by then is released with the rest.
    await Promise.allSettled(starting);
    const [store, { voice, status: voiceStatus, warmStandIn }, ears] = await Promise.all(starting);
    if (store.closedItems > 0) telemetry.itemsClosed({ count: store.closedItems });
    for (const status of [voiceStatus(), ...ears.statuses()]) telemetry.engineChanged(status);

    const storeStatus: EngineStatus = {
      part: 'store',
      engine: 'sqlite',
      detail: 'embedded',
      state: 'ready',
      reason: 'everything that is said is kept on this machine',
    };
    const admitting = createAdmitting(deps, () => announce());
    const { admission } = admitting;
    const turnsFirst = resources.use(new TurnsFirst({ clock }));
    const remembering = createRemembering({
      ...{ deps, store, model, turnsFirst, ids },
      conversations: () => conversations,
      forgetElsewhere: (owner) => {
        if (voice instanceof CachedVoice) voice.clear();
        realtime.endForgotten(owner);
      },
      onChange: changed,
    });
    const { keeper, memory, learning, erasing, summaries, replies, statistics } = remembering;
    learningModelChanged = () => void learning.modelChanged();
    const engines = () => [
      model.status(),
      voiceStatus(),
      ...ears.statuses(),
      storeStatus,
      ...remembering.statuses(),
      ...admitting.statuses(),
    ];
    const conversations = new Conversations({
      ...{ store, clock, ids },
      onSaid: (owner, conversationId, item) => {
        learning.said(owner, conversationId, item);
        replies?.said(owner, wordsOf(item));
      },
      onDeleted: (owner) => {
        learning.deleted(owner);
        replies?.changed(owner);
      },
      onReleased: (owner, conversationId) => learning.released(owner, conversationId),
    });
    const graph = createTurnGraph({
      ...{ memory, summaries, replies, worthOf, clock },
      model: turnsFirst.forTurns(model),
      learner: learning,
      timezone: config.TIMEZONE,
    });
    const auth = new Auth(config.API_KEYS, clock);
    const origins = { allowedOrigins: config.ALLOWED_ORIGINS, isOpen: auth.isOpen };
    const voiceName = defaultVoice(deps, voice);
    const pronunciations = new Pronunciations(agent.pronunciations);
    const realtime = new RealtimeServer({
      ...{ clock, ids, telemetry, graph, agent, voice, auth, origins, conversations },
      defaultVoice: voiceName,
      pronunciations,
      prices: pricesOf(config),
      limits: { softTokens: config.VOICE_REPLY_TOKENS, hardTokens: config.VOICE_REPLY_MAX_TOKENS },
      admission,
      addressOf: addressReader(config.TRUSTED_PROXIES),
      finishMs: config.SHUTDOWN_SECONDS * 1000,
      hearing: ears.hearing,
      anticipate: (owner, text) => memory.prefetch(owner, text),
      idle: {
        nudgeMs: milliseconds(config.IDLE_NUDGE_SECONDS),
        endMs: milliseconds(config.IDLE_END_SECONDS),
      },
    });
    announce = () => realtime.enginesChanged(engines());

    const app = createExpressApp({
      ...{ auth, origins, ids },
      log: telemetry.log,
      operating: [healthRoutes({ auth, engines }), metricsRoutes({ auth, metrics: telemetry.metrics })],
      uploads: [
        transcriptionRoutes({
          admission,
          transcriber: ears.hearing.transcriber,
          noTranscriberReason: () => ears.hearing.unavailable(),
        }),
      ],
      api: [
        conversationRoutes({ store, conversations, clock, ids }),
        memoryRoutes({ keeper, erasing, statistics }),
        chatCompletionRoutes({ admission, graph, agent, conversations, clock, ids }),
        speechRoutes({ admission, voice, defaultVoice: voiceName, pronunciations }),
        guardRoutes({ guards }),
        modelRoutes({ startedAtMs: clock.nowMs() }),
        clientSecretRoutes({
          auth,
          defaults: () => ({
            id: ids.next('sess'),
            model: 'vivavoce',
            instructions: agent.instructions,
            voice: voiceName,
          }),
        }),
      ],
    });
    await remembering.start();
    const { server, url } = await listen(app, realtime, {
      host: config.HOST,
      port: config.PORT,
      tlsCert: config.TLS_CERT,
      tlsKey: config.TLS_KEY,
      // Those over REST are as many again.
      maxSockets: 2 * config.MAX_CONNECTIONS + 100,
    });
    admitting.start();
    // Nobody needs them before something else fails.
    if (config.WARM_UP !== 'off') void warmStandIn().then(() => ears.warmStandIn());
    resources.defer(async () => {
      admission.close('The server is shutting down.');
      const isLate = Promise.withResolvers<void>();
      using _deadline = clock.after(config.SHUTDOWN_SECONDS * 1000, isLate.resolve);
      // Until everybody has been heard it listens, to tell others that it is not ready.
      await realtime[Symbol.asyncDispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([closed, isLate.promise]);
      server.closeAllConnections();
      await closed;
    });
    return new App(url, resources.move(), engines);
  }

  /** Says goodbye to everybody, then releases everything, last started first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function milliseconds(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1000;
}

function pricesOf(config: Config) {
  const { LLM_PRICE_INPUT: input, LLM_PRICE_CACHED_INPUT: cachedInput, LLM_PRICE_OUTPUT: output } = config;
  if (input === undefined || output === undefined) return null;
  return {
    input,
    output,
    currency: config.LLM_PRICE_CURRENCY,
    ...(cachedInput !== undefined && { cachedInput }),
  };
}
