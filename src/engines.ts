import type { Agent } from './agent-file.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { EngineStatus } from './engine-status.ts';
import { messageOf, VivavoceError } from './errors.ts';
import { AutoChatModel } from './llm/auto-chat-model.ts';
import type { Candidate } from './llm/candidate-watch.ts';
import type { ChatRequest } from './llm/chat-model.ts';
import { OfflineChatModel } from './llm/offline.ts';
import { OllamaChatModel } from './llm/ollama.ts';
import { OpenAiChatModel } from './llm/openai.ts';
import { Guard } from './resilience/guard.ts';
import type { StreamClocks } from './resilience/guard-stream.ts';
import { guardChatModel } from './resilience/guarded-chat-model.ts';
import type { Guards } from './resilience/guards.ts';
import type { Telemetry } from './telemetry/events.ts';

/**
 * A model may have to be loaded from a disk, but not one that has answered lately. Silence in the middle of an answer is a
 * fault, and nobody stays on the line for much of it; reasoning is no silence.
 */
const LLM_CLOCKS = {
  firstMs: 60_000,
  warmFirstMs: 10_000,
  stallMs: 8_000,
  totalMs: 300_000,
} satisfies StreamClocks;
const LLM_CONCURRENT = 512;
export const OPENAI_URL = 'https://api.openai.com/v1';

export interface EngineDeps {
  readonly config: Config;
  readonly agent: Agent;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** How long a breaker leaves an engine alone, in real time; unset: 10 s. */
  readonly breakerResetMs?: number | undefined;
  /** What the deadlines of all engines are multiplied by; unset: 1. */
  readonly patience?: number | undefined;
  /** Every guard is in it: what an operator sees and can open. */
  readonly guards: Guards;
  /** Everything that was started is released with it, last first. */
  readonly resources: AsyncDisposableStack;
}

/**
 * A breaker and a bulkhead of its own for one engine, and a share of the retries of all.
 *
 * @param onChange called when its state has changed
 */
export function guard(
  name: string,
  maxConcurrent: number,
  maxWaiting: number,
  deps: EngineDeps,
  onChange: () => void = () => undefined,
): Guard {
  const { clock, telemetry, resources, guards, breakerResetMs: resetMs } = deps;
  const made = resources.use(
    new Guard({
      ...{ name, clock, maxConcurrent, maxWaiting, retries: guards.retries },
      ...(resetMs !== undefined && { resetMs }),
      onTransition: ({ from, to, reason }) => {
        telemetry.breakerChanged({ guard: name, from, to, reason });
        onChange();
      },
    }),
  );
  guards.add(made);
  return made;
}

/** The deadlines of an engine, as patient as this service is. */
export function patient<Clocks extends { readonly [Name in keyof Clocks]: number }>(
  clocks: Clocks,
  { patience = 1 }: EngineDeps,
): Clocks {
  const scaled = Object.entries<number>(clocks).map(([name, ms]) => [name, ms * patience]);
  return Object.fromEntries(scaled) as Clocks;
}

/** The language models that the settings allow, best first, each behind its guard. */
export function createChatModel(deps: EngineDeps, onChange: (status: EngineStatus) => void): AutoChatModel {
  const { config, agent, clock } = deps;
  const prefix: ChatRequest = { messages: [{ role: 'system', text: agent.instructions }] };
  const models = { ollama: config.OLLAMA_MODEL ?? null, openai: config.OPENAI_MODEL ?? null };
  const candidates = chatCandidates(deps, 'llm', models, prefix);
  if (config.LLM === 'auto' || config.LLM === 'offline') {
    const offline = new OfflineChatModel({
      clock,
      timezone: config.TIMEZONE,
      // Only `auto` would ever use it.
      ollamaUrl: config.LLM === 'auto' ? config.OLLAMA_BASE_URL : null,
    });
    candidates.push({ name: 'offline', model: offline, probe: () => offline.probe() });
  }
  return autoChatModel(deps, 'llm', candidates, onChange);
}

