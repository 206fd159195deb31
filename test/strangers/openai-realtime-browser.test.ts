import tls from 'node:tls';
import { OpenAI } from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { EventLog, loudness } from '../support/event-log.ts';
import { lastTurn } from '../support/model-requests.ts';
import { API_KEY, SecureApp } from '../support/secure-app.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

let secure: SecureApp;

beforeAll(async () => {
  secure = await SecureApp.start();
  // fetch and the WebSocket of the platform take no certificates; this thread trusts one more.
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, secure.ca]);
  return async () => {
    tls.setDefaultCACertificates(trusted);
    await secure[Symbol.asyncDispose]();
  };
}, START_TIMEOUT_MS);

/** The client for browsers: the WebSocket of the platform, which sends its key as a subprotocol. */
async function connect(client: OpenAI) {
  const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, client);
  onTestFinished(() => rt.close());
  const log = new EventLog();
  rt.on('event', (event) => log.record(event));
  rt.on('error', (error) => error.error ?? log.fail(error));
  const { session } = await log.next('session.created');
  return { rt, log, session };
}

function say(rt: OpenAIRealtimeWebSocket, text: string): void {
  rt.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  });
  rt.send({ type: 'response.create' });
}

describe('the official client for browsers', () => {
  it('has a spoken turn, and never sees its key again', async () => {
    const { rt, log } = await connect(secure.client());
    expect(rt.socket.protocol).toBe('realtime');
    say(rt, 'Hello?');
    expect((await log.next('response.done')).response).toMatchObject({
      status: 'completed',
      output: [{ content: [{ type: 'output_audio', transcript: 'Hello from the stand-in.' }] }],
    });
    expect(loudness(log.audio())).toBeGreaterThan(0.05);
    expect(JSON.stringify(log.events)).not.toContain(API_KEY);
  });

  it('connects with a client secret, into the session that it was minted for', async () => {
    const { value, expires_at, session } = await secure.client().realtime.clientSecrets.create({
      expires_after: { anchor: 'created_at', seconds: 60 },
      session: { type: 'realtime', instructions: 'You are a lighthouse.', output_modalities: ['text'] },
    });
    expect(value).toMatch(/^ek_/);
    expect(Math.abs(expires_at - Date.now() / 1000 - 60)).toBeLessThan(5);
    expect(session).toMatchObject({ type: 'realtime', instructions: 'You are a lighthouse.' });

    const { rt, log, session: live } = await connect(secure.client(value));
    expect(live).toMatchObject({ instructions: 'You are a lighthouse.', output_modalities: ['text'] });
    say(rt, 'Hello?');
    expect((await log.next('response.done')).response.output).toMatchObject([
      { content: [{ type: 'output_text', text: 'Hello from the stand-in.' }] },
    ]);
    const prompt = lastTurn(secure.app.ollama).body.messages;
    expect(prompt[0].content).toContain('You are a lighthouse.');
  });

  it('cannot mint further secrets with a client secret', async () => {
    const { value } = await secure.client().realtime.clientSecrets.create({});
    await expect(secure.client(value).realtime.clientSecrets.create({})).rejects.toThrow(
      OpenAI.PermissionDeniedError,
    );
  });

  it('is refused with a key that is not one', async () => {
    const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, secure.client('ek_made-up'));
    await new Promise((resolve) => rt.on('error', resolve));
    expect(rt.socket.readyState).not.toBe(WebSocket.OPEN);
    await expect(secure.client('sk-of-nobody').models.list()).rejects.toThrow(OpenAI.AuthenticationError);
  });
});
