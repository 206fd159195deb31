import type { Conversation } from '../conversation/conversation.ts';
import type { Item } from '../conversation/item.ts';
import { VivavoceError } from '../errors.ts';
import type { TurnGraph } from '../graph/graph.ts';
import type { ReplyLimits, TurnInput } from '../graph/state.ts';
import { streamTurn } from '../graph/stream-turn.ts';
import type { ToolChoice, ToolDefinition } from '../llm/chat-model.ts';
import { toHistory } from '../nodes/history.ts';
import type { ResponseParams } from '../protocol/client-events.ts';
import { isFunctionTool, type WireTool, type WireToolChoice } from '../protocol/session-config.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import type { ResponsePlan } from './response.ts';
import { modalities, toFormat, voiceOf } from './session-config.ts';
import { fromClientItem } from './wire-item.ts';

/** The turn that a `response.create` asks for: its own settings before those of the session. */
export function planResponse(
  params: ResponseParams,
  session: WireRealtimeSession,
  conversation: Conversation,
  graph: TurnGraph,
  limits: ReplyLimits,
): ResponsePlan {
  const output = params.audio?.output;
  const [modality = 'audio'] = modalities(params.output_modalities ?? session.output_modalities);
  const maxOutputTokens = params.max_output_tokens ?? session.max_output_tokens;
  const input: TurnInput = {
    instructions: params.instructions ?? session.instructions,
    history: toHistory(params.input ? resolveInput(params.input, conversation) : conversation.items),
    tools: toTools(params.tools ?? session.tools),
    toolChoice: toToolChoice(params.tool_choice ?? session.tool_choice),
    ...tokenLimits(maxOutputTokens, modality, limits),
  };
  return {
    conversation: params.conversation === 'none' ? null : conversation,
    modality,
    format: toFormat(output?.format ?? undefined, session.audio.output.format),
    voice: voiceOf(output?.voice) ?? session.audio.output.voice,
    speed: session.audio.output.speed,
    maxOutputTokens,
    metadata: params.metadata ?? null,
    parts: (signal) => streamTurn(graph, input, signal),
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
