import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64Audio } from '../../../src/speech/audio/base64-audio.ts';

describe('base64 of a client', () => {
  it('is the bytes, with padding or without', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(Buffer.from(decodeBase64Audio(text) ?? [255]).equals(bytes)).toBe(true);
        expect(Buffer.from(decodeBase64Audio(text.replace(/=+$/, '')) ?? [255]).equals(bytes)).toBe(true);
      }),
    );
  });

  it('is nothing else', () => {
    const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
    const near = fc.string({ unit: fc.constantFrom(...'AZaz09+/=-_ \n.é\u0141€🎤'), maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (text) => {
        expect(decodeBase64Audio(text) !== null).toBe(isBase64.test(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    'AAAA=',
    'AAAA====',
    'A',
    'AAA==',
    'AA=',
    '=',
    '====',
    'AA==AAAA',
    'AAA-',
    'AA A',
    'AAAA\n',
  ])('%j is refused', (text) => {
    expect(decodeBase64Audio(text)).toBeNull();
  });

  it('of nothing is no bytes', () => {
    expect(decodeBase64Audio('')).toHaveLength(0);
  });
});
