import { describe, expect, it } from 'vitest';
import {
  type AdmissionCaps,
  type AdmissionKind,
  ALWAYS,
  CappedAdmission,
  type RefusalReason,
} from '../../src/resilience/capped-admission.ts';
import type { Overload } from '../../src/resilience/load-monitor.ts';

const CAPS: AdmissionCaps = {
  connections: 10,
  connectionsPerKey: 6,
  connectionsPerAddress: 3,
  turns: 5,
  turnsPerKey: 3,
};
const MANY = { connections: 100, connectionsPerKey: 100, turns: 100, turnsPerKey: 100 };
const BUSY: Overload = { signal: 'event_loop_delay', text: 'its event loop is 300 ms late' };
const HOME = '127.0.0.1';

function desk(caps: Partial<AdmissionCaps> = {}) {
  const load: { overload: Overload | null } = { overload: null };
  const asked: [AdmissionKind, RefusalReason | null][] = [];
  const draws = { next: 0 };
  const admission = new CappedAdmission({
    caps: { ...CAPS, ...caps },
    overload: () => load.overload,
    onAsked: (kind, refusal) => asked.push([kind, refusal]),
    random: () => draws.next,
  });
  return { admission, load, asked, draws };
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

describe('CappedAdmission', () => {
  it('lets in as many as there are places, and the next one when somebody has gone', () => {
    const { admission } = desk();
    const turns = times(5, (index) => admission.turn(`key${index}`));
    expect(() => admission.turn('one more')).toThrow('5 answers are being made, and no more may be.');
    turns[0]?.[Symbol.dispose]();
    admission.turn('one more');
    expect(admission.turns).toBe(5);
    const connections = times(10, (index) => admission.connection(`key${index}`, HOME));
    expect(() => admission.connection('one more', HOME)).toThrow('10 connections are open');
    for (const one of connections) one[Symbol.dispose]();
    expect(admission.connections).toBe(0);
  });

  it('says when to come back, each time another second from 1 to 5', () => {
    const { admission, draws } = desk({ turns: 1 });
    admission.turn('a');
    const seconds = [0, 0.21, 0.5, 0.79, 0.999].map((draw) => {
      draws.next = draw;
      try {
        admission.turn('a');
      } catch (error) {
        return error;
      }
      return null;
    });
    expect(seconds).toMatchObject(
      [1, 2, 3, 4, 5].map((retryAfterSeconds) => ({
        code: 'overloaded',
        retryAfterSeconds,
        message: expect.stringMatching(`Try again in ${retryAfterSeconds} s\\.$`),
      })),
    );
  });

  it('leaves room for the other keys', () => {
    const { admission } = desk();
    times(3, () => admission.turn('greedy'));
    expect(() => admission.turn('greedy')).toThrow('3 answers for this key');
    times(6, () => admission.connection('greedy', HOME));
    expect(() => admission.connection('greedy', HOME)).toThrow('6 connections of this key');
    admission.turn('modest');
    admission.connection('modest', HOME);
  });

  it('takes nothing from who is refused', () => {
    const { admission } = desk();
    const first = times(3, () => admission.connection('a', '198.51.100.7'));
    for (let tries = 0; tries < 20; tries++) {
      expect(() => admission.connection('a', '198.51.100.7')).toThrow('3 connections from this address');
    }
    expect(admission.connections).toBe(3);
    for (const one of first) one[Symbol.dispose]();
    times(6, () => admission.connection('a', HOME));
  });

  it('counts a place that is given back twice once', () => {
    const { admission } = desk();
    const [first] = [admission.turn('a'), admission.turn('a')];
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(admission.turns).toBe(1);
  });

  it.each([
    ['an address as IPv4 and as IPv6', '198.51.100.7', '::ffff:198.51.100.7'],
    ['addresses of one IPv6 network', '2001:db8:0:7::1', '2001:DB8::7:ffff:2:3:4'],
    ['an address with a zone and the same without', 'fe80::1', 'fe80::1%eth0'],
  ])('counts %s as one', (_, one, other) => {
    const { admission } = desk({ connectionsPerAddress: 1 });
    admission.connection('a', one);
    expect(() => admission.connection('b', other)).toThrow('from this address');
  });

  it('tells networks apart', () => {
    const { admission } = desk({ connectionsPerAddress: 1 });
    for (const address of ['2001:db8:0:7::1', '2001:db8:0:8::1', '2001:db8::1', '198.51.100.8']) {
      admission.connection('a', address);
    }
  });

  it.each([
    HOME,
    '::1',
    '::ffff:127.0.0.1',
    '127.9.9.9',
  ])('does not count %s: a proxy looks like it', (it) => {
    const { admission } = desk({ connectionsPerAddress: 1 });
    times(6, () => admission.connection('a', it));
  });

  it('refuses everything new while the load is too much, says why, and lets go on what runs', () => {
    const { admission, load } = desk(MANY);
    const turns = times(ALWAYS.turns + 1, () => admission.turn('a'));
    times(ALWAYS.connections, () => admission.connection('a', HOME));
    load.overload = BUSY;
    expect(() => admission.turn('b')).toThrow(
      'The server has too much to do: its event loop is 300 ms late. Try again in 1 s.',
    );
    expect(() => admission.connection('b', HOME)).toThrow('event loop is 300 ms late');
    expect(admission.turns).toBe(ALWAYS.turns + 1);
    load.overload = null;
    admission.turn('b');
    for (const turn of turns) turn[Symbol.dispose]();
    expect(admission.turns).toBe(1);
  });

  it('lets a few in however busy it is: a household with a slow machine cannot be the load', () => {
    const { admission, load } = desk(MANY);
    load.overload = BUSY;
    times(ALWAYS.turns, () => admission.turn('a'));
    times(ALWAYS.connections, () => admission.connection('a', HOME));
    expect(() => admission.turn('a')).toThrow('too much to do');
    expect(() => admission.connection('a', HOME)).toThrow('too much to do');
  });

  it('refuses everybody once it is closed', () => {
    const { admission } = desk();
    const running = admission.turn('a');
    admission.close('The server is shutting down.');
    expect(admission.closing).toBe('The server is shutting down.');
    expect(() => admission.turn('a')).toThrow('The server is shutting down. Try again in 1 s.');
    expect(() => admission.connection('a', HOME)).toThrow('shutting down');
    running[Symbol.dispose]();
    expect(admission.turns).toBe(0);
  });

  it('tells of everybody who asked, and why they were refused', () => {
    const { admission, load, asked } = desk({ ...MANY, turnsPerKey: ALWAYS.turns, connectionsPerAddress: 1 });
    admission.connection('a', '198.51.100.7');
    expect(() => admission.connection('a', '198.51.100.7')).toThrow();
    times(ALWAYS.turns, () => admission.turn('a'));
    expect(() => admission.turn('a')).toThrow();
    load.overload = BUSY;
    expect(() => admission.turn('b')).toThrow();
    admission.close('Bye.');
    expect(() => admission.turn('b')).toThrow();
    expect(asked).toEqual([
      ['connection', null],
      ['connection', 'address'],
      ...times(ALWAYS.turns, () => ['turn', null]),
      ['turn', 'key'],
      ['turn', 'event_loop_delay'],
      ['turn', 'closing'],
    ]);
  });
});
