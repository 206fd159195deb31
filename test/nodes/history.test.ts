import { describe, expect, it } from 'vitest';
import type { Item, MessageItem } from '../../src/conversation/item.ts';
import { toHistory } from '../../src/nodes/history.ts';

const record = { status: 'completed' as const, createdAtMs: 0, responseId: null };

const says = (role: 'user' | 'assistant', text: string, more: Partial<MessageItem> = {}): Item => ({
  ...record,
  id: text,
  type: 'message',
  role,
  content: [{ type: role === 'user' ? 'input_text' : 'output_text', text }],
  reply: role === 'user' ? null : { generated: text, sent: text, heard: null },
  ...more,
});
const call: Item = {
  ...record,
  id: 'c',
  type: 'function_call',
  callId: '1',
  name: 'f',
  arguments: '{}',
  responseId: 'r',
};
const output: Item = { ...record, id: 'o', type: 'function_call_output', callId: '1', output: '4' };

describe('the history that a model reads', () => {
  it('has of a reply what was heard', () => {
    const reply = { generated: 'All of it.', sent: 'All of it.', heard: 'All' };
    expect(toHistory([says('user', 'Go'), says('assistant', 'All of it.', { reply })])).toEqual([
      { role: 'user', text: 'Go' },
      { role: 'assistant', text: 'All' },
    ]);
  });

  it('leaves out what was never heard, and what is still being said', () => {
    const unheard = says('assistant', 'x', { reply: { generated: 'x', sent: 'x', heard: '' } });
    const open = says('assistant', 'y', { status: 'in_progress' });
    expect(toHistory([says('user', 'Go'), unheard, open])).toEqual([{ role: 'user', text: 'Go' }]);
  });

  it('puts a call with the words of its response and its output behind', () => {
    expect(toHistory([says('assistant', 'Wait.', { responseId: 'r' }), call, output])).toEqual([
      { role: 'assistant', text: 'Wait.', toolCalls: [{ callId: '1', name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: '1', name: 'f', text: '4' },
    ]);
  });

  it('puts the output behind its call although the person spoke while the tool ran', () => {
    expect(toHistory([says('user', 'Go'), call, says('user', 'Still there?'), output])).toEqual([
      { role: 'user', text: 'Go' },
      { role: 'assistant', text: '', toolCalls: [{ callId: '1', name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: '1', name: 'f', text: '4' },
      { role: 'user', text: 'Still there?' },
    ]);
  });

  it('puts the calls of one response together, and all their outputs behind in the order of the calls', () => {
    const second: Item = { ...call, id: 'c2', callId: '2', name: 'g' };
    const secondOutput: Item = { ...output, id: 'o2', callId: '2', output: '5' };
    const expected = [
      {
        role: 'assistant',
        text: '',
        toolCalls: [
          { callId: '1', name: 'f', arguments: '{}' },
          { callId: '2', name: 'g', arguments: '{}' },
        ],
      },
      { role: 'tool', callId: '1', name: 'f', text: '4' },
      { role: 'tool', callId: '2', name: 'g', text: '5' },
    ];
    expect(toHistory([call, second, secondOutput, output])).toEqual(expected);
    expect(toHistory([call, output, second, secondOutput])).toEqual(expected);
  });

  it('gives two calls with the same id each its own output', () => {
    const again: Item = { ...call, id: 'c2', responseId: 'r2' };
    const history = toHistory([
      call,
      output,
      says('user', 'Again'),
      again,
      { ...output, id: 'o2', output: '5' },
    ]);
    expect(history.map(({ role, text }) => [role, text])).toEqual([
      ['assistant', ''],
      ['tool', '4'],
      ['user', 'Again'],
      ['assistant', ''],
      ['tool', '5'],
    ]);
  });

  it('leaves a call out until its output is there, because most servers refuse it', () => {
    expect(toHistory([says('user', 'Go'), call])).toEqual([{ role: 'user', text: 'Go' }]);
  });

  it('leaves an output out that belongs to no call', () => {
    expect(toHistory([output])).toEqual([]);
  });
});
