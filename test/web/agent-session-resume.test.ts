import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientEvent } from '../../src/protocol/client-events.ts';
import { AgentSession } from '../../web/src/agent/agent-session.ts';
import { ScheduledPlayer } from '../../web/src/audio/scheduled-player.ts';
import type { ChatState } from '../../web/src/chat/chat-state.ts';
import { FakeAudioContext } from './fake-audio-context.ts';
import { FakeSocket } from './fake-socket.ts';

const SECOND = Buffer.alloc(48_000, 1).toString('base64');

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A page in a conversation whose answer is being made and heard. */
async function setUp() {
  const sockets: FakeSocket[] = [];
  const audio = new FakeAudioContext({ state: 'running', outputLatency: 0 });
  /** What the store has of the conversation, newest first. */
  const stored: object[] = [];
  vi.stubGlobal('fetch', async (url: string) =>
    Response.json(url.endsWith('/readyz') ? { engines: [] } : { data: stored, has_more: false }),
  );
  const storage = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
  let ids = 0;
  const session = new AgentSession({
    origin: 'http://agent',
    createSocket: (target) => {
      const socket = new FakeSocket(target);
      sockets.push(socket);
      return socket;
    },
    openOutput: (events) => new ScheduledPlayer({ ...events, createContext: () => audio }),
    openCapture: () => Promise.reject(new Error('there is no microphone in this test')),
    tabStorage: storage,
    storage,
    newId: () => `item_of_page_${++ids}`,
  });
  let sequence = 0;
  const server = {
    /** The socket of the newest attempt. */
    get socket(): FakeSocket {
      return sockets.at(-1) as FakeSocket;
    },
    /** Sends an event with the next number of the session. */
    says: (event: object) => server.socket.says({ ...event, sequence: sequence++ }),
    /** Makes an event that is lost on its way. Returns it. */
    loses: (event: object) => ({ ...event, sequence: sequence++ }),
    speaks: (offsetMs: number) =>
      server.socket.says({
        ...{ type: 'response.output_audio.delta', response_id: 'resp_1', item_id: 'item_1' },
        ...{ delta: SECOND, audio_offset_ms: offsetMs },
      }),
    comesBack: async (...missed: object[]) => {
      await vi.advanceTimersByTimeAsync(250);
      server.socket.says(...missed, { type: 'vivavoce.session.resumed', replayed: missed.length });
    },
    sent: <Type extends ClientEvent['type']>(type: Type) =>
      server.socket.sent.filter((event) => event.type === type),
  };
  session.output.unlock();
  session.open(null);
  await vi.advanceTimersByTimeAsync(0);
  server.says({ type: 'session.created', resume: { token: 'token', seconds: 60 } });
  server.says({ type: 'conversation.created', conversation: { id: 'conv_1' } });
  server.says({ type: 'session.updated' });
  session.say('Hello');
  const [create] = server.sent('conversation.item.create');
  const [ask] = server.sent('response.create');
  if (create?.type !== 'conversation.item.create' || ask?.type !== 'response.create') throw new Error();
  const user = { ...create.item, content: [{ type: 'input_text', text: 'Hello' }] };
  const metadata = ask.response?.metadata ?? null;
  const item = { id: 'item_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
  return {
    ...{ session, server, sockets, audio, stored, ask },
    begin: () => {
      server.says({ type: 'conversation.item.added', item: user });
      server.says({ type: 'conversation.item.done', item: user });
      server.says({ type: 'response.created', response: { id: 'resp_1', metadata } });
      server.says({ type: 'response.output_item.added', response_id: 'resp_1', item });
      server.says(words('One two '));
      server.speaks(0);
    },
  };
}

const words = (delta: string) => ({
  ...{ type: 'response.output_audio_transcript.delta', response_id: 'resp_1', item_id: 'item_1' },
  delta,
});
const done = {
  type: 'response.done',
  response: { id: 'resp_1', status: 'completed', status_details: null, output: [{}] },
};

const answer = ({ entries }: ChatState) => entries.findLast((entry) => entry.kind === 'agent');

describe('the session of the page, cut off in the middle of an answer', () => {
  it('says how far it has the audio, also when none of it came', async () => {
    const { server, begin } = await setUp();
    const place = () => ['audio_item', 'audio_ms'].map((name) => server.socket.url.searchParams.get(name));
    server.socket.ends();
    await server.comesBack();
    expect(place()).toEqual(['none', '0']);
    begin();
    server.socket.ends();
    await server.comesBack();
    expect(place()).toEqual(['item_1', '1000']);
  });

  it('goes on in the same answer as if nothing had been', async () => {
    const { session, server, audio, begin } = await setUp();
    begin();
    server.socket.ends();
    const missed = server.loses(words('three '));
    expect(session.connection.current.status).toBe('resuming');
    expect(answer(session.chat.current)).toMatchObject({ status: 'in_progress', text: 'One two ' });
    // What has come is heard to its end.
    audio.advance(0.5);
    expect(session.output.playback.current.state).toBe('playing');
    await server.comesBack(missed);
    server.says(words('four.'));
    server.says(done);
    expect(session.connection.current.status).toBe('open');
    expect(answer(session.chat.current)).toMatchObject({
      ...{ status: 'completed', text: 'One two three four.', ending: null },
    });
    // Nothing of the session has to be told again.
    expect(server.sent('session.update')).toEqual([]);
    expect(server.sent('response.create')).toEqual([]);
  });

  it('plays on behind what was skipped, and says where it was stopped', async () => {
    const { session, server, audio, begin } = await setUp();
    begin();
    server.socket.ends();
    audio.advance(5);
    await server.comesBack();
    expect(server.sent('vivavoce.playback.reported')).toMatchObject([
      { item_id: 'item_1', audio_played_ms: 1_000, is_playing: false },
    ]);
    const gap = { item_id: 'item_1', audio_start_ms: 1_000, audio_end_ms: 4_000 };
    server.says({ type: 'vivavoce.audio.skipped', response_id: 'resp_1', ...gap });
    server.speaks(4_000);
    audio.advance(0.53);
    session.stop();
    expect(server.sent('response.cancel')).toMatchObject([{ response_id: 'resp_1' }]);
    expect(server.sent('conversation.item.truncate')).toMatchObject([
      { item_id: 'item_1', audio_end_ms: 4_500 },
    ]);
  });

  it('asks again under the same name when the asking did not arrive, and not when it did', async () => {
    const { session, server, ask, begin } = await setUp();
    server.socket.ends();
    await server.comesBack();
    expect(server.sent('response.create')).toEqual([ask]);
    begin();
    server.socket.ends();
    await server.comesBack();
    expect(server.sent('response.create')).toEqual([]);
    expect(session.chat.current.entries).toHaveLength(2);
  });

  it('keeps what is written meanwhile, ends the answer first, and sends it once', async () => {
    const { session, server, begin } = await setUp();
    begin();
    server.socket.ends();
    session.say('Stop, something else');
    expect(session.chat.current.entries.at(-1)).toMatchObject({ kind: 'user', state: 'queued' });
    expect(session.output.playback.current.state).toBe('idle');
    await server.comesBack();
    expect(server.socket.sent.map(({ type }) => type)).toEqual([
      'response.cancel',
      'conversation.item.truncate',
      'vivavoce.playback.reported',
      'conversation.item.create',
      'response.create',
    ]);
    expect(session.chat.current.entries.at(-1)).toMatchObject({ state: 'sent' });
  });

  it('takes the word of the store when the session is gone', async () => {
    const { session, server, stored, begin } = await setUp();
    begin();
    stored.push({
      ...{ id: 'item_1', type: 'message', role: 'assistant', status: 'incomplete' },
      content: [{ type: 'output_text', text: 'One two' }],
    });
    server.socket.ends();
    await vi.advanceTimersByTimeAsync(250);
    const error = { code: 'resume_token_unknown', message: 'No.', event_id: null };
    server.socket.says({ type: 'error', error });
    server.socket.ends(4404);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.socket.url.searchParams.get('conversation')).toBe('conv_1');
    server.socket.says({ type: 'session.created', sequence: 0 });
    expect(answer(session.chat.current)).toMatchObject({ status: 'incomplete', ending: 'stopped' });
    expect(session.chat.current.entries.some(({ kind }) => kind === 'problem')).toBe(false);
    expect(server.sent('session.update')).toHaveLength(1);
  });

  it('does not go back to it when another conversation is opened', async () => {
    const { session, server, sockets, begin } = await setUp();
    begin();
    server.socket.ends();
    session.open(null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.some(({ url }) => url.searchParams.has('resume'))).toBe(false);
    expect(session.chat.current.entries).toEqual([]);
  });
});
