import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentSession } from '../../web/src/agent/agent-session.ts';
import { ConversationList } from '../../web/src/agent/conversation-list.ts';
import { followConversation } from '../../web/src/agent/follow-conversation.ts';
import type { StorageLike } from '../../web/src/api/access.ts';
import { ScheduledPlayer } from '../../web/src/audio/scheduled-player.ts';
import type { ChatState } from '../../web/src/chat/chat-state.ts';
import type { Target } from '../../web/src/realtime/target.ts';
import { RunningApp } from '../support/running-app.ts';
import { FakeAudioContext } from './fake-audio-context.ts';

class FakeStorage implements StorageLike {
  readonly #values = new Map<string, string>();

  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }

  removeItem(key: string): void {
    this.#values.delete(key);
  }
}

/** What the page does, against the service itself; only the loudspeaker is not real. */
describe('the session of the page', () => {
  let service: RunningApp;
  let session: AgentSession;
  let list: ConversationList;
  let audio: FakeAudioContext;
  let socket: WebSocket | null = null;
  let ids = 0;

  beforeAll(async () => {
    service = await RunningApp.start();
  }, 60_000);

  afterAll(async () => {
    await service[Symbol.asyncDispose]();
  });

  beforeEach(() => {
    service.ollama.reply = 'Hello from the stand-in.';
    service.speech.requests.length = 0;
    audio = new FakeAudioContext({ state: 'running', outputLatency: 0 });
    session = openSession();
    session.open(null);
  });

  afterEach(() => {
    session[Symbol.dispose]();
  });

  function openSession(tabStorage: StorageLike = new FakeStorage(), origin = service.url): AgentSession {
    const made = new AgentSession({
      origin,
      createSocket: ({ url, protocols }: Target) => {
        socket = new WebSocket(url, [...protocols]);
        return socket;
      },
      openOutput: (events) => new ScheduledPlayer({ ...events, createContext: () => audio }),
      openCapture: () => Promise.reject(new Error('there is no microphone in this test')),
      tabStorage,
      storage: new FakeStorage(),
      newId: () => `item_of_page_${++ids}`,
    });
    list = new ConversationList(made.doorway.rest);
    followConversation(made, list);
    made.output.unlock();
    return made;
  }

  /** Resolves when `condition` holds of the conversation. */
  async function until(condition: (chat: ChatState) => boolean): Promise<void> {
    await watch([session.chat, session.connection, session.doorway.keyRequest, session.output.playback], () =>
      condition(session.chat.current),
    );
  }

  async function watch(
    values: readonly { subscribe(listener: () => void): () => void }[],
    condition: () => boolean,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (condition()) resolve();
    };
    const ends = values.map((value) => value.subscribe(look));
    look();
    await promise;
    for (const end of ends) end();
  }

  const isOpen = () => session.connection.current.status === 'open';
  const answers = (chat: ChatState) => chat.entries.filter((entry) => entry.kind === 'agent');
  const hasAnswered = (count: number) => (chat: ChatState) =>
    chat.responseId === null && answers(chat).filter(({ trace }) => trace !== null).length === count;
  const texts = (chat: ChatState) =>
    chat.entries.map((entry) => ('text' in entry ? `${entry.kind}: ${entry.text}` : entry.kind));

  it('asks, reads and hears', async () => {
    service.ollama.reply = 'Good morning.';
    session.say('Hello');
    await until(hasAnswered(1));
    expect(texts(session.chat.current)).toEqual(['user: Hello', 'agent: Good morning.']);
    expect(audio.scheduled.length).toBeGreaterThan(0);
    audio.advance(60);
    expect(session.output.playback.current.audibleSamples).toBeGreaterThan(0);
  });

  it('keeps what is said before there is a connection, and sends it once', async () => {
    session.say('First');
    session.say('Second');
    expect(session.chat.current.entries).toMatchObject([{ state: 'queued' }, { state: 'queued' }]);
    await until(hasAnswered(1));
    expect(texts(session.chat.current)).toEqual([
      'user: First',
      'user: Second',
      'agent: Hello from the stand-in.',
    ]);
  });

  it('tells the server what was heard of an answer that it stopped', async () => {
    service.ollama.reply = 'One two three four five six seven eight nine ten.';
    session.say('Count');
    await until(hasAnswered(1));
    audio.advance(0.5);
    session.stop();
    expect(session.output.playback.current.state).toBe('idle');
    await until((chat) => answers(chat)[0]?.heard !== null);
    const heard = answers(session.chat.current)[0]?.heard ?? '';
    expect(heard).toMatch(/^One/);
    expect(heard.length).toBeLessThan(30);
    session.say('Go on');
    const request = await service.asked('Go on');
    expect(request.body.messages).toContainEqual(
      expect.objectContaining({ role: 'assistant', content: expect.not.stringContaining('ten') }),
    );
    await until(hasAnswered(2));
  });

  it('ends the answer that is being written when the next message comes', async () => {
    service.ollama.reply = (body) =>
      JSON.stringify(body.messages).includes('Shorter')
        ? 'Done.'
        : {
            text: 'A very long answer that does not come to an end.',
            fault: { kind: 'stall', afterTokens: 5 },
          };
    session.say('Tell me everything');
    await until((chat) => (answers(chat)[0]?.text.length ?? 0) > 5);
    session.say('Shorter');
    await until((chat) => answers(chat).at(-1)?.text === 'Done.' && chat.responseId === null);
    expect(answers(session.chat.current)[0]).toMatchObject({ ending: 'stopped', status: 'incomplete' });
    expect(session.chat.current.entries.some(({ kind }) => kind === 'problem')).toBe(false);
  });

  it('asks for text only while the voice is off', async () => {
    await until(isOpen);
    session.setVoice(false);
    session.say('Hello');
    await until(hasAnswered(1));
    expect(audio.scheduled).toEqual([]);
    expect(service.speech.requests).toEqual([]);
  });

  it('goes on in the same conversation after the session ended', async () => {
    session.say('Before');
    await until(hasAnswered(1));
    const id = session.chat.current.conversationId;
    socket?.close(1000);
    await until(() => session.connection.current.status === 'waiting');
    session.say('After');
    await until((chat) => chat.responseId === null && answers(chat).length === 2 && !chat.isAsked);
    await until((chat) => answers(chat)[1]?.status === 'completed');
    expect(session.chat.current.conversationId).toBe(id);
    const { data } = await session.doorway.rest.items(id ?? '');
    expect(data.map((item) => item.type === 'message' && item.role).reverse()).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
    ]);
  });

  it('gives a conversation its title, lists it, and opens it again', async () => {
    session.say('What is a viva voce?');
    await until(hasAnswered(1));
    const { conversationId } = session.chat.current;
    const listed = () => list.state.current.conversations.find(({ id }) => id === conversationId);
    await watch([list.state], () => listed()?.metadata.title !== undefined);
    expect(listed()?.metadata.title).toBe('What is a viva voce?');
    audio.advance(60);
    session.open(null);
    await until(isOpen);
    expect(session.chat.current.entries).toEqual([]);
    session.open(conversationId);
    await until((chat) => isOpen() && chat.entries.length === 2);
    expect(texts(session.chat.current)).toEqual([
      'user: What is a viva voce?',
      'agent: Hello from the stand-in.',
    ]);
    await list.delete(conversationId ?? '');
    expect(listed()).toBeUndefined();
  });

  it('says so when the conversation that it should open is gone', async () => {
    session.open('conv_that_is_gone');
    await until((chat) => isOpen() && chat.conversationId !== null);
    expect(session.chat.current.entries).toMatchObject([
      { kind: 'problem', text: expect.stringContaining('does not exist any more') },
    ]);
    session.say('Hello');
    await until(hasAnswered(1));
    expect(session.chat.current.conversationId).not.toBe('conv_that_is_gone');
  });

  it('shows in plain words that the model failed', async () => {
    service.ollama.reply = { fault: { kind: 'status', status: 500, message: 'out of memory' } };
    session.say('Hello');
    await until((chat) => chat.entries.some(({ kind }) => kind === 'problem') && chat.responseId === null);
    expect(session.chat.current.entries.at(-1)).toMatchObject({ kind: 'problem' });
  });

  it('asks for a key once, keeps only the token, and asks again when that is not valid any more', async () => {
    await using locked = await RunningApp.start({ env: { API_KEYS: 'alice:alices-own-key' } });
    const storage = new FakeStorage();
    session[Symbol.dispose]();
    session = openSession(storage, locked.url);
    session.open(null);
    await until(() => session.doorway.keyRequest.current !== null);
    await expect(session.doorway.signIn('not-a-key-of-this')).rejects.toMatchObject({ status: 401 });
    await session.doorway.signIn('alices-own-key');
    await until(isOpen);
    expect(session.doorway.keyRequest.current).toBeNull();
    expect(storage.getItem('vivavoce.access')).toContain('ek_');
    expect(storage.getItem('vivavoce.access')).not.toContain('alices-own-key');

    const forged = JSON.stringify({ value: 'ek_of-another-time', expiresAtMs: Date.now() + 60_000 });
    storage.setItem('vivavoce.access', forged);
    await expect(session.doorway.rest.conversations(null, 10)).rejects.toMatchObject({ status: 401 });
    await until(() => session.doorway.keyRequest.current !== null);
    expect(session.doorway.keyRequest.current?.message).toContain('expired');
    expect(storage.getItem('vivavoce.access')).toBeNull();

    // An answer to a request from before the new sign-in says nothing about it.
    storage.setItem('vivavoce.access', forged);
    const late = session.doorway.rest.conversations(null, 10);
    storage.removeItem('vivavoce.access');
    const refused = expect(late).rejects.toMatchObject({ status: 401 });
    const [, fresh] = await Promise.all([
      refused,
      session.doorway.signIn('alices-own-key').then(() => session.doorway.access.token),
    ]);
    expect(session.doorway.access.token).toBe(fresh);
    expect(fresh).toMatch(/^ek_/);
    session[Symbol.dispose]();
  });

  it('goes on where it was with a key that may talk and not read', async () => {
    await using locked = await RunningApp.start({
      env: { API_KEYS: 'alice:alices-own-key', API_KEY_SCOPES: 'alice:talk' },
    });
    session[Symbol.dispose]();
    session = openSession(new FakeStorage(), locked.url);
    session.open(null);
    await until(() => session.doorway.keyRequest.current !== null);
    await session.doorway.signIn('alices-own-key');
    session.say('Before');
    await until(hasAnswered(1));
    socket?.close(1000);
    await until(() => session.connection.current.status === 'waiting');
    session.say('After');
    await until(hasAnswered(2));
    expect(answers(session.chat.current)).toHaveLength(2);
    expect(session.chat.current.entries.some(({ kind }) => kind === 'problem')).toBe(false);
    session[Symbol.dispose]();
  });

  it('drops a token that a server without keys does not know', async () => {
    const storage = new FakeStorage();
    storage.setItem(
      'vivavoce.access',
      JSON.stringify({ value: 'ek_of-another-time', expiresAtMs: Date.now() + 60_000 }),
    );
    session[Symbol.dispose]();
    session = openSession(storage);
    session.open(null);
    await until(isOpen);
    expect(session.doorway.keyRequest.current).toBeNull();
  });
});
