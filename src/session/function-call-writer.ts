import type { Conversation } from '../conversation/conversation.ts';
import type { FunctionCallItem } from '../conversation/item.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { toWireItem } from './wire-item.ts';

/**
 * Sends a whole function call, name and id first, because one client asks for them before the arguments are done.
 * It is durable before the client is told that it is done; so says the promise.
 */
export function writeFunctionCall(
  item: FunctionCallItem,
  responseId: string,
  outputIndex: number,
  conversation: Conversation | null,
  outbox: Outbox<Outgoing>,
): Promise<void> {
  const durable = conversation?.add(item) ?? Promise.resolve();
  const previous = conversation?.previousIdOf(item.id) ?? null;
  const begun = toWireItem({ ...item, status: 'in_progress', arguments: '' });
  const done = toWireItem(item);
  const place = {
    response_id: responseId,
    item_id: item.id,
    output_index: outputIndex,
    call_id: item.callId,
  };
  outbox.send({
    type: 'response.output_item.added',
    response_id: responseId,
    output_index: outputIndex,
    item: begun,
  });
  if (conversation) {
    outbox.send({ type: 'conversation.item.added', item: begun, previous_item_id: previous });
  }
  outbox.send({ type: 'response.function_call_arguments.delta', ...place, delta: item.arguments });
  outbox.send({
    type: 'response.function_call_arguments.done',
    ...place,
    name: item.name,
    arguments: item.arguments,
  });
  outbox.send({
    type: 'response.output_item.done',
    response_id: responseId,
    output_index: outputIndex,
    item: done,
  });
  if (conversation) {
    outbox.send(
      { type: 'conversation.item.done', item: done, previous_item_id: previous },
      { after: durable },
    );
  }
  return durable;
}
