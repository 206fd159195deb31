import type { Conversation } from '../conversation/conversation.ts';
import { type Item, textOf } from '../conversation/item.ts';
import { VivavoceError } from '../errors.ts';
import type { TurnGraph } from '../graph/graph.ts';
import type { ReplyLimits, TurnInput, TurnPart } from '../graph/state.ts';
import { streamTurn } from '../graph/stream-turn.ts';
import type { ToolChoice, ToolDefinition } from '../llm/chat-model.ts';
import { toHistory } from '../nodes/history.ts';
import type { ResponseParams } from '../protocol/client-events.ts';
import { isFunctionTool, type WireTool, type WireToolChoice } from '../protocol/session-config.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import type { OutputFormat } from '../speech/audio/output-format.ts';
import { modalities, toFormat, voiceOf } from './session-config.ts';
import { fromClientItem } from './wire-item.ts';

/** Said when there is nothing to answer but speech that no recogniser could make words of. */
export const NOT_UNDERSTOOD = "Sorry, I didn't catch that. Could you say it again?";

/** What is going to be answered, and how. */
export interface ResponsePlan {
  /** Null for a response outside of the conversation: it is streamed and forgotten. */
  readonly conversation: Conversation | null;
  readonly modality: 'text' | 'audio';
  readonly format: OutputFormat;
  readonly voice: string;
  readonly speed: number;
  readonly maxOutputTokens: number | 'inf';
  readonly metadata: Record<string, string> | null;
  /** When what is answered began to wait, monotonic: the end of speech. Absent: now. */
  readonly startedMs?: number;
  /** When the words that are answered were known, monotonic; for what was spoken. */
  readonly transcribedMs?: number;
  /** When the model began to answer, monotonic; for an answer that was begun before the turn was over. */
  readonly firstTokenMs?: number;
  /** The turn: of the graph, or of a text that is known already. */
  readonly parts: (signal: AbortSignal) => AsyncIterable<TurnPart>;
}

interface Basis {
  readonly session: WireRealtimeSession;
  readonly conversation: Conversation;
  readonly graph: TurnGraph;
  readonly limits: ReplyLimits;
  /** What has probably been said and is no item yet. */
  readonly tentative?: Item;
  /** An instruction of ours for this turn. */
  readonly note?: string;
  /** Words that are still being recognised: the model is asked when this resolves. */
  readonly words?: Promise<unknown> | null;
  /** Resolves when it is certain that this is answered; absent: it is. */
  readonly confirmed?: Promise<void>;
}

/**
 * The turn that a `response.create` asks for: its own settings before those of the session. Speech that nobody understood
 * is asked for again, without the model.
 *
 * @throws VivavoceError `not_found` when its input refers to an item that is not there.
 */
export function planResponse(params: ResponseParams, basis: Basis): ResponsePlan {
  const { session, conversation, graph, limits, tentative, note, words } = basis;
  const isOutside = params.conversation === 'none';
  const output = params.audio?.output;
  const [modality = 'audio'] = modalities(params.output_modalities ?? session.output_modalities);
  const maxOutputTokens = params.max_output_tokens ?? session.max_output_tokens;
  const given = params.input ? resolveInput(params.input, conversation) : null;
  const input = (): TurnInput => ({
    instructions: params.instructions ?? session.instructions,
    history: [
      ...toHistory(given ?? [...sinceSummary(conversation), ...(tentative ? [tentative] : [])]),
      ...(note ? [{ role: 'system' as const, text: note }] : []),
    ],
    // What is given in place of the conversation has no beginning that was shortened.
    ...(!given && conversation.summary && { summary: conversation.summary.text }),
    turn: {
      owner: conversation.owner,
      conversationId: isOutside ? null : conversation.id,
      confirmed: basis.confirmed ?? Promise.resolve(),
    },
    tools: toTools(params.tools ?? session.tools),
    toolChoice: toToolChoice(params.tool_choice ?? session.tool_choice),
    ...tokenLimits(maxOutputTokens, modality, limits),
    // Nobody has asked for a nudge, and nobody misses it.
    apologises: modality === 'audio' && note === undefined,
  });
  const isAboutAll = !isOutside && !given && !tentative && note === undefined;
  const turn = () => {
    if (isAboutAll && isAllUnheard(conversation)) return saying(NOT_UNDERSTOOD);
    const asked = input();
    return (signal: AbortSignal) => streamTurn(graph, asked, signal);
  };
  // Of now, unless words are missing that are a part of it.
  const ready = words ? null : turn();
  const afterWords = async function* (signal: AbortSignal) {
    await words;
    yield* turn()(signal);
  };
  return {
    conversation: isOutside ? null : conversation,
    modality,
    format: toFormat(output?.format ?? undefined, session.audio.output.format),
    voice: voiceOf(output?.voice) ?? session.audio.output.voice,
    speed: session.audio.output.speed,
    maxOutputTokens,
    metadata: params.metadata ?? null,
    parts: ready ?? afterWords,
  };
}

