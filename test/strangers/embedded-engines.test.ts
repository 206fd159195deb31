import { beforeAll, expect, it } from 'vitest';
import { loudness } from '../support/event-log.ts';
import { OfficialClient } from '../support/official-client.ts';
import { SecureApp } from '../support/secure-app.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

let secure: SecureApp;

beforeAll(async () => {
  secure = await SecureApp.start({ LLM: 'offline', TTS: 'flite' });
  return () => secure[Symbol.asyncDispose]();
}, START_TIMEOUT_MS);

it('lets the official client talk to a service that has nothing but itself', async () => {
  const client = await OfficialClient.connect(secure);
  const ask = async (text: string) => {
    const response = await client.turn(text);
    expect(response.status).toBe('completed');
    const [message] = response.output;
    const part = message?.type === 'message' ? message.content[0] : undefined;
    const transcript = part && 'transcript' in part ? (part.transcript ?? '') : '';
    return { transcript, audio: client.log.audio(response.id) };
  };
  const greeting = await ask('Hello! My name is Ada.');
  const recollection = await ask('What is my name?');
  expect(recollection.transcript).toContain('Ada');
  for (const { transcript, audio } of [greeting, recollection]) {
    // People say 10 to 20 characters in a second.
    const charsPerSecond = transcript.length / (audio.length / 24_000);
    expect(charsPerSecond).toBeGreaterThan(5);
    expect(charsPerSecond).toBeLessThan(30);
    expect(loudness(audio)).toBeGreaterThan(0.02);
  }
  expect(secure.app.ollama.requestsTo('/api/chat')).toEqual([]);
});
