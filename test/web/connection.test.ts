import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientEvent } from '../../src/protocol/client-events.ts';
import type { AgentEvent } from '../../web/src/realtime/agent-event.ts';
import { type ConnectionState, RealtimeConnection } from '../../web/src/realtime/connection.ts';
import { CannotConnect, NotNow } from '../../web/src/realtime/target.ts';
import { FakeSocket } from './fake-socket.ts';

const ASK: ClientEvent = {
  type: 'response.create',
  event_id: 'ask:1',
  response: { metadata: { turn: '1' } },
};
const APPEND: ClientEvent = { type: 'input_audio_buffer.append', audio: 'AAAA' };
const PLAYED: ClientEvent = {
  ...{ type: 'vivavoce.playback.reported', item_id: 'item_1' },
  ...{ audio_played_ms: 40, is_playing: true },
};
const UPDATE: ClientEvent = { type: 'session.update', session: { type: 'realtime' } };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function setUp(prepare: () => Promise<void> = async () => {}) {
  const sockets: FakeSocket[] = [];
  const states: ConnectionState[] = [];
  const events: AgentEvent[] = [];
  const connection = new RealtimeConnection({
    prepare: async () => {
      await prepare();
      return { url: 'ws://agent/new', protocols: ['realtime'] };
    },
    resumeTarget: ({ token, after, audio }) => ({
      url: `ws://agent/${token}/${after}${audio ? `/${audio.itemId}/${audio.endMs}` : ''}`,
      protocols: ['realtime'],
    }),
    createSocket: (target) => {
      const socket = new FakeSocket(target);
      sockets.push(socket);
      return socket;
    },
    onState: (state) => states.push(state),
    onEvent: (event) => events.push(event),
    random: () => 0,
  });
  /** The socket of the newest attempt. */
  const socket = () => {
    const newest = sockets.at(-1);
    if (!newest) throw new Error('The page has not tried to connect.');
    return newest;
  };
  const created = { type: 'session.created', sequence: 0, resume: { token: 'token', seconds: 60 } };
  /** Connects, to a session that can be resumed unless `first` says otherwise. */
  const open = async (first: object = created) => {
    connection.connect();
    await vi.advanceTimersByTimeAsync(0);
    socket().says(first);
  };
  return {
    ...{ connection, sockets, socket, states, events, open },
    status: () => states.at(-1)?.status,
    statuses: () => states.map(({ status }) => status).filter((status, i, all) => status !== all[i - 1]),
    heard: () => events.map(({ sequence }) => sequence),
  };
}

const event = (sequence: number) => ({ type: 'input_audio_buffer.cleared', sequence });
const resumed = { type: 'vivavoce.session.resumed', replayed: 0, last_event_id: null };
const refused = (code: string) => ({ type: 'error', error: { code, message: 'No.', event_id: null } });
const soon = () => vi.advanceTimersByTimeAsync(150);

