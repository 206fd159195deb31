import { expect, test } from 'vitest';
import { tempDir } from '../conversation/temp-dir.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { SpeechServer } from '../support/speech-server.ts';

/** Words that nobody but the people and engines of this test says. */
const SAID = ['zanzifig', 'Quillonberry', 'přílišný', '5550199'] as const;
const WORDS = `My ${SAID[0]} loves ${SAID[1]}, ${SAID[2]} and ${SAID[3]}.`;
const SECRETS = {
  key: 'key-of-alice-umbrellaphone',
  tts: 'sk-speech-marmaladium',
  openai: 'sk-openai-marmaladium',
};

/** The service at its most talkative, with engines that fail in the words that they were asked. */
async function chatterbox() {
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await tempDir());
  const models = [
    { name: 'llama3.2:latest', capabilities: ['completion', 'tools'] },
    { name: 'bge:latest', capabilities: ['embedding'] },
  ];
  const ollama = resources.use(await new OllamaServer({ models }).start());
  const speech = resources.use(await SpeechServer.start());
  const service = resources.use(
    await ServiceProcess.start({
      DATA_DIR: dir.path,
      LOG_LEVEL: 'trace',
      LLM: 'ollama',
      OLLAMA_BASE_URL: ollama.url,
      EMBEDDINGS: 'ollama',
      OPENAI_API_KEY: SECRETS.openai,
      TTS_BASE_URL: speech.baseUrl,
      TTS_API_KEY: SECRETS.tts,
      API_KEYS: `alice:${SECRETS.key}`,
    }),
  );
  const rest = new RestClient(service.url, SECRETS.key);
  const held = resources.move();
  return { ollama, speech, service, rest, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

test('at LOG_LEVEL=trace it prints no key, no token and no word that anybody said, whatever goes wrong', async () => {
  await using it = await chatterbox();
  const { ollama, speech, service, rest } = it;
  const tokens: string[] = [];
  const { body: minted } = await rest.post('/v1/realtime/client_secrets', { user: SAID[0], max_uses: 1 });
  tokens.push(minted.value);
  const headers = { authorization: `Bearer ${minted.value}` };
  {
    await using client = await RealtimeClient.connect(service.url, {
      headers,
      query: { extensions: 'vivavoce' },
    });
    const { resume } = await client.next('session.created');
    if (resume) tokens.push(resume.token);

    await client.turn(WORDS, { output_modalities: ['audio'] });
    for (const fault of [
      { kind: 'status', status: 400, message: `cannot tokenize ${WORDS} for Bearer ${SECRETS.openai}` },
      { kind: 'status', status: 500, message: `panic at "${WORDS}"` },
      { kind: 'status', status: 404, message: SAID[1].slice(0, 7) },
      { kind: 'error-line', after: 1, message: `broke at ${WORDS}` },
      { kind: 'garbage' },
    ]) {
      ollama.fault = fault as never;
      await client.turn(WORDS);
    }
    ollama.fault = null;
    speech.answer = (request, response) => {
      const message = `cannot say ${request.body.input} with ${request.headers.authorization}`;
      response
        .writeHead(500, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message } }));
    };
    ollama.reply = `The ${SAID[1]} is ripe.`;
    await client.turn(WORDS, { output_modalities: ['audio'] });
    ollama.embeddings.fault = { kind: 'status', status: 500, message: `no vector for "${WORDS}"` };
    await client.turn(`What do I know of ${SAID[0]}?`);

    for (const frame of [
      SAID[0],
      `{"type":"${SAID[0]}"}`,
      { type: 'conversation.item.create', item: { type: SAID[0], role: SAID[1] } },
      { type: 'response.create', response: { metadata: { [SAID[0]]: 1 } } },
      {
        type: 'session.update',
        session: { type: 'realtime', [SAID[0]]: 1, prompt: { id: 'p', variables: { [SAID[0]]: 5 } } },
      },
      {
        type: 'session.update',
        session: {
          type: 'realtime',
          tools: [{ type: 'function', name: SAID[0], parameters: { [SAID[0]]: 1 } }],
        },
      },
      {
        type: 'session.update',
        session: { type: 'realtime', audio: { input: { format: { type: SAID[0] } } } },
      },
      { type: 'conversation.item.delete', item_id: SAID[0] },
      { type: 'input_audio_buffer.append', audio: SAID[0] },
      Buffer.from(SAID[0]),
    ]) {
      client.send(frame);
    }
    await client.turn('Goodbye.');
    client.socket.close(4000, `bye ${SAID[0]}`);
    await client.closed;
  }
  await RealtimeClient.refused(service.url, { headers });
  await RealtimeClient.refused(service.url, {
    protocols: ['realtime', `openai-insecure-api-key.${SAID[0]}`],
  });

  const messages = [{ role: 'user', content: WORDS }];
  await rest.post('/v1/chat/completions', { messages, store: true, user: SAID[0] });
  ollama.fault = { kind: 'status', status: 500, message: `panic at ${WORDS}` } as never;
  await rest.post('/v1/chat/completions', { messages });
  await rest.post('/v1/chat/completions', `{"${SAID[0]}`);
  await rest.post('/v1/audio/speech', { input: WORDS });
  await rest.post('/v1/memories', { text: WORDS });
  await rest.get(`/v1/memories/search?q=${encodeURIComponent(`"${WORDS}" AND (`)}`);
  await rest.get(`/v1/models/${SAID[0]}?user=${SAID[0]}`);
  await rest.post('/v1/conversations', {
    metadata: { about: WORDS },
    items: [{ type: 'message', role: 'user', content: WORDS }],
  });
  await new RestClient(service.url, SAID[0]).get('/v1/models');
  const { body: list } = await rest.get('/v1/guards');
  expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });

  const printed = service.stdout + service.stderr;
  for (const event of [
    'turn-ended',
    'client-event-refused',
    'engine-fell-back',
    'request-failed',
    'connection-closed',
  ]) {
    expect(printed).toContain(event);
  }
  // What engines say of themselves is there.
  expect(printed).toMatch(/Ollama answered 500 .*panic at …/);
  for (const word of [...SAID, SAID[1].slice(0, 7), 'umbrellaphone', 'marmaladium', 'is ripe', ...tokens]) {
    const lines = printed.split('\n').filter((line) => line.toLowerCase().includes(word.toLowerCase()));
    expect({ word, lines }).toEqual({ word, lines: [] });
    // Nor is it shown to everybody who operates the server.
    const reasons = list.data.map(({ reason }: WireEvent) => String(reason)).join('\n');
    expect(reasons.toLowerCase()).not.toContain(word.toLowerCase());
  }
});
