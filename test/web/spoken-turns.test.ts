import { describe, expect, it } from 'vitest';
import { SpokenTurns } from '../../web/src/agent/spoken-turns.ts';

describe('which answers may be heard', () => {
  it('is the one that was asked for last', () => {
    const turns = new SpokenTurns();
    const first = turns.metadata;
    turns.begun('resp_1', first);
    expect(turns.mayBeHeard('resp_1', 'item_1')).toBe(true);
    turns.next();
    turns.begun('resp_2', turns.metadata);
    expect(turns.mayBeHeard('resp_1', 'item_1')).toBe(false);
    expect(turns.mayBeHeard('resp_2', 'item_1')).toBe(true);
  });

  it('is not one that was interrupted before it began', () => {
    const turns = new SpokenTurns();
    const { metadata } = turns;
    turns.next();
    turns.begun('resp_1', metadata);
    expect(turns.mayBeHeard('resp_1', 'item_1')).toBe(false);
  });

  it('is a greeting, until it is interrupted', () => {
    const turns = new SpokenTurns();
    turns.next();
    turns.begun('resp_1', null);
    expect(turns.mayBeHeard('resp_1', 'item_1')).toBe(true);
    turns.next();
    expect(turns.mayBeHeard('resp_1', 'item_1')).toBe(false);
  });

  it('is none of an item that was interrupted, and the next of the same answer', () => {
    const turns = new SpokenTurns();
    turns.begun('resp_1', null);
    turns.interrupted(['item_1']);
    expect(turns.mayBeHeard('resp_1', 'item_1')).toBe(false);
    expect(turns.mayBeHeard('resp_1', 'item_2')).toBe(true);
  });

  it('is none that has ended or never began', () => {
    const turns = new SpokenTurns();
    turns.begun('resp_1', turns.metadata);
    turns.ended('resp_1');
    expect(turns.mayBeHeard('resp_1', 'item_1')).toBe(false);
    expect(turns.mayBeHeard('resp_2', 'item_1')).toBe(false);
  });
});