describe('a connection', () => {
  it('is open when the session is there, and then sends and receives events', async () => {
    const { connection, socket, open, status, events } = setUp();
    connection.connect();
    expect(connection.send(UPDATE)).toBe(false);
    await open({ type: 'session.created' });
    expect(status()).toBe('open');
    expect(connection.send(UPDATE)).toBe(true);
    expect(socket().sent).toMatchObject([{ ...UPDATE, event_id: expect.any(String) }]);
    socket().says({ type: 'session.updated' });
    expect(events.map(({ type }) => type)).toEqual(['session.created', 'session.updated']);
  });

  it('comes back by itself when it is lost for good, and says so meanwhile', async () => {
    const { connection, sockets, socket, open, states, statuses } = setUp();
    await open({ type: 'session.created' });
    socket().ends(1006, 'the cable');
    expect(states.at(-1)).toMatchObject({ status: 'waiting', reason: 'Disconnected: the cable.' });
    expect(connection.send(UPDATE)).toBe(false);
    await vi.advanceTimersByTimeAsync(250);
    socket().says({ type: 'session.created' });
    expect(sockets).toHaveLength(2);
    expect(statuses()).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
  });

  it('tries again when the server cannot be asked, and later when it asks for time', async () => {
    const answers = [new Error('It does not answer.'), new NotNow('Too much to do.', 20_000)];
    const { connection, sockets, states, status } = setUp(async () => {
      const error = answers.shift();
      if (error) throw error;
    });
    connection.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toMatchObject({ status: 'waiting', reason: 'It does not answer.' });
    await vi.advanceTimersByTimeAsync(250);
    expect(states.at(-1)).toMatchObject({ status: 'waiting', reason: 'Too much to do.' });
    await vi.advanceTimersByTimeAsync(20_000);
    expect([status(), sockets.length]).toEqual(['waiting', 0]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(1);
  });

  it('waits longer every time as long as no session comes of it, and says what the server said', async () => {
    const { sockets, socket, open, states } = setUp();
    await open(refused('overloaded'));
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      socket().says(refused('overloaded'));
      socket().ends(1013);
      const state = states.at(-1);
      if (state?.status !== 'waiting') throw new Error('It should wait.');
      expect(state.reason).toBe('No.');
      const count = sockets.length;
      const sinceMs = Date.now();
      while (sockets.length === count) await vi.advanceTimersByTimeAsync(50);
      waits.push(Date.now() - sinceMs);
    }
    expect(waits).toEqual([250, 500, 1_000]);
  });

  it('does not try again by itself when it may not connect', async () => {
    const { connection, states } = setUp(async () => {
      throw new CannotConnect('A key is needed.');
    });
    connection.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toEqual({ status: 'closed', reason: 'A key is needed.' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes a server for gone that does not answer an event, or does not begin', async () => {
    const { connection, socket, open, states } = setUp();
    await open({ type: 'session.created' });
    connection.send(APPEND);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)?.status).toBe('open');
    connection.send(UPDATE);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(states.at(-1)).toMatchObject({ reason: 'The server does not answer any more.' });
    await vi.advanceTimersByTimeAsync(250);
    expect(socket().closedWith).toBeNull();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket().closedWith).not.toBeNull();
  });

  it('hears nothing more of a connection that was replaced', async () => {
    const { connection, sockets, open, events } = setUp();
    await open();
    connection.connect();
    await vi.advanceTimersByTimeAsync(0);
    sockets[0]?.says(event(1));
    sockets[0]?.ends();
    sockets[1]?.says({ type: 'session.created', sequence: 0 });
    expect(events.map(({ type }) => type)).toEqual(['session.created', 'session.created']);
  });
});

