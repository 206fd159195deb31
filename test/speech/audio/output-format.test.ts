import { expect, test } from 'vitest';
import { decodeALaw, decodeMuLaw } from '../../../src/speech/audio/g711.ts';
import { createOutputEncoder, type OutputFormat } from '../../../src/speech/audio/output-format.ts';
import { PcmDecoder } from '../../../src/speech/audio/pcm.ts';
import { levelDbfs } from '../../../src/speech/audio/silence.ts';
import { tone } from '../../support/speech.ts';

const second = tone(440, 24_000, 24_000);

async function encodeInFrames(format: OutputFormat): Promise<{ bytes: Buffer; bytesPerSecond: number }> {
  using encoder = await createOutputEncoder(format);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < second.length; at += 960) parts.push(encoder.encode(second.subarray(at, at + 960)));
  parts.push(encoder.flush());
  return { bytes: Buffer.concat(parts), bytesPerSecond: encoder.bytesPerSecond };
}

test('24 kHz PCM is the samples as they are, little-endian', async () => {
  using encoder = await createOutputEncoder({ type: 'audio/pcm', rate: 24_000 });
  expect([...encoder.encode(Int16Array.of(1, -2))]).toEqual([1, 0, 254, 255]);
  expect(encoder.bytesPerSecond).toBe(48_000);
});

for (const { format, rate, decode } of [
  { format: { type: 'audio/pcmu' }, rate: 8_000, decode: decodeMuLaw },
  { format: { type: 'audio/pcma' }, rate: 8_000, decode: decodeALaw },
  {
    format: { type: 'audio/pcm', rate: 16_000 },
    rate: 16_000,
    decode: (b: Uint8Array) => new PcmDecoder().decode(b),
  },
] as const) {
  test(`a second of ${format.type} at ${rate} Hz is a second and sounds the same`, async () => {
    const { bytes, bytesPerSecond } = await encodeInFrames(format);
    expect(bytes.length).toBe(bytesPerSecond);
    const heard = decode(bytes);
    const wanted = tone(440, rate, rate);
    const noise = heard.map((sample, i) => sample - (wanted[i] ?? 0)).subarray(100, -100);
    // G.711 promises about 37 dB.
    expect(levelDbfs(noise)).toBeLessThan(levelDbfs(wanted) - 33);
  });
}
