import { expect, test } from 'vitest';
import { tempDir } from '../conversation/temp-dir.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { ServiceProcess } from '../support/service-process.ts';

const ANSWER = 'One two three four five. Six seven eight nine ten. Eleven twelve.';

test('told to stop, the service takes nothing new, ends its sentences, says goodbye and keeps everything', async () => {
  await using dir = await tempDir();
  await using ollama = await new OllamaServer({ reply: { text: ANSWER, msPerToken: 60 } }).start();
  const env = { DATA_DIR: dir.path, LLM: 'ollama', OLLAMA_BASE_URL: ollama.url, SHUTDOWN_SECONDS: '10' };
  let conversationId = '';
  {
    await using service = await ServiceProcess.start(env);
    await using idle = await RealtimeClient.connect(service.url);
    await using client = await RealtimeClient.connect(service.url);
    conversationId = (await client.next('conversation.created')).conversation.id;
    client.say('Count for me.');
    await client.next('response.output_text.delta', ({ delta }) => delta.includes('three'));
    const stopped = service.kill('SIGTERM');
    // Who is not being answered goes first.
    expect(await idle.closed).toMatchObject({ code: 1012 });
    const { status } = await new RestClient(service.url).get('/readyz');
    expect(status).toBe(503);
    const late = await RealtimeClient.refused(service.url);
    expect([late.status, late.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)]);

    const { response } = await client.next('response.done');
    expect(response.output[0].content[0].text).toBe('One two three four five.');
    expect(await client.closed).toMatchObject({ code: 1012 });
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(service.stderr).toBe('');
  }
  await using again = await ServiceProcess.start(env);
  const { body } = await new RestClient(again.url).get(`/v1/conversations/${conversationId}/items?order=asc`);
  expect(body.data).toMatchObject([
    { role: 'user', status: 'completed' },
    { role: 'assistant', status: 'incomplete', content: [{ text: 'One two three four five.' }] },
  ]);
});

test('a sentence that does not end is ended when the time is over', async () => {
  await using dir = await tempDir();
  await using ollama = await new OllamaServer({ reply: ANSWER }).start();
  ollama.fault = { kind: 'stall', afterTokens: 3 };
  const env = { DATA_DIR: dir.path, LLM: 'ollama', OLLAMA_BASE_URL: ollama.url, SHUTDOWN_SECONDS: '0.2' };
  await using service = await ServiceProcess.start(env);
  await using client = await RealtimeClient.connect(service.url);
  client.say('Count for me.');
  await client.next('response.output_text.delta', ({ delta }) => delta.includes('three'));
  const stopped = service.kill('SIGTERM');
  expect((await client.next('response.done')).response.status).toBe('cancelled');
  expect(await client.closed).toMatchObject({ code: 1012 });
  expect(await stopped).toEqual({ code: 0, signal: null });
});
