import { describe, expect, it } from 'vitest';
import { offlineAdvice, offlineModel, worstState } from '../../web/src/chat/engines.ts';
import { agentEntry, type Recall } from '../../web/src/chat/entry.ts';
import { recallNote, recallSummary } from '../../web/src/chat/recall-summary.ts';
import { endingNote, segmentsOf } from '../../web/src/chat/segments.ts';
import { titleFrom } from '../../web/src/chat/title.ts';
import { duration, traceSummary } from '../../web/src/chat/trace-summary.ts';
import { dateLabel } from '../../web/src/components/labels.ts';
import { backoffMs } from '../../web/src/realtime/backoff.ts';

describe('the title of a conversation', () => {
  it('is the first message on one line', () => {
    expect(titleFrom('  Hello\n  there ')).toBe('Hello there');
  });

  it('is cut between words to 60 characters', () => {
    const title = titleFrom('Could you please tell me how many planets there are around our sun today?');
    expect(title).toBe('Could you please tell me how many planets there are around…');
    expect(title.length).toBeLessThanOrEqual(60);
  });

  it('cuts one long word without breaking a character', () => {
    const title = titleFrom('🎻'.repeat(100));
    expect([...title]).toHaveLength(60);
    expect(title.isWellFormed()).toBe(true);
  });
});

describe('the marks on an answer', () => {
  const plain = { heard: null, skipped: [] };

  it('are none where everything was heard', () => {
    expect(segmentsOf({ ...plain, text: 'All.' })).toEqual([{ text: 'All.', mark: 'plain', reason: null }]);
    expect(segmentsOf({ ...plain, text: '' })).toEqual([]);
  });

  it('tell the unheard from the heard', () => {
    expect(segmentsOf({ ...plain, text: 'One two', heard: 'One' }).map(({ mark }) => mark)).toEqual([
      'plain',
      'unheard',
    ]);
    expect(segmentsOf({ ...plain, text: 'One', heard: '' }).map(({ mark }) => mark)).toEqual(['unheard']);
  });

  it('find every piece that was not spoken, also when it is there twice', () => {
    const skipped = [
      { text: '你好', reason: 'no voice' },
      { text: '你好', reason: 'no voice' },
    ];
    const segments = segmentsOf({ text: 'Say 你好, again 你好!', heard: null, skipped });
    expect(segments.map(({ text, mark }) => [text, mark])).toEqual([
      ['Say ', 'plain'],
      ['你好', 'skipped'],
      [', again ', 'plain'],
      ['你好', 'skipped'],
      ['!', 'plain'],
    ]);
  });

  it('never lose or double a character', () => {
    const text = 'aXbXc';
    for (const heard of [null, '', 'a', 'aX', 'aXb', text]) {
      const segments = segmentsOf({
        text,
        heard,
        skipped: [
          { text: 'X', reason: '' },
          { text: 'Xc', reason: '' },
        ],
      });
      expect(segments.map((segment) => segment.text).join('')).toBe(text);
    }
  });
});

describe('the line about what was remembered', () => {
  const memory = { id: null, text: 'I am Al.', kind: 'said', said_at: 1_790_000_000, score: 0.5 };
  const recall: Recall = { response_id: 'resp_1', source: 'search', memories: [memory], wait_ms: 2.44 };

  it('counts it, and is not there when it is nothing', () => {
    expect(recallSummary(recall)).toBe('remembered 1 thing');
    expect(recallSummary({ ...recall, memories: [memory, memory] })).toBe('remembered 2 things');
    expect(recallSummary({ ...recall, memories: [] })).toBeNull();
    expect(recallSummary({ ...recall, source: 'cache', memories: [] })).toBeNull();
  });

  it('says when the memory was too slow', () => {
    expect(recallSummary({ ...recall, source: 'stale' })).toBe('remembered 1 thing, from a stale answer');
    for (const source of ['stale', 'none'] as const)
      expect(recallSummary({ ...recall, source, memories: [] })).toBe('memory was too slow');
  });

  it('tells how long the answer waited for it', () => {
    for (const source of ['cache', 'search', 'stale', 'none'] as const)
      expect(recallNote({ ...recall, source })).toContain('waited 2.4 ms');
  });
});

