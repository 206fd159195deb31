import { Router } from 'express';
import type { Agent } from '../../agent-file.ts';
import type { Clock, IdSource } from '../../clock.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { TurnGraph } from '../../graph/graph.ts';
import type { TurnPart } from '../../graph/state.ts';
import { streamTurn } from '../../graph/stream-turn.ts';
import { chatCompletionRequest } from '../../protocol/rest-chat.ts';
import type { Admission } from '../../resilience/admission.ts';
import { callerOf, isOperator, ownerOf, requireScope } from '../caller.ts';
import { ChatCompletionWriter } from '../chat-completion-writer.ts';
import { toTurnInput } from '../chat-messages.ts';
import { ChatRecord } from '../chat-record.ts';
import { toErrorBody } from '../error-body.ts';
import { validate } from '../validate.ts';

interface Deps {
  readonly admission: Admission;
  readonly graph: TurnGraph;
  readonly agent: Agent;
  readonly conversations: Conversations;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** The agent as a model, for the frontends that exist. The messages of the request are the window of the turn. */
export function chatCompletionRoutes({ admission, graph, agent, conversations, clock, ids }: Deps): Router {
  const router = Router();
  router.use('/chat', requireScope('talk'));
  router.post('/chat/completions', async (request, response) => {
    const body = validate(chatCompletionRequest, request.body ?? {});
    const owner = ownerOf(request, body.safety_identifier ?? body.user);
    using _place = admission.turn(callerOf(request).owner.key);
    using record = await ChatRecord.open(body, owner, conversations, clock);
    const input = {
      ...toTurnInput(body, agent),
      turn: { owner, conversationId: record?.conversationId ?? null, confirmed: Promise.resolve() },
    };

    const left = new AbortController();
    response.on('close', () => left.abort());
    const parts = streamTurn(graph, input, left.signal);
    const writer = new ChatCompletionWriter(
      { id: ids.next('chatcmpl'), createdAtMs: clock.nowMs(), model: body.model ?? 'vivavoce' },
      body.stream_options?.include_usage === true,
    );
    if (body.stream) await stream(parts);
    else {
      await record?.userSaid();
      for await (const part of parts) writer.take(part);
      await record?.agentSaid(writer.text, writer.calls);
      response.json(writer.whole());
    }

    async function stream(parts: AsyncIterable<TurnPart>): Promise<void> {
      const send = (data: unknown) => response.write(`data: ${JSON.stringify(data)}\n\n`);
      const saved = record?.userSaid();
      saved?.catch(() => left.abort()); // Told below.
      let isOpen = false;
      try {
        for await (const part of parts) {
          const chunks = writer.take(part);
          if (chunks.length === 0) continue;
          // The first word acknowledges what the user said, so it has to be durable by then.
          if (!isOpen) await saved;
          if (!isOpen) response.type('text/event-stream').setHeader('Cache-Control', 'no-cache');
          isOpen = true;
          chunks.forEach(send);
        }
        await saved;
        await record?.agentSaid(writer.text, writer.calls);
        if (!isOpen) response.type('text/event-stream');
        writer.last().forEach(send);
        response.end('data: [DONE]\n\n');
      } catch (error) {
        await saved;
        if (!isOpen) throw error;
        // Said first: what follows can fail as well.
        send(toErrorBody(error, isOperator(request)));
        await record?.agentSaid(writer.text, [], 'incomplete');
        response.end();
      }
    }
  });
  return router;
}
