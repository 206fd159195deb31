import { expect, onTestFinished, test } from 'vitest';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { SkippingClock } from '../support/skipping-clock.ts';

/** Three minutes of speech at 64 KB a second: more than the kernel takes and the server keeps. */
const LONG = Array.from(
  { length: 60 },
  (_, n) => `Sentence number ${n} of a story that goes on and on and on, and is not over yet.`,
).join(' ');
const SPOKEN = { output_modalities: ['audio'], max_output_tokens: 4_000 };

test('a client that stops reading holds up nobody: it is closed with a reason, and its answer is stored whole', async () => {
  const clock = new SkippingClock();
  await using app = await RunningApp.start({
    clock,
    ollama: { reply: ({ messages }) => (messages.at(-1).content.includes('story') ? LONG : 'Yes.') },
  });
  await using other = await RealtimeClient.connect(app.url);
  await using stuck = await RealtimeClient.connect(app.url);
  const { conversation } = await stuck.next('conversation.created');
  const before = process.memoryUsage().rss;
  stuck.say('Tell me a story.', SPOKEN);
  await stuck.next('response.output_audio.delta');
  stuck.socket.pause();
  // Or a test that fails waits for its goodbye.
  onTestFinished(() => stuck.socket.terminate());

  // Others are answered as ever, and what is made for the stuck one does not pile up here.
  expect((await other.turn('And me?')).response.status).toBe('completed');
  // The system takes some megabytes for it; then audio waits, and no more is asked of the voice.
  let asked = 0;
  const hasStopped = () => {
    const before = asked;
    asked = app.speech.requests.length;
    return asked > 3 && asked === before;
  };
  await expect.poll(hasStopped, { timeout: 10_000, interval: 500 }).toBe(true);
  expect(asked).toBeLessThan(40);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);

  // Two pings later it is certain: nothing has left.
  for (let n = 0; n < 2; n++) clock.skip(20_000);
  stuck.socket.resume();
  expect((await stuck.closed).code).toBe(4408);
  const rest = new RestClient(app.url);
  const reply = async () =>
    (await rest.get(`/v1/conversations/${conversation.id}/items?order=asc`)).body.data[1];
  await expect.poll(async () => (await reply())?.status, { timeout: 15_000 }).toBe('completed');
  const { body } = await rest.get(`/v1/conversations/${conversation.id}/transcript?format=json`);
  expect(JSON.stringify(body)).toContain('Sentence number 39');
});
