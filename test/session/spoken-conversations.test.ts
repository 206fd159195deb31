import { describe, expect, it } from 'vitest';
import { type Item, textOf } from '../../src/conversation/item.ts';
import { NOT_UNDERSTOOD } from '../../src/session/response-plan.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { SessionHarness } from '../support/session-harness.ts';

/*
 * Conversations on virtual time. A frame of the microphone is 32 ms; somebody who speaks is noticed at the second frame
 * of speech (64 ms) and found silent at the second frame of silence (64 ms); 400 ms of silence (13 frames, 416 ms) end a
 * turn. The recogniser takes 150 ms. The voice says a word in 100 ms and is done with it at once.
 */

type Hearing = ConstructorParameters<typeof ScriptedHearing>[0];

async function talk(
  replies: ConstructorParameters<typeof Array<readonly (string | number)[]>>,
  hearing: Partial<Hearing> = {},
): Promise<SessionHarness> {
  const harness = await SessionHarness.start(replies, {
    hearing: (clock: ManualClock) => new ScriptedHearing({ clock, readMs: () => 150, ...hearing }),
  });
  harness.listen();
  return harness;
}

const SHOWN =
  /speech_started|speech_stopped|committed|response\.created|response\.done|ducked|resumed|truncated/;

/** What a client was told, in milliseconds: `[64, 'speech_started 0']`. */
function told(harness: SessionHarness, fromMs = 0): [number, string][] {
  return harness.sent
    .filter(({ event, atMs }) => SHOWN.test(event.type) && atMs >= fromMs)
    .map(({ event, atMs }) => {
      const name = event.type.replace(/^(input_audio_buffer|vivavoce\.output)\./, '');
      const ms =
        'audio_start_ms' in event
          ? event.audio_start_ms
          : 'audio_end_ms' in event
            ? event.audio_end_ms
            : null;
      const status = 'response' in event && event.type === 'response.done' ? event.response.status : null;
      return [atMs, [name, ms ?? status].filter((part) => part !== null).join(' ')];
    });
}

/** What is stored: role, and what was heard of it. */
const stored = async (harness: SessionHarness) =>
  (await harness.items()).map(
    (item: Item) => `${item.type === 'message' ? item.role : item.type}: ${textOf(item)}`,
  );

const COUNT = 'One two three four five six seven eight nine ten.';

