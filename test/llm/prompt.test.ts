import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../src/llm/chat-model.ts';
import { buildPrompt, newestTurn, trimInBlocks } from '../../src/llm/prompt.ts';

const user = (text: string): ChatMessage => ({ role: 'user', text });
const agent = (text: string): ChatMessage => ({ role: 'assistant', text });
const sizeOf = ({ text }: ChatMessage) => text.length;

/** How many messages two prompts have in common at their beginning: what an engine need not compute again. */
function commonPrefix(a: readonly ChatMessage[], b: readonly ChatMessage[]): number {
  const differs = a.findIndex((message, index) => JSON.stringify(message) !== JSON.stringify(b[index]));
  return differs === -1 ? a.length : differs;
}

describe('a prompt', () => {
  it('begins with the persona and the history, and has what is true only now just before the newest words', () => {
    const history = [user('a'), agent('b'), user('c')];
    expect(
      buildPrompt({
        summary: null,
        instructions: 'Be kind.',
        history,
        notes: ['It is noon.', 'Ada is here.'],
      }),
    ).toEqual([
      { role: 'system', text: 'Be kind.' },
      user('a'),
      agent('b'),
      { role: 'system', text: 'It is noon.\nAda is here.' },
      user('c'),
    ]);
  });

  it('keeps the notes before the question while a tool is being called for it', () => {
    const call = { callId: '1', name: 'f', arguments: '{}' };
    const history: ChatMessage[] = [
      user('a'),
      { role: 'assistant', text: '', toolCalls: [call] },
      { role: 'tool', callId: '1', name: 'f', text: '4' },
    ];
    const prompt = buildPrompt({ summary: null, instructions: '', history, notes: ['now'] });
    expect(prompt.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
  });

  it('has no empty parts', () => {
    expect(buildPrompt({ summary: null, instructions: '', history: [], notes: [] })).toEqual([]);
  });

  it('shares all but the newest notes with the prompt of the turn before', () => {
    const first = buildPrompt({
      instructions: 'P',
      summary: null,
      history: [user('a'), agent('b'), user('c')],
      notes: ['1'],
    });
    const second = buildPrompt({
      instructions: 'P',
      summary: null,
      history: [user('a'), agent('b'), user('c'), agent('d'), user('e')],
      notes: ['2'],
    });
    expect(commonPrefix(first, second)).toBe(3);
  });
});

describe('trimming', () => {
  it('leaves a history alone that fits', () => {
    const history = [user('aaa'), agent('bbb')];
    expect(trimInBlocks(history, 6, sizeOf)).toEqual(history);
  });

  it('cuts rarely, so that most turns only append', () => {
    const history: ChatMessage[] = [];
    let cuts = 0;
    let before: readonly ChatMessage[] = [];
    for (let turn = 0; turn < 200; turn++) {
      history.push(user(`question ${turn}`), agent(`answer ${turn}`));
      const window = trimInBlocks(history, 1_000, sizeOf);
      if (commonPrefix(before, window) < before.length) cuts++;
      before = window;
    }
    expect(cuts).toBeGreaterThan(0);
    expect(cuts).toBeLessThan(12);
  });

  it('keeps the question and the call of a tool output that is over the budget alone', () => {
    const turn: ChatMessage[] = [
      user('c'),
      { role: 'assistant', text: '', toolCalls: [{ callId: '1', name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: '1', name: 'f', text: 'x'.repeat(100) },
    ];
    expect(trimInBlocks([user('a'), agent('b'), ...turn], 10, sizeOf)).toEqual(turn);
    expect(newestTurn([user('a'), agent('b'), ...turn])).toEqual(turn);
  });

  it('cuts nothing where there is no user message to cut before', () => {
    const history = [agent('aaaa'), agent('bbbb')];
    expect(trimInBlocks(history, 2, sizeOf)).toEqual(history);
    expect(newestTurn(history)).toEqual(history);
  });

  it('keeps all of the newest turn, begins with words of the user, and fits when that turn does', () => {
    const text = fc.string({ maxLength: 40 });
    const message: fc.Arbitrary<ChatMessage> = fc.oneof(
      text.map(user),
      text.map(agent),
      text.map((output): ChatMessage => ({ role: 'tool', callId: '1', name: 'f', text: output })),
    );
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1 }),
        fc.integer({ min: 0, max: 200 }),
        (history, budget) => {
          const window = trimInBlocks(history, budget, sizeOf);
          const newest = newestTurn(history);
          expect(history.slice(history.length - window.length)).toEqual(window);
          expect(window.slice(window.length - newest.length)).toEqual(newest);
          if (window.length < history.length) expect(window[0]?.role).toBe('user');
          const size = window.reduce((sum, entry) => sum + sizeOf(entry), 0);
          if (window.length > newest.length) expect(size).toBeLessThanOrEqual(budget);
        },
      ),
    );
  });
});
