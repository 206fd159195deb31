import { expect, test } from 'vitest';
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from '../../../src/speech/audio/g711.ts';

const everySample = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
const everyCode = Uint8Array.from({ length: 256 }, (_, i) => i);

/** The encoders of the ITU's reference (G.191, `alaw_compress` and `ulaw_compress`), on 16-bit samples. */
function ituALaw(sample: number): number {
  let code = (sample < 0 ? ~sample : sample) >> 4;
  if (code > 15) {
    let exponent = 1;
    for (; code > 31; code >>= 1) exponent++;
    code = code - 16 + (exponent << 4);
  }
  return (sample >= 0 ? code | 0x80 : code) ^ 0x55;
}

function ituMuLaw(sample: number): number {
  const magnitude = Math.min(((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff);
  let segment = 1;
  for (let rest = magnitude >> 6; rest > 0; rest >>= 1) segment++;
  const code = ((8 - segment) << 4) | (0xf - ((magnitude >> segment) & 0xf));
  return sample >= 0 ? code | 0x80 : code;
}

/** The positive values of G.711, tables 1a and 2a, in 16 bits: step and offset of each segment. */
const A_LAW_VALUES = [8, 264, 528, 1056, 2112, 4224, 8448, 16_896].flatMap((first, segment) =>
  Array.from({ length: 16 }, (_, i) => first + i * 16 * 2 ** Math.max(0, segment - 1)),
);
const MU_LAW_VALUES = [0, 132, 396, 924, 1980, 4092, 8316, 16_764].flatMap((first, segment) =>
  Array.from({ length: 16 }, (_, i) => first + i * 8 * 2 ** segment),
);

test('all 256 codes decode to the values of the ITU tables', () => {
  const ascending = (values: Iterable<number>) => [...values].sort((a, b) => a - b);
  const mirrored = (values: readonly number[]) => ascending([...values, ...values.map((value) => 0 - value)]);
  expect(ascending(decodeALaw(everyCode))).toEqual(mirrored(A_LAW_VALUES));
  expect(ascending(decodeMuLaw(everyCode)).map(Math.abs)).toEqual(mirrored(MU_LAW_VALUES).map(Math.abs));
  expect([...decodeALaw(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a))]).toEqual([8, -8, 32_256, -32_256]);
  expect([...decodeMuLaw(Uint8Array.of(0xff, 0x80, 0x00))]).toEqual([0, 32_124, -32_124]);
});

for (const { law, encode, decode, itu } of [
  { law: 'A-law', encode: encodeALaw, decode: decodeALaw, itu: ituALaw },
  { law: 'µ-law', encode: encodeMuLaw, decode: decodeMuLaw, itu: ituMuLaw },
]) {
  test(`every 16-bit sample becomes the ${law} code of the ITU reference, or its neighbour on the very border`, () => {
    const codes = encode(everySample);
    const differing = [...everySample].filter((sample, i) => codes[i] !== itu(sample));
    expect(differing.length).toBeLessThanOrEqual(127);
    for (const sample of differing) {
      // One step away from the border, on either side, both agree again.
      expect(codes[sample + 32_768 - 1]).toBe(itu(sample - 1));
      expect(codes[sample + 32_768 + 1]).toBe(itu(sample + 1));
      expect([itu(sample - 1), itu(sample + 1)]).toContain(codes[sample + 32_768]);
    }
  });

  test(`${law} codes survive decoding and encoding`, () => {
    const again = encode(decode(everyCode));
    // µ-law has two codes for zero.
    expect(everyCode.filter((code, i) => again[i] !== code)).toEqual(
      law === 'µ-law' ? Uint8Array.of(0x7f) : new Uint8Array(),
    );
  });
}
