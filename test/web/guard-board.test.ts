import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestGuard } from '../../src/protocol/rest-guards.ts';
import { RestClient } from '../../web/src/api/rest-client.ts';
import { GuardBoard } from '../../web/src/guards/guard-board.ts';
import { guardColour, guarded, guardWord } from '../../web/src/guards/guard-texts.ts';

function guard(id: string, given: Partial<RestGuard> = {}): RestGuard {
  const counters = { calls: 0, successes: 0, failures: 0, timeouts: 0, rejected: 0, running: 0, waiting: 0 };
  return { id, state: 'closed', is_held: false, reason: null, since: 0, threshold: 5, ...counters, ...given };
}

describe('the board of the guards', () => {
  let server: Server;
  let board: GuardBoard;
  /** What the server answers besides its guards. */
  let refusal: number | null;

  beforeEach(async () => {
    refusal = null;
    let guards = [guard('llm:ollama'), guard('tts:flite')];
    const app = express();
    app.use((_request, response, next) => {
      if (refusal === null) next();
      else response.status(refusal).json({ error: { message: 'No.' } });
    });
    app.get('/v1/guards', (_request, response) => void response.json({ object: 'list', data: guards }));
    app.post('/v1/guards/:id/:what', ({ params }, response) => {
      const isHeld = params.what === 'open';
      const changed = guard(params.id, { state: isHeld ? 'open' : 'closed', is_held: isHeld });
      guards = guards.map((other) => (other.id === changed.id ? changed : other));
      response.json(changed);
    });
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    board = new GuardBoard(new RestClient({ baseUrl, token: () => null, onUnauthorized: () => undefined }));
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const states = () => board.state.current.guards?.map(({ id, state }) => `${id} ${state}`);

  it('shows them, opens one, and resets it', async () => {
    await board.refresh();
    expect(states()).toEqual(['llm:ollama closed', 'tts:flite closed']);
    await board.open('llm:ollama');
    expect(states()).toEqual(['llm:ollama open', 'tts:flite closed']);
    expect(board.state.current.guards?.[0]?.is_held).toBe(true);
    await board.reset('llm:ollama');
    await board.refresh();
    expect(states()).toEqual(['llm:ollama closed', 'tts:flite closed']);
  });

  it('shows none to who may not operate the server', async () => {
    await board.refresh();
    refusal = 403;
    await board.refresh();
    expect(board.state.current).toEqual({ guards: null, problem: null });
  });

  it('says so when they cannot be asked, and keeps what it has', async () => {
    await board.refresh();
    refusal = 500;
    await board.open('llm:ollama');
    expect(board.state.current.problem).toBe('No.');
    expect(states()).toHaveLength(2);
  });
});

describe('the words for a guard', () => {
  it('name the part and the engine', () => {
    expect(guarded('llm:ollama')).toEqual({ part: 'Language model', engine: 'ollama' });
  });

  it('say whether calls go through, and who decided it', () => {
    const words = (given: Partial<RestGuard>) => {
      const one = guard('llm:ollama', given);
      return [guardWord(one), guardColour(one)];
    };
    expect(words({})).toEqual(['closed', 'ready']);
    expect(words({ state: 'half-open' })).toEqual(['trying again', 'degraded']);
    expect(words({ state: 'open' })).toEqual(['open', 'failed']);
    expect(words({ state: 'open', is_held: true })).toEqual(['held open', 'failed']);
  });
});
