import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gatedSpeech } from '../support/gated-speech.ts';
import { lastDialogue, nextTurn } from '../support/model-requests.ts';
import { OfficialClient, userSays } from '../support/official-client.ts';
import { SecureApp } from '../support/secure-app.ts';
import { speakTone } from '../support/speech-server.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

/** Less than the ten seconds after which the service gives a silent model up by itself. */
const AT_ONCE = { timeout: 8_000 };

let secure: SecureApp;

beforeAll(async () => {
  secure = await SecureApp.start();
  return () => secure[Symbol.asyncDispose]();
}, START_TIMEOUT_MS);

beforeEach(() => {
  secure.app.ollama.reply = 'Hello from the stand-in.';
  secure.app.ollama.fault = null;
  secure.app.speech.answer = speakTone();
});

describe('an answer to the official client that does not come to its end', () => {
  it(
    'cancels an answer in the middle: not one more delta, and the model is hung up on',
    AT_ONCE,
    async () => {
      const client = await OfficialClient.connect(secure);
      const { rt, log } = client;
      const speech = gatedSpeech(1_000, 4_000);
      secure.app.speech.answer = speech.answer;
      secure.app.ollama.reply = {
        text: 'One moment. And then much more, which nobody ever gets to hear.',
        fault: { kind: 'stall', afterTokens: 6 },
      };
      const asked = nextTurn(secure.app.ollama, 'Tell me everything.');
      rt.send(userSays('Tell me everything.'));
      rt.send({ type: 'response.create' });
      const { response_id: id } = await log.next('response.output_audio.delta');
      rt.send({ type: 'response.cancel' });
      const { response } = await log.next('response.done');
      expect(response).toMatchObject({
        id,
        status: 'cancelled',
        status_details: { type: 'cancelled', reason: 'client_cancelled' },
        output: [{ status: 'incomplete' }],
      });
      expect((await (await asked).closed).finished).toBe(false);

      speech.open();
      secure.app.ollama.reply = 'Gladly.';
      secure.app.speech.answer = speakTone();
      const heard = log.audio(id).length;
      expect(await client.turn('Something else, please.')).toMatchObject({ status: 'completed' });
      expect(log.audio(id).length).toBe(heard);
    },
  );

  it('is told that there is nothing to cancel, and that somebody speaks already', async () => {
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    rt.send({ type: 'response.cancel', event_id: 'mine_1' });
    expect((await log.next('error')).error).toMatchObject({
      code: 'response_cancel_not_active',
      event_id: 'mine_1',
    });
    client.ask('Hello?');
    rt.send({ type: 'response.create', event_id: 'mine_2' });
    expect((await log.next('error')).error).toMatchObject({
      code: 'conversation_already_has_active_response',
      event_id: 'mine_2',
    });
    expect((await log.next('response.done')).response.status).toBe('completed');
  });

  it('truncates an answer that was complete: from then on it is what was heard', async () => {
    secure.app.ollama.reply = 'One two three four five six seven eight nine ten.';
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    const { output } = await client.turn('Count, please.');
    const itemId = output[0]?.id ?? '';
    // Half of it, at 60 ms for each of the 49 characters.
    rt.send({ type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: 1_470 });
    expect(await log.next('conversation.item.truncated')).toMatchObject({ audio_end_ms: 1_470 });
    rt.send({ type: 'conversation.item.retrieve', item_id: itemId });
    const { item } = await log.next('conversation.item.retrieved');
    expect(item).toMatchObject({ content: [{ transcript: 'One two three four five' }] });
    await client.turn('How far did you get?');
    expect(lastDialogue(secure.app.ollama)).toEqual([
      { role: 'user', content: 'Count, please.' },
      { role: 'assistant', content: 'One two three four five' },
      { role: 'user', content: 'How far did you get?' },
    ]);
  });

  it('truncates what is still being said: that ends it too', AT_ONCE, async () => {
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    const speech = gatedSpeech(2_000, 4_000);
    secure.app.speech.answer = speech.answer;
    secure.app.ollama.reply = {
      text: 'Far out at sea there is a rock. And there is',
      fault: { kind: 'stall', afterTokens: 11 },
    };
    client.ask('Tell me a story.');
    const { item_id } = await log.next('response.output_audio.delta');
    await client.hear(1_500);
    rt.send({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms: 800 });
    expect((await log.next('response.done')).response.status).toBe('cancelled');
    expect((await log.next('conversation.item.truncated')).audio_end_ms).toBe(800);
    speech.open();
    secure.app.ollama.reply = 'Gladly.';
    secure.app.speech.answer = speakTone();
    await client.turn('Another one.');
    const [, told] = lastDialogue(secure.app.ollama);
    expect(told?.content).toMatch(/^Far out/);
    expect(told?.content.length).toBeLessThan('Far out at sea there is a rock.'.length);
  });

  it('is told when the model fails, and can ask again', async () => {
    const client = await OfficialClient.connect(secure);
    secure.app.ollama.reply = { text: 'One two three.', fault: { kind: 'reset', afterTokens: 2 } };
    expect(await client.turn('Count, please.')).toMatchObject({
      status: 'failed',
      status_details: { type: 'failed', error: { type: 'server_error' } },
      output: [{ status: 'incomplete' }],
    });
    secure.app.ollama.reply = 'One two three.';
    expect(await client.turn('Again, please.')).toMatchObject({ status: 'completed' });
  });

  it('may truncate past the end of what was sent', async () => {
    const client = await OfficialClient.connect(secure);
    const { rt, log } = client;
    const { output } = await client.turn('Hello?');
    const itemId = output[0]?.id ?? '';
    rt.send({ type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: 600_000 });
    const sentMs = log.audio().length / 24;
    expect((await log.next('conversation.item.truncated')).audio_end_ms).toBe(Math.round(sentMs));
    rt.send({ type: 'conversation.item.retrieve', item_id: itemId });
    expect(await log.next('conversation.item.retrieved')).toMatchObject({
      item: { content: [{ transcript: 'Hello from the stand-in.' }] },
    });
  });
});
