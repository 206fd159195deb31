import { describe, expect, it } from 'vitest';
import { textOf } from '../../src/conversation/item.ts';
import { fromClientItem, toWireItem } from '../../src/session/wire-item.ts';

const made = { id: 'made', callId: 'call_made', createdAtMs: 5 };

describe('an item of a client', () => {
  it('keeps the words of a spoken reply that it puts back', () => {
    const item = fromClientItem(
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_audio', transcript: 'I said hello.' }],
      },
      made,
    );
    expect(textOf(item)).toBe('I said hello.');
    expect(toWireItem(item)).toEqual({
      id: 'made',
      object: 'realtime.item',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_audio', transcript: 'I said hello.' }],
    });
  });

  it('keeps its own id and call id', () => {
    const given = { type: 'function_call', id: 'mine', call_id: 'c', name: 'f', arguments: '{}' } as const;
    expect(toWireItem(fromClientItem(given, made))).toMatchObject({ id: 'mine', call_id: 'c' });
  });
});