describe('the note on an answer', () => {
  const answer = agentEntry({ id: 'item_1', text: 'One two', status: 'completed' });

  it('is there only when the answer did not simply end', () => {
    expect(endingNote(answer)).toBeNull();
    expect(endingNote({ ...answer, text: '', status: 'in_progress' })).toBeNull();
    expect(endingNote({ ...answer, ending: 'stopped' })).toMatch(/^Stopped/);
    expect(endingNote({ ...answer, ending: 'length' })).toMatch(/limit/);
    expect(endingNote({ ...answer, ending: 'stopped', heard: 'One' })).toMatch(/not heard/);
    expect(endingNote({ ...answer, text: '' })).toMatch(/Nothing/);
  });
});

describe('the line under an answer', () => {
  const usage = { output_tokens: 32 } as Parameters<typeof traceSummary>[0]['usage'];
  const trace = { marks: [], degraded: [], nodes: [], waited_for: null, usage, cost: null };

  it('tells when the first audio left and how much was said', () => {
    const marks = [
      { name: 'first_token', at_ms: 30 },
      { name: 'first_frame_out', at_ms: 140.4 },
    ];
    expect(traceSummary({ ...trace, marks })).toBe('first audio 140 ms · 32 tokens');
  });

  it('tells of the first word where nothing was spoken, and of what was missing', () => {
    const marks = [{ name: 'first_token', at_ms: 1_240 }];
    const degraded = [{ part: 'recall', reason: 'too slow' }];
    expect(traceSummary({ ...trace, marks, degraded })).toBe('first word 1.2 s · 32 tokens · without memory');
    expect(duration(2.84)).toBe('2.8 ms');
  });
});

describe('the engines', () => {
  const offline = { part: 'llm', engine: 'offline', detail: 'rules', reason: 'ollama: is it running?' };

  it('are as bad as the worst of them', () => {
    expect(worstState([])).toBe('ready');
    expect(
      worstState([
        { ...offline, state: 'degraded' },
        { ...offline, state: 'failed' },
        { ...offline, state: 'ready' },
      ]),
    ).toBe('failed');
  });

  it('say what to do about a missing language model', () => {
    expect(offlineModel([{ ...offline, engine: 'ollama', state: 'ready' }])).toBeNull();
    expect(offlineAdvice({ ...offline, state: 'degraded' })).toBe('Ollama: is it running?');
    expect(offlineAdvice({ ...offline, state: 'ready' })).toContain('LLM=auto');
  });
});

describe('waiting for the server', () => {
  it('doubles up to 15 seconds, half of it by chance', () => {
    const least = [0, 1, 2, 10].map((attempt) => backoffMs(attempt, () => 0));
    const most = [0, 1, 2, 10].map((attempt) => backoffMs(attempt, () => 1));
    expect(least).toEqual([250, 500, 1_000, 7_500]);
    expect(most).toEqual([500, 1_000, 2_000, 15_000]);
  });
});

describe('the date in the list', () => {
  it('is as exact as one needs it', () => {
    const now = new Date(2026, 10, 21, 14, 0).getTime();
    expect(dateLabel(new Date(2026, 10, 21, 9, 5).getTime(), now)).toMatch(/9:05/);
    expect(dateLabel(new Date(2026, 10, 19).getTime(), now)).toMatch(/^\p{L}+$/u);
    expect(dateLabel(new Date(2026, 2, 1).getTime(), now)).not.toContain('2026');
    expect(dateLabel(new Date(2025, 2, 1).getTime(), now)).toContain('2025');
  });
});