/** The model that learns from conversations, where it is another one than that of the turns; null when it is the same. */
export function createExtractionModel(deps: EngineDeps): AutoChatModel | null {
  const model = deps.config.EXTRACTION_MODEL;
  if (model === undefined) return null;
  const candidates = chatCandidates(deps, 'extraction', { ollama: model, openai: model }, null);
  return candidates.length === 0 ? null : autoChatModel(deps, 'extraction', candidates, () => undefined);
}

function autoChatModel(
  { clock, telemetry, resources }: EngineDeps,
  part: string,
  candidates: readonly Candidate[],
  onChange: (status: EngineStatus) => void,
): AutoChatModel {
  return resources.use(
    new AutoChatModel({
      candidates,
      clock,
      onChange,
      onFallback: (from, to, error) => telemetry.engineFellBack({ part, from, to, error: messageOf(error) }),
    }),
  );
}

/** @param prefix what a model that has just appeared computes before anybody waits for it; null: nothing */
function chatCandidates(
  deps: EngineDeps,
  part: string,
  models: { readonly ollama: string | null; readonly openai: string | null },
  prefix: ChatRequest | null,
): Candidate[] {
  const { config, clock, telemetry, resources } = deps;
  const own = (name: string) => guard(`${part}:${name}`, LLM_CONCURRENT, LLM_CONCURRENT, deps);
  const guarded = (name: string) => ({ turns: own(name), background: own(`${name}:background`) });
  const contextTokens = config.LLM_CONTEXT_TOKENS;
  // With `auto` another one answers instead, which is quicker and surer than to ask the same one again.
  const limits = { ...patient(LLM_CLOCKS, deps), retry: config.LLM !== 'auto' };
  const candidates: Candidate[] = [];
  if (config.LLM === 'auto' || config.LLM === 'ollama') {
    const ollama = resources.use(
      new OllamaChatModel({
        baseUrl: config.OLLAMA_BASE_URL,
        model: models.ollama,
        pullMissing: true,
        contextTokens,
        clock,
      }),
    );
    let warmed = '';
    const guards = guarded('ollama');
    candidates.push({
      name: 'ollama',
      ...guardChatModel(ollama, guards, limits),
      async probe(signal) {
        throwIfOpen(guards.turns);
        const status = await ollama.probe(signal);
        // A model that has just appeared loads and computes the persona before anybody waits for it.
        if (prefix && status.state === 'ready' && warmed !== status.detail) {
          warmed = status.detail;
          warmUp(ollama, prefix, telemetry);
        }
        return status;
      },
    });
  }
  if (
    config.LLM === 'openai' ||
    (config.LLM === 'auto' && (config.OPENAI_BASE_URL || config.OPENAI_API_KEY))
  ) {
    const openai = resources.use(
      new OpenAiChatModel({
        baseUrl: config.OPENAI_BASE_URL ?? OPENAI_URL,
        apiKey: config.OPENAI_API_KEY ?? null,
        model: models.openai,
        contextTokens,
      }),
    );
    const guards = guarded('openai');
    candidates.push({
      name: 'openai',
      ...guardChatModel(openai, guards, limits),
      async probe(signal) {
        throwIfOpen(guards.turns);
        return await openai.probe(signal);
      },
      intervalMs: 15_000,
    });
  }
  return candidates;
}

/** An engine can list its models and answer no turn: one whose breaker is open is not well, whatever it says. */
function throwIfOpen(turns: Guard): void {
  const { state, name, reason } = turns.view();
  if (state === 'open') throw new VivavoceError('breaker_open', `${name} is left alone: ${reason}`);
}

function warmUp(ollama: OllamaChatModel, prefix: ChatRequest, telemetry: Telemetry): void {
  const startedMs = performance.now();
  ollama.warm(prefix, AbortSignal.timeout(LLM_CLOCKS.totalMs)).then(
    () => telemetry.warmedUp({ engine: 'ollama', timesMs: [performance.now() - startedMs] }),
    (error) => telemetry.warmUpFailed({ engine: 'ollama', error: messageOf(error) }),
  );
}
