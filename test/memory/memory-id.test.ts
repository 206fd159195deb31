import { describe, expect, it } from 'vitest';
import { fingerprintOf, memoryId, writtenMemoryId } from '../../src/memory/memory-id.ts';
import { ALICE, OTHER_ALICE } from './sample-memories.ts';

const SOURCE = { conversationId: 'conv', itemId: 'item' };

describe('texts that say the same word for word', () => {
  it('have one fingerprint, whatever their case, stops and spaces', () => {
    expect(fingerprintOf('  The user lives in  BERLIN!')).toBe(fingerprintOf('The user lives in Berlin.'));
  });

  it('are not those that differ in a vowel sign', () => {
    expect(fingerprintOf('दिन')).not.toBe(fingerprintOf('दान'));
  });
});

describe('the id of a memory', () => {
  it('is the same when the same is learned from the same message again', () => {
    expect(memoryId(ALICE, SOURCE, 'She likes tea.')).toBe(memoryId(ALICE, SOURCE, 'she likes tea'));
  });

  it('is another one for other words, another message and another person', () => {
    const ids = [
      memoryId(ALICE, SOURCE, 'She likes tea.'),
      memoryId(ALICE, SOURCE, 'She likes rum.'),
      memoryId(ALICE, { ...SOURCE, itemId: 'other' }, 'She likes tea.'),
      memoryId(OTHER_ALICE, SOURCE, 'She likes tea.'),
      writtenMemoryId('mem_1'),
      writtenMemoryId('mem_2'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