/** Whether nothing stands behind the last answer but speech whose words nobody knows. */
function isAllUnheard({ items }: Conversation): boolean {
  const last = items.findLastIndex((item) => item.type !== 'message' || textOf(item).trim() !== '');
  const before = items[last];
  if (before && (before.type !== 'message' || before.role === 'user')) return false;
  return items.slice(last + 1).some(isUnheard);
}

function isUnheard(item: Item): boolean {
  if (item.type !== 'message' || item.role !== 'user') return false;
  return item.content.some((part) => part.type === 'input_audio' && part.transcript === null);
}

/** The items that the summary does not cover. */
function sinceSummary({ items, summary }: Conversation): readonly Item[] {
  const through = summary && items.findIndex(({ id }) => id === summary.throughItemId);
  return through === null || through === -1 ? items : items.slice(through + 1);
}

/** A turn that says a text that is known already. */
export function planSaying(
  text: string,
  session: WireRealtimeSession,
  conversation: Conversation,
): ResponsePlan {
  const { format, voice, speed } = session.audio.output;
  return {
    ...{ conversation, format, voice, speed },
    modality: session.output_modalities[0] ?? 'audio',
    maxOutputTokens: 'inf',
    metadata: null,
    parts: saying(text),
  };
}

function saying(text: string): ResponsePlan['parts'] {
  return async function* () {
    yield { type: 'text', text };
  };
}

/** A client's own bound is exact; without one a spoken reply is kept short and a written one is as long as it is. */
function tokenLimits(max: number | 'inf', modality: 'text' | 'audio', limits: ReplyLimits) {
  if (max !== 'inf') return { maxTokens: max };
  return modality === 'audio' ? { limits } : {};
}

function resolveInput(input: NonNullable<ResponseParams['input']>, conversation: Conversation): Item[] {
  return input.map((entry, index) => {
    if (entry.type !== 'item_reference') {
      const made = `input_${index}`;
      return fromClientItem(entry, { id: made, callId: made, createdAtMs: 0 });
    }
    const item = conversation.items.find(({ id }) => id === entry.id);
    if (item) return item;
    throw new VivavoceError('not_found', `There is no item ${entry.id} in this conversation.`, {
      param: `response.input[${index}].id`,
    });
  });
}

function toTools(tools: readonly WireTool[]): ToolDefinition[] {
  return tools.filter(isFunctionTool).map(({ name, description, parameters }) => ({
    name,
    parameters: parameters ?? { type: 'object', properties: {} },
    ...(description && { description }),
  }));
}

function toToolChoice(choice: WireToolChoice): ToolChoice {
  if (typeof choice === 'string') return choice;
  return 'name' in choice && typeof choice.name === 'string' ? { name: choice.name } : 'auto';
}
