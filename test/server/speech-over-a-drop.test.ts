import { expect, test } from 'vitest';
import { bytesOf, joinSamples } from '../../src/speech/audio/pcm.ts';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { FamiliarSpeech } from '../support/familiar-speech.ts';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';
import { TranscriptionServer } from '../support/transcription-server.ts';

const ALICE = 'Hello there, my name is Alice.';
const RATE = 24_000;
const FRAME = (RATE * 40) / 1000;
const EXTENSIONS = { extensions: 'vivavoce' };

/** What somebody says, frame by frame, each with an id of its own. */
function framesOf(samples: Int16Array): object[] {
  const frames: object[] = [];
  for (let at = 0; at < samples.length; at += FRAME) {
    const audio = Buffer.from(bytesOf(samples.slice(at, at + FRAME))).toString('base64');
    frames.push({ type: 'input_audio_buffer.append', event_id: `frame_${frames.length}`, audio });
  }
  return frames;
}

test('a sentence is heard whole although its connection is lost three times in it: no frame is missing, none comes twice', {
  timeout: START_TIMEOUT_MS,
}, async () => {
  await using voice = new FliteVoice({ workers: 1 });
  const known = await FamiliarSpeech.record(voice, [ALICE]);
  await using ears = await TranscriptionServer.start();
  ears.answer = known.answer;
  await using app = await RunningApp.start({ env: { STT: 'openai', STT_BASE_URL: ears.baseUrl } });
  const silence = (seconds: number) => new Int16Array(seconds * RATE);
  const frames = framesOf(joinSamples([silence(0.4), known.speech(ALICE), silence(2)]));

  let client = await RealtimeClient.connect(app.url, { query: EXTENSIONS });
  const { resume } = await client.next('session.created');
  client.send({
    type: 'session.update',
    session: { type: 'realtime', output_modalities: ['text'], audio: { input: { transcription: {} } } },
  });
  await client.next('session.updated');
  let last = 0;
  let next = 0;
  for (const part of [0.3, 0.45, 0.6, 1]) {
    for (; next < frames.length * part; next++) client.send(frames[next] ?? {});
    if (part === 1) break;
    // Not told whether what was sent last has arrived.
    client.socket.terminate();
    await client.closed;
    last = Math.max(last, ...client.events.map(({ sequence }) => sequence ?? 0));
    const query = { ...EXTENSIONS, resume: resume.token, after: `${last}` };
    client = await RealtimeClient.connect(app.url, { query });
    const { last_event_id: id } = await client.next('vivavoce.session.resumed');
    const arrived = frames.findIndex((frame) => 'event_id' in frame && frame.event_id === id);
    expect(arrived).toBeLessThan(next);
    // One too many: of each id the server takes one.
    next = Math.max(arrived, 0);
  }
  const { transcript } = await client.next('conversation.item.input_audio_transcription.completed');
  expect(transcript).toBe(ALICE);
  await client.next('response.done');
  const { audio_end_ms: endMs } = client.all('input_audio_buffer.speech_stopped')[0];
  expect(Math.abs(endMs - 400 - (known.speech(ALICE).length * 1000) / RATE)).toBeLessThan(350);
  expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
  await client[Symbol.asyncDispose]();
});
