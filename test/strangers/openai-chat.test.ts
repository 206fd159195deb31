import { OpenAI } from 'openai';
import type { RunnableToolFunctionWithParse } from 'openai/lib/RunnableFunction';
import type { ChatCompletionFunctionTool } from 'openai/resources/chat/completions';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nextTurn } from '../support/model-requests.ts';
import { RunningApp } from '../support/running-app.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

const model = 'vivavoce';
const hello = { model, messages: [{ role: 'user' as const, content: 'Hello?' }] };

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const WEATHER: ChatCompletionFunctionTool = {
  type: 'function',
  function: { name: 'weather', description: 'The weather in a city.', parameters: PARAMETERS },
};

/** Less than the ten seconds after which the service gives a silent model up by itself. */
const AT_ONCE = { timeout: 8_000 };

let app: RunningApp;
let client: OpenAI;

beforeAll(async () => {
  app = await RunningApp.start();
  client = new OpenAI({ apiKey: 'none-needed', baseURL: `${app.url}/v1` });
  return () => app[Symbol.asyncDispose]();
}, START_TIMEOUT_MS);

beforeEach(() => {
  app.ollama.reply = 'Hello from the stand-in.';
});

/** Asks for the weather first, and tells what came back. */
function askForWeather() {
  app.ollama.reply = ({ messages }) =>
    messages.at(-1).role === 'tool'
      ? `They say it is ${messages.at(-1).content}.`
      : { toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] };
}

describe('chat.completions.create', () => {
  it('answers at once', async () => {
    const completion = await client.chat.completions.create(hello);
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model,
      choices: [
        { finish_reason: 'stop', message: { role: 'assistant', content: 'Hello from the stand-in.' } },
      ],
    });
    const { prompt_tokens, completion_tokens, total_tokens } = completion.usage ?? {};
    expect(completion_tokens).toBe(4);
    expect(total_tokens).toBe((prompt_tokens ?? Number.NaN) + 4);
  });

  it('streams, and ends with the usage when that is asked for', async () => {
    const stream = await client.chat.completions.create({
      ...hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    const choices = chunks.flatMap((chunk) => chunk.choices);
    expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe('Hello from the stand-in.');
    expect(choices.filter(({ delta }) => delta.content).length).toBeGreaterThan(1);
    expect(choices[0]?.delta.role).toBe('assistant');
    expect(choices.at(-1)?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 4 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('lets the client run a tool and answers with its result', async () => {
    askForWeather();
    const question = { role: 'user' as const, content: 'How is Oslo?' };
    const first = await client.chat.completions.create({ model, messages: [question], tools: [WEATHER] });
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    const message = first.choices[0]?.message;
    const call = message?.tool_calls?.[0];
    expect(call).toMatchObject({ function: { name: 'weather', arguments: '{"city":"Oslo"}' } });
    if (!message || !call) return;
    const second = await client.chat.completions.create({
      model,
      messages: [question, message, { role: 'tool', tool_call_id: call.id, content: 'snowing' }],
      tools: [WEATHER],
    });
    expect(second.choices[0]?.message.content).toBe('They say it is snowing.');
  });

  it('hangs up on the model when the client aborts', AT_ONCE, async () => {
    app.ollama.reply = { text: 'One two three.', fault: { kind: 'stall', afterTokens: 2 } };
    const asked = nextTurn(app.ollama, 'Hello?');
    const stream = await client.chat.completions.create({ ...hello, stream: true });
    for await (const chunk of stream) {
      // Leaving the loop aborts the request.
      if (chunk.choices[0]?.delta.content) break;
    }
    expect((await (await asked).closed).finished).toBe(false);
  });

  it('hangs up on the model when a request without a stream is aborted', AT_ONCE, async () => {
    app.ollama.reply = { text: 'One two three.', fault: { kind: 'stall', afterTokens: 2 } };
    const asked = nextTurn(app.ollama, 'Hello?');
    const abort = new AbortController();
    const completion = client.chat.completions.create(hello, { signal: abort.signal });
    const { closed } = await asked;
    abort.abort();
    await expect(completion).rejects.toThrow(OpenAI.APIUserAbortError);
    expect((await closed).finished).toBe(false);
  });

  it('does not take an answer that broke off for a whole one', async () => {
    app.ollama.reply = { text: 'One two three.', fault: { kind: 'reset', afterTokens: 2 } };
    const words: string[] = [];
    const reading = async () => {
      for await (const { choices } of await client.chat.completions.create({ ...hello, stream: true })) {
        words.push(choices[0]?.delta.content ?? '');
      }
    };
    await expect(reading()).rejects.toThrow(OpenAI.APIError);
    expect(words.join('')).toBe('One two… I lost my train of thought.');
  });

  it('says what is wrong with a request', async () => {
    const error = await client.chat.completions.create({ model, messages: [] }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ param: 'messages', type: 'invalid_request_error' });
  });

  it('keeps what is said in the conversation that its metadata names', async () => {
    const { id } = await client.conversations.create();
    await client.chat.completions.create({ ...hello, metadata: { conversation_id: id } });
    const items = await Array.fromAsync(client.conversations.items.list(id, { order: 'asc' }));
    expect(items).toMatchObject([
      { role: 'user', content: [{ type: 'input_text', text: 'Hello?' }] },
      { role: 'assistant', content: [{ type: 'output_text', text: 'Hello from the stand-in.' }] },
    ]);
  });
});

describe('the helpers around chat completions', () => {
  it('streams with stream()', async () => {
    const stream = client.chat.completions.stream({ ...hello, stream_options: { include_usage: true } });
    const words: string[] = [];
    stream.on('content', (delta) => words.push(delta));
    const completion = await stream.finalChatCompletion();
    expect(words.length).toBeGreaterThan(1);
    expect(completion.choices[0]?.message.content).toBe('Hello from the stand-in.');
    expect(words.join('')).toBe('Hello from the stand-in.');
    expect((await stream.totalUsage()).completion_tokens).toBe(4);
  });

  it.each([false, true])('runs tools by itself with runTools(), streaming: %s', async (streaming) => {
    askForWeather();
    const cities: string[] = [];
    const tool: RunnableToolFunctionWithParse<{ city: string }> = {
      type: 'function',
      function: {
        name: 'weather',
        description: 'The weather in a city.',
        parameters: PARAMETERS,
        parse: JSON.parse,
        function: ({ city }) => {
          cities.push(city);
          return 'snowing';
        },
      },
    };
    const body = { model, messages: [{ role: 'user' as const, content: 'How is Oslo?' }], tools: [tool] };
    const runner = streaming
      ? client.chat.completions.runTools({ ...body, stream: true })
      : client.chat.completions.runTools(body);
    expect(await runner.finalContent()).toBe('They say it is snowing.');
    expect(cities).toEqual(['Oslo']);
  });
});