describe('a connection that was lost while the session goes on', () => {
  it('is back within a quarter of a second, with what was missed and nothing twice', async () => {
    const { connection, socket, open, status, statuses, heard } = setUp();
    await open();
    socket().says(event(1), event(2));
    socket().ends();
    expect(status()).toBe('resuming');
    await soon();
    expect(socket().url.pathname).toBe('/token/2');
    socket().says(event(2), event(3), event(4), resumed);
    expect(heard()).toEqual([0, 1, 2, 3, 4]);
    expect([status(), connection.isOpen]).toEqual(['open', true]);
    expect(statuses()).toEqual(['connecting', 'open', 'resuming', 'open']);
  });

  it('hears of audio, which has no number, as it comes, and says how much of it has', async () => {
    const { socket, open, events } = setUp();
    await open();
    const audio = { type: 'response.output_audio.delta', item_id: 'item_1' };
    const delta = (ms: number) => Buffer.alloc(ms * 48).toString('base64');
    socket().says({ ...audio, audio_offset_ms: 0, delta: delta(1_000) });
    socket().says(event(1), { ...audio, audio_offset_ms: 1_000, delta: delta(220) });
    expect(events).toHaveLength(4);
    socket().ends();
    await soon();
    expect(socket().url.pathname).toBe('/token/1/item_1/1220');
  });

  it('sends again what has no answer, under the same names, and nothing that has one', async () => {
    const { connection, socket, open } = setUp();
    await open();
    connection.send(UPDATE);
    socket().says({ type: 'session.updated', sequence: 1 });
    connection.send(APPEND);
    connection.send({ type: 'vivavoce.input.muted', muted: true });
    connection.send(ASK);
    const [, append, muted, ask] = socket().sent;
    socket().ends();
    await soon();
    expect(socket().sent).toEqual([]);
    socket().says(resumed);
    expect(socket().sent).toEqual([append, muted, ask]);
    expect(new Set(socket().sent.map(({ event_id: id }) => id)).size).toBe(3);
  });

  it('does not send again what the server says has arrived', async () => {
    const { connection, socket, open } = setUp();
    await open();
    connection.send(APPEND);
    connection.send({ type: 'vivavoce.input.muted', muted: true });
    connection.send(APPEND);
    connection.send(APPEND);
    const { sent } = socket();
    socket().ends();
    await soon();
    socket().says({ ...resumed, last_event_id: sent[2]?.event_id });
    expect(socket().sent).toEqual(sent.slice(3));
  });

  it('does not send again what the replay answers', async () => {
    const { connection, socket, open } = setUp();
    await open();
    connection.send({ type: 'vivavoce.input.muted', muted: true });
    connection.send(ASK);
    socket().ends();
    await soon();
    socket().says({
      type: 'response.created',
      sequence: 1,
      response: { id: 'resp_1', metadata: { turn: '1' } },
    });
    socket().says(resumed);
    expect(socket().sent).toEqual([]);
  });

  it('does not take an answer that the server began by itself for its own', async () => {
    const { connection, socket, open } = setUp();
    await open();
    connection.send(ASK);
    socket().says({ type: 'response.created', sequence: 1, response: { id: 'resp_1', metadata: null } });
    socket().ends();
    await soon();
    socket().says(resumed);
    expect(socket().sent).toEqual([ASK]);
  });

  it('keeps what is said and done during the outage, in its order, but for what was about one moment', async () => {
    const { connection, socket, open } = setUp();
    await open();
    socket().ends();
    expect(connection.send(APPEND)).toBe(true);
    expect(connection.send(PLAYED)).toBe(false);
    expect(connection.send(UPDATE)).toBe(true);
    expect(connection.send(APPEND)).toBe(true);
    await soon();
    socket().says(resumed);
    expect(socket().sent).toMatchObject([APPEND, UPDATE, APPEND]);
  });

  it('is not taken for stuck while half a minute of late speech leaves', async () => {
    const { connection, socket, open, status } = setUp();
    await open();
    const second: ClientEvent = { type: 'input_audio_buffer.append', audio: 'A'.repeat(64_000) };
    socket().ends();
    for (let i = 0; i < 30; i++) connection.send(second);
    await soon();
    socket().says(resumed);
    socket().bufferedAmount = 30 * 64_100;
    expect(connection.send(APPEND)).toBe(true);
    socket().bufferedAmount = 0;
    connection.send(APPEND);
    expect(status()).toBe('open');
    // Not late any more: nobody takes it.
    socket().bufferedAmount = 1_000_001;
    connection.send(APPEND);
    expect(status()).toBe('resuming');
  });

  it('comes back when something is missing between two events, or the server is silent', async () => {
    const { connection, socket, open, heard, status } = setUp();
    await open();
    socket().says(event(2));
    expect(heard()).toEqual([0]);
    // Not as if the session were over.
    expect([status(), socket().closedWith]).toEqual(['resuming', 4000]);
    await soon();
    socket().says(event(1), event(2), resumed);
    expect(heard()).toEqual([0, 1, 2]);
    connection.send(UPDATE);
    await vi.advanceTimersByTimeAsync(10_000 + 150);
    expect(socket().url.pathname).toBe('/token/2');
  });

  it('comes back when an answer stops in the middle, and is patient where nothing is to come', async () => {
    const { socket, sockets, open, statuses } = setUp();
    await open();
    socket().says({ type: 'response.created', sequence: 1, response: { id: 'resp_1', metadata: null } });
    await vi.advanceTimersByTimeAsync(19_000);
    socket().says(event(2));
    await vi.advanceTimersByTimeAsync(19_000);
    expect(statuses()).toEqual(['connecting', 'open']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(statuses()).toEqual(['connecting', 'open', 'resuming']);
    await soon();
    expect(socket().url.pathname).toBe('/token/2');
    socket().says({ type: 'response.done', sequence: 3, response: { id: 'resp_1' } }, resumed);
    await vi.advanceTimersByTimeAsync(600_000);
    expect([sockets.length, statuses().at(-1)]).toEqual([2, 'open']);
  });

  it('tries for as long as the session is kept, and then begins anew', async () => {
    const { sockets, socket, open, statuses } = setUp();
    await open();
    socket().ends();
    const lostAtMs = Date.now();
    while (!statuses().includes('connecting', 2)) {
      await vi.advanceTimersByTimeAsync(50);
      if (socket().url.pathname !== '/new') socket().ends();
      if (Date.now() - lostAtMs > 90_000) break;
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(socket().url.pathname).toBe('/new');
    expect(Date.now() - lostAtMs).toBeGreaterThanOrEqual(60_000);
    expect(statuses()).toEqual(['connecting', 'open', 'resuming', 'connecting']);
    expect(sockets.length).toBeLessThan(20);
  });

  it.each(['resume_token_unknown', 'resume_too_late'])('begins anew at once behind %s', async (code) => {
    const { connection, socket, open, events, status } = setUp();
    await open();
    connection.send(ASK);
    socket().ends();
    await soon();
    socket().says(refused(code));
    await vi.advanceTimersByTimeAsync(0);
    expect([socket().url.pathname, status()]).toEqual(['/new', 'connecting']);
    socket().says({ type: 'session.created', sequence: 0 });
    // The new session knows nothing of what the old one was asked, and nobody is told of the refusal.
    expect(socket().sent).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['session.created', 'session.created']);
  });

  it('begins anew at once when the close says that there is no way back', async () => {
    const { socket, open } = setUp();
    await open();
    socket().ends();
    await soon();
    socket().ends(4404);
    await vi.advanceTimersByTimeAsync(0);
    expect(socket().url.pathname).toBe('/new');
  });

  it.each([1000, 1012, 4410])('does not look for a session that is over: %d', async (code) => {
    const { socket, open, status } = setUp();
    await open();
    socket().ends(code);
    expect(status()).toBe('waiting');
    await vi.advanceTimersByTimeAsync(250);
    expect(socket().url.pathname).toBe('/new');
  });

  it('leaves a server that has too much to do alone for a while', async () => {
    const { sockets, socket, open } = setUp();
    await open();
    socket().ends(1013);
    await vi.advanceTimersByTimeAsync(499);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket().url.pathname).toBe('/token/0');
  });

  it('stays away when the session goes on elsewhere, until the person wants it back', async () => {
    const { connection, socket, open, states } = setUp();
    await open();
    socket().ends(4409);
    expect(states.at(-1)).toEqual({ status: 'closed', reason: 'This conversation goes on elsewhere.' });
    await vi.advanceTimersByTimeAsync(120_000);
    connection.retry();
    await vi.advanceTimersByTimeAsync(0);
    expect(socket().url.pathname).toBe('/new');
  });

  it('does not wait for a missed answer where the system has no network', async () => {
    const { connection, socket, open, status } = setUp();
    await open();
    connection.send(APPEND);
    const [append] = socket().sent;
    connection.networkIsGone();
    expect([status(), socket().closedWith]).toEqual(['resuming', 4000]);
    connection.networkIsGone();
    await soon();
    socket().says(resumed);
    expect(socket().sent).toEqual([append]);
  });

  it('comes back at once when the person or the network says so', async () => {
    const { connection, sockets, socket, open } = setUp();
    await open();
    socket().ends();
    connection.retry();
    expect(socket().url.pathname).toBe('/token/0');
    socket().says(resumed);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sockets).toHaveLength(2);
  });
});
