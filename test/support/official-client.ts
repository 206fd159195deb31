import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { onTestFinished, type TestContext } from 'vitest';
import type { WireResponse } from '../../src/protocol/wire-response.ts';
import { EventLog } from './event-log.ts';
import type { SecureApp } from './secure-app.ts';

/** OpenAI's own client as its users make it, until the end of the test. All that is special is whom it trusts. */
export class OfficialClient {
  readonly rt: OpenAIRealtimeWS;
  readonly log: EventLog;

  private constructor(secure: SecureApp, test: TestContext | null) {
    this.log = new EventLog(test ? { test } : {});
    this.rt = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { ca: secure.ca } }, secure.client());
    this.rt.on('event', (event) => this.log.record(event));
    // What the service said is in the log already.
    this.rt.on('error', (error) => error.error ?? this.log.fail(error));
    (test?.onTestFinished ?? onTestFinished)(() => this.rt.close());
  }

  /** @param test the test that it belongs to, where several run at once */
  static async connect(secure: SecureApp, test: TestContext | null = null): Promise<OfficialClient> {
    const client = new OfficialClient(secure, test);
    await client.log.next('session.created');
    return client;
  }

  /** Says something and asks for an answer. */
  ask(text: string): void {
    this.rt.send(userSays(text));
    this.rt.send({ type: 'response.create' });
  }

  /** The same, up to the end of the answer. */
  async turn(text: string): Promise<WireResponse> {
    this.ask(text);
    return (await this.log.next('response.done')).response;
  }

  /** Waits until so much audio has come. */
  async hear(ms: number): Promise<void> {
    while (this.log.audio().length < ms * 24) await this.log.next('response.output_audio.delta');
  }
}

/** @param previous the item to follow, `root` for the front; the end when absent */
export function userSays(text: string, previous?: string): RealtimeClientEvent {
  return {
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    ...(previous !== undefined && { previous_item_id: previous }),
  };
}
