import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, joinSamples, PcmDecoder } from '../../../src/speech/audio/pcm.ts';

test('samples survive wherever the network cuts their bytes', () => {
  fc.assert(
    fc.property(fc.int16Array({ maxLength: 40 }), fc.array(fc.nat(7), { maxLength: 60 }), (samples, cuts) => {
      const bytes = bytesOf(samples);
      const decoder = new PcmDecoder();
      const parts: Int16Array[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        parts.push(decoder.decode(bytes.subarray(at, at + cut)));
        at += cut;
      }
      expect(joinSamples(parts)).toEqual(samples);
    }),
  );
});

test('half a sample at the very end is not heard', () => {
  const decoder = new PcmDecoder();
  expect([...decoder.decode(new Uint8Array([1, 2, 3]))]).toEqual([0x0201]);
  expect([...decoder.decode(new Uint8Array())]).toEqual([]);
});