describe('a spoken turn', () => {
  it('is answered when the person has been silent for 400 ms', async () => {
    const harness = await talk([['Fine, thanks.']]);
    await harness.silence(320);
    await harness.speak('how are you');
    await harness.silence(640);
    expect(told(harness)).toEqual([
      [384, 'speech_started 320'],
      [1504, 'speech_stopped 1088'],
      [1504, 'committed'],
      [1504, 'response.created'],
      [1504, 'response.done completed'],
    ]);
    expect(await stored(harness)).toEqual(['user: how are you', 'assistant: Fine, thanks.']);
  });

  it('sends the events in the order that clients accept, with one item id', async () => {
    const harness = await talk([['Fine.']]);
    await harness.speak('how are you');
    await harness.silence(640);
    const types = harness.types().slice(3);
    expect(types.slice(0, 8)).toEqual([
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'conversation.item.input_audio_transcription.delta',
      'conversation.item.input_audio_transcription.completed',
      'response.created',
    ]);
    const { item_id: id } = harness.last('input_audio_buffer.speech_started');
    expect(harness.last('input_audio_buffer.committed').item_id).toBe(id);
    expect(harness.all('conversation.item.added')[0]?.item).toMatchObject({
      id,
      content: [{ type: 'input_audio', transcript: 'how are you' }],
    });
    expect(harness.last('conversation.item.input_audio_transcription.completed')).toMatchObject({
      item_id: id,
      transcript: 'how are you',
    });
  });

  it('is one turn when there is a pause inside', async () => {
    const harness = await talk([[2_000, 'With ham?'], ['With cheese?']]);
    await harness.speak('i want');
    await harness.silence(320);
    await harness.speak('a pizza');
    await harness.silence(640);
    expect(told(harness)).toEqual([
      [64, 'speech_started 0'],
      [1760, 'speech_stopped 1344'],
      [1760, 'committed'],
      [1760, 'response.created'],
      [1760, 'response.done completed'],
    ]);
    expect(harness.model.requests.map(({ messages }) => messages.at(-1))).toEqual([
      // Begun at the pause, and dropped without a trace.
      { role: 'user', text: 'i want' },
      { role: 'user', text: 'i want a pizza' },
    ]);
    expect(harness.model.signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(await stored(harness)).toEqual(['user: i want a pizza', 'assistant: With cheese?']);
  });

  it('is nothing when it was a cough', async () => {
    const harness = await talk([['Yes?']]);
    await harness.hear(harness.hearing.noise(128));
    await harness.silence(960);
    expect(told(harness)).toEqual([
      [64, 'speech_started 0'],
      [544, 'speech_stopped 128'],
    ]);
    expect(harness.model.requests).toHaveLength(0);
    expect(harness.conversation.items).toEqual([]);
  });

  it('goes on when the person goes on after it was committed: nothing is spoken twice', async () => {
    const harness = await talk([[300, 'With what? '], ['With cheese it is.']], { speculates: false });
    await harness.speak('i want a pizza');
    await harness.silence(480);
    await harness.speak('with cheese');
    await harness.silence(640);
    expect(told(harness)).toEqual([
      [64, 'speech_started 0'],
      [1440, 'speech_stopped 1024'],
      [1440, 'committed'],
      [1440, 'response.created'],
      [1568, 'speech_started 1504'],
      [1568, 'response.done cancelled'],
      [2432, 'speech_stopped 2016'],
      [2432, 'committed'],
      [2432, 'response.created'],
      [2432, 'response.done completed'],
    ]);
    expect(harness.last('response.done').response.status).toBe('completed');
    expect(harness.model.requests.at(-1)?.messages.at(-1)).toEqual({
      role: 'user',
      text: 'i want a pizza with cheese',
    });
    expect(await stored(harness)).toEqual([
      'user: i want a pizza',
      'user: with cheese',
      'assistant: With cheese it is.',
    ]);
  });

  it('is answered anew when what stopped the answer was only a cough', async () => {
    const harness = await talk([[300, 'Hm.'], ['It is noon.']], { speculates: false });
    await harness.speak('what time is it');
    await harness.silence(480);
    await harness.hear(harness.hearing.noise(128));
    await harness.silence(640);
    expect(told(harness, 1500)).toEqual([
      [1568, 'speech_started 1504'],
      [1568, 'response.done cancelled'],
      [2048, 'speech_stopped 1632'],
      [2048, 'response.created'],
      [2048, 'response.done completed'],
    ]);
    expect(await stored(harness)).toEqual(['user: what time is it', 'assistant: It is noon.']);
  });

  it('ends although nobody sends audio any more: each second without it is a second of silence', async () => {
    const harness = await talk([['Bye.']]);
    await harness.speak('good bye');
    await harness.clock.advance(1_500);
    expect(told(harness)).toEqual([
      [64, 'speech_started 0'],
      // The last audio came at 512.
      [1512, 'speech_stopped 512'],
      [1662, 'committed'],
      [1662, 'response.created'],
      [1662, 'response.done completed'],
    ]);
  });

  it('may last a minute without a pause, and loses no word', async () => {
    const words = Array.from({ length: 200 }, (_, at) => `word${at}`).join(' ');
    const harness = await talk([['That was long.']]);
    await harness.speak(words, 320);
    await harness.silence(640);
    expect(told(harness).map(([ms, what]) => [ms, what])).toEqual([
      [64, 'speech_started 0'],
      [64_416, 'speech_stopped 64000'],
      [64_416, 'committed'],
      [64_416, 'response.created'],
      [64_416, 'response.done completed'],
    ]);
    expect((await stored(harness))[0]).toBe(`user: ${words}`);
    expect(harness.all('vivavoce.transcript.partial')).toHaveLength(200);
  });

  it('is kept without words when the recogniser fails: the client is told, and the person asked to say it again', async () => {
    const harness = await talk([['Never.']], { fails: () => true });
    await harness.speak('how are you');
    await harness.silence(960);
    expect(told(harness).map(([, what]) => what)).toEqual([
      'speech_started 0',
      'speech_stopped 768',
      'committed',
      'response.created',
      'response.done completed',
    ]);
    expect(harness.last('conversation.item.input_audio_transcription.failed').error).toMatchObject({
      code: 'engine_failed',
      message: 'the recogniser broke',
    });
    expect(harness.voice.asked.map(({ text }) => text).join(' ')).toBe(NOT_UNDERSTOOD);
    expect(await stored(harness)).toEqual(['user: ', `assistant: ${NOT_UNDERSTOOD}`]);
    expect(harness.model.requests).toHaveLength(0);
  });

  it('that nobody understood is passed over where answers are asked for by the client', async () => {
    const harness = await talk([['Never.']], { fails: () => true });
    harness.listen({ turn_detection: { type: 'server_vad', create_response: false } });
    await harness.speak('how are you');
    await harness.silence(960);
    expect(harness.types()).not.toContain('response.created');
    harness.receive({ type: 'response.create' });
    await harness.clock.advance(100);
    expect(harness.voice.asked.map(({ text }) => text).join(' ')).toBe(NOT_UNDERSTOOD);
  });

  it('in which there was no word is not asked for again', async () => {
    const harness = await talk([['Never.']]);
    await harness.hear(harness.hearing.noise(640));
    await harness.silence(960);
    expect(harness.types()).not.toContain('response.created');
  });
});

describe('silence', () => {
  it('for ever costs nothing and tells nothing', async () => {
    const harness = await talk([['Never.']]);
    const before = harness.sent.length;
    await harness.silence(60_000);
    expect(harness.sent).toHaveLength(before);
    expect(harness.clock.pending).toBe(0);
    expect(harness.hearing.open).toBe(0);
  });
});

describe('an interruption', () => {
  /** The agent counts to ten, a second long, from 1440 on: heard by a client that plays what it gets at once. */
  async function counting(options: Partial<Hearing> = {}) {
    const harness = await talk([[COUNT], ['Sorry.'], ['Yes?']], options);
    await harness.speak('please count for me');
    await harness.silence(416);
    expect(told(harness).at(-1)).toEqual([1440, 'response.done completed']);
    return harness;
  }

  it('in the first 100 ms stops the agent at its first word that is more than listening noise', async () => {
    const harness = await counting();
    await harness.silence(32);
    await harness.speak('no wait');
    await harness.silence(640);
    expect(told(harness, 1441)).toEqual([
      [1536, 'ducked'],
      [1568, 'speech_started 1472'],
      [2400, 'speech_stopped 1984'],
      [2400, 'committed'],
      [2400, 'response.created'],
      [2400, 'response.done completed'],
    ]);
    // It sounded for 128 ms, a word each 100.
    expect(await stored(harness)).toEqual([
      'user: please count for me',
      'assistant: One',
      'user: no wait',
      'assistant: Sorry.',
    ]);
  });

  it('in the last 100 ms leaves what was heard', async () => {
    const harness = await counting();
    await harness.silence(864);
    await harness.speak('stop it');
    await harness.silence(640);
    expect(told(harness, 1441).slice(0, 2)).toEqual([
      [2368, 'ducked'],
      [2400, 'speech_started 2304'],
    ]);
    expect((await stored(harness)).slice(1, 3)).toEqual([
      'assistant: One two three four five six seven eight nine ten.',
      'user: stop it',
    ]);
  });

  it('after response.done, while audio still plays, is one as well', async () => {
    const harness = await counting();
    await harness.silence(320);
    await harness.speak('stop');
    await harness.silence(640);
    expect(told(harness, 1441).slice(0, 2)).toEqual([
      [1824, 'ducked'],
      [1856, 'speech_started 1760'],
    ]);
    // 416 ms of it had sounded.
    expect((await stored(harness))[1]).toBe('assistant: One two three four');
    expect(harness.model.requests[1]?.messages.slice(1, 3)).toEqual([
      { role: 'user', text: 'please count for me' },
      { role: 'assistant', text: 'One two three four' },
    ]);
  });

  it('is taken back by nobody: what a client truncates later is what was heard', async () => {
    const harness = await counting();
    await harness.silence(320);
    await harness.speak('stop');
    const [item] = harness.all('response.output_item.done');
    harness.receive({
      type: 'conversation.item.truncate',
      item_id: item?.item.id,
      content_index: 0,
      audio_end_ms: 610,
    });
    await harness.silence(640);
    expect(harness.last('conversation.item.truncated').audio_end_ms).toBe(610);
    expect((await stored(harness))[1]).toBe('assistant: One two three four five six');
  });

  it('twice in a row leaves two cut answers', async () => {
    const harness = await talk([[COUNT], ['Alpha beta gamma delta epsilon.'], ['Good.']]);
    await harness.speak('please count for me');
    await harness.silence(416);
    await harness.silence(320);
    await harness.speak('no letters');
    await harness.silence(416);
    await harness.silence(160);
    await harness.speak('enough');
    await harness.silence(640);
    expect(told(harness, 1441).map(([, what]) => what.replace(/ \d+$/, ''))).toEqual([
      'ducked',
      'speech_started',
      'speech_stopped',
      'committed',
      'response.created',
      'response.done completed',
      'ducked',
      'speech_started',
      'speech_stopped',
      'committed',
      'response.created',
      'response.done completed',
    ]);
    expect(await stored(harness)).toEqual([
      'user: please count for me',
      'assistant: One two three four',
      'user: no letters',
      'assistant: Alpha beta gamma',
      'user: enough',
      'assistant: Good.',
    ]);
  });

  it('stops the model, the voice and the output', async () => {
    const harness = await talk([['One two three four five. ', 200, 'Six. ', 5_000, 'Seven.'], ['Sorry.']]);
    await harness.speak('please count for me');
    await harness.silence(416 + 320);
    const before = harness.audioMs;
    await harness.speak('no stop');
    await harness.silence(640);
    expect(harness.model.signals[0]?.aborted).toBe(true);
    const [cut] = harness.all('response.done');
    expect(cut?.response).toMatchObject({
      status: 'cancelled',
      status_details: { type: 'cancelled', reason: 'turn_detected' },
    });
    // "Sorry." is all that was sent since.
    expect(harness.audioMs - before).toBe(100);
  });

  it('by 500 ms of speech needs no word, because no listener hums so long', async () => {
    const harness = await counting({ hasPartials: false, readMs: () => 100 });
    await harness.silence(32);
    await harness.hear(harness.hearing.noise(640));
    await harness.silence(640);
    expect(told(harness, 1441)).toEqual([
      [1536, 'ducked'],
      [1984, 'speech_started 1472'],
      [2528, 'speech_stopped 2112'],
    ]);
  });
});

describe('a backchannel', () => {
  it.each([
    'mhm',
    'yeah',
    'uh huh',
  ])('such as "%s" emits nothing on a plain connection and makes no item', async (word) => {
    const harness = await talk([[COUNT]]);
    await harness.speak('please count for me');
    await harness.silence(416 + 96);
    await harness.speak(word, 192);
    await harness.silence(160);
    const plain = told(harness, 1441).filter(([, what]) => !/ducked|resumed/.test(what));
    expect(plain).toEqual([]);
    await harness.silence(960);
    expect(await stored(harness)).toEqual(['user: please count for me', `assistant: ${COUNT}`]);
  });

  it('ducks the agent at its onset and lets it resume', async () => {
    const harness = await talk([[`${COUNT} ${COUNT}`]]);
    await harness.speak('please count for me');
    await harness.silence(416 + 96);
    await harness.speak('mhm');
    await harness.silence(640);
    expect(told(harness, 1441)).toEqual([
      [1600, 'ducked'],
      [2208, 'resumed'],
    ]);
  });

  it('is an answer when the agent has finished', async () => {
    const harness = await talk([['Tea?'], ['Here you are.']]);
    await harness.speak('what is there');
    await harness.silence(416);
    await harness.speak('yeah');
    await harness.silence(640);
    expect((await stored(harness)).slice(1)).toEqual([
      'assistant: Tea?',
      'user: yeah',
      'assistant: Here you are.',
    ]);
  });

  it('that turns into a sentence is an interruption', async () => {
    const harness = await talk([[COUNT], ['Oh.']]);
    await harness.speak('please count for me');
    await harness.silence(416 + 96);
    await harness.speak('yeah but why', 192);
    await harness.silence(640);
    expect(told(harness, 1441).slice(0, 2)).toEqual([
      [1600, 'ducked'],
      [1824, 'speech_started 1536'],
    ]);
  });
});

describe('speech while a tool call of the client is outstanding', () => {
  it('is answered without it, and the output finds its place later', async () => {
    const call = { callId: 'call_1', name: 'weather', arguments: '{}' };
    const harness = await talk([[call], ['Hello to you.'], ['It is sunny.']] as never);
    await harness.speak('how is the weather');
    await harness.silence(480);
    expect(harness.last('response.done').response.output[0]).toMatchObject({ type: 'function_call' });
    await harness.speak('hello');
    await harness.silence(640);
    expect((await stored(harness)).at(-1)).toBe('assistant: Hello to you.');
    harness.receive({
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
    });
    harness.receive({ type: 'response.create' });
    await harness.clock.settle();
    expect((await stored(harness)).slice(-2)).toEqual([
      'function_call_output: sunny',
      'assistant: It is sunny.',
    ]);
  });
});
