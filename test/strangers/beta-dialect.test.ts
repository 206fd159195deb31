import { once } from 'node:events';
import tls from 'node:tls';
import { OpenAIRealtimeWebSocket } from 'openai/beta/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/beta/realtime/ws';
import type { RealtimeClientEvent } from 'openai/resources/beta/realtime/realtime';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { gaOf } from '../support/beta-events.ts';
import { EventLog, loudness } from '../support/event-log.ts';
import { lastTurn } from '../support/model-requests.ts';
import { API_KEY, SecureApp } from '../support/secure-app.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

let secure: SecureApp;

beforeAll(async () => {
  secure = await SecureApp.start();
  // The WebSocket of the platform takes no certificate; this thread trusts one more.
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, secure.ca]);
  return async () => {
    tls.setDefaultCACertificates(trusted);
    await secure[Symbol.asyncDispose]();
  };
}, START_TIMEOUT_MS);

interface Client {
  readonly log: EventLog;
  /** What it received, as it came. */
  readonly received: Received[];
  send(event: RealtimeClientEvent): void;
}

interface Received {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: it is looked at as it came, in a dialect that is not ours.
  readonly [field: string]: any;
}

function listen(send: Client['send']): Client & { receive(json: unknown): void } {
  const log = new EventLog({ translate: gaOf, hasItemDone: false });
  const received: Received[] = [];
  return {
    ...{ log, received, send },
    receive(json) {
      received.push(json as Received);
      log.record(json);
    },
  };
}

/** A client without a library: it says by a header, or by a subprotocol, that it speaks the beta. */
function connectRaw(protocols: string[], headers: Record<string, string>): Client {
  const url = `${secure.app.url.replace('http', 'ws')}/v1/realtime?model=gpt-4o-realtime-preview`;
  const socket = new WebSocket(url, protocols, { headers, ca: secure.ca });
  onTestFinished(async () => {
    socket.close();
    await once(socket, 'close');
  });
  const client = listen((event) => socket.send(JSON.stringify(event)));
  socket.on('message', (data) => client.receive(JSON.parse(data.toString())));
  socket.on('error', (error) => client.log.fail(error));
  return client;
}

function connectOfficial(rt: OpenAIRealtimeWS | OpenAIRealtimeWebSocket): Client {
  const client = listen((event) => rt.send(event));
  onTestFinished(() => rt.close());
  rt.on('event', (event) => client.receive(event));
  rt.on('error', (error) => error.error ?? client.log.fail(error));
  return client;
}

const MODEL = { model: 'gpt-4o-realtime-preview' };

const clients: [string, () => Client][] = [
  [
    'a client with the header',
    () => connectRaw([], { authorization: `Bearer ${API_KEY}`, 'openai-beta': 'realtime=v1' }),
  ],
  [
    'a client with the subprotocol',
    () => connectRaw(['realtime', `openai-insecure-api-key.${API_KEY}`, 'openai-beta.realtime-v1'], {}),
  ],
  [
    'the official beta client',
    () => connectOfficial(new OpenAIRealtimeWS({ ...MODEL, options: { ca: secure.ca } }, secure.client())),
  ],
  [
    'the official beta client for browsers',
    () => connectOfficial(new OpenAIRealtimeWebSocket(MODEL, secure.client())),
  ],
];

function say({ send }: Client, text: string): void {
  send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  });
  send({ type: 'response.create' });
}

/** The types without repetitions in a row. */
function course(received: readonly Received[]): string[] {
  return received.map(({ type }) => type).filter((type, index, types) => type !== types[index - 1]);
}

describe.each(clients)('%s', (_name, connect) => {
  it('has a written and then a spoken turn in the words of the beta', async () => {
    const client = connect();
    const { log, received, send } = client;
    await log.next('session.created');
    expect(received[0]?.session).toMatchObject({
      modalities: ['text', 'audio'],
      input_audio_format: 'pcm16',
      turn_detection: { type: 'server_vad' },
    });
    await log.next('conversation.created');
    send({
      type: 'session.update',
      session: {
        modalities: ['text'],
        instructions: 'You are a lighthouse.',
        turn_detection: { type: 'server_vad', threshold: 0.7 },
        max_response_output_tokens: 200,
      },
    });
    await log.next('session.updated');
    expect(received.at(-1)?.session).toMatchObject({
      modalities: ['text'],
      instructions: 'You are a lighthouse.',
      turn_detection: { type: 'server_vad', threshold: 0.7 },
      max_response_output_tokens: 200,
    });

    received.length = 0;
    say(client, 'Hello?');
    await log.next('response.done');
    expect(course(received)).toEqual([
      'conversation.item.created',
      'response.created',
      'response.output_item.added',
      'conversation.item.created',
      'response.content_part.added',
      'response.text.delta',
      'response.text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.done',
    ]);
    expect(received.at(-1)?.response).toMatchObject({
      status: 'completed',
      modalities: ['text'],
      output: [{ content: [{ type: 'text', text: 'Hello from the stand-in.' }] }],
    });
    const prompt = lastTurn(secure.app.ollama).body.messages;
    expect(prompt[0].content).toContain('You are a lighthouse.');

    received.length = 0;
    send({ type: 'session.update', session: { modalities: ['text', 'audio'], voice: 'verse' } });
    await log.next('session.updated');
    say(client, 'And aloud?');
    await log.next('response.done');
    expect(new Set(received.map(({ type }) => type))).toEqual(
      new Set([
        ...['session.updated', 'conversation.item.created', 'response.created', 'response.done'],
        ...['response.output_item.added', 'response.output_item.done'],
        ...['response.content_part.added', 'response.content_part.done'],
        ...['response.audio.delta', 'response.audio.done'],
        ...['response.audio_transcript.delta', 'response.audio_transcript.done'],
      ]),
    );
    expect(received.at(-1)?.response).toMatchObject({
      status: 'completed',
      modalities: ['text', 'audio'],
      output_audio_format: 'pcm16',
      output: [{ content: [{ type: 'audio', transcript: 'Hello from the stand-in.' }] }],
    });
    expect(loudness(log.audio())).toBeGreaterThan(0.05);
  });
});
