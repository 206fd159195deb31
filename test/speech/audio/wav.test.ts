import { expect, test } from 'vitest';
import { bytesOf } from '../../../src/speech/audio/pcm.ts';
import { parseWavHeader, readWav, wavHeader } from '../../../src/speech/audio/wav.ts';

const samples = Int16Array.of(0, 1, -1, 32767, -32768);

test('what is written with a known length is read back', () => {
  const wav = Buffer.concat([wavHeader(24_000, samples.byteLength), bytesOf(samples)]);
  expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
  expect(readWav(wav)).toEqual({ samples, rate: 24_000 });
});

test('a streamed header leaves the length open and the reader takes all that comes', () => {
  const wav = Buffer.concat([wavHeader(16_000, null), bytesOf(samples)]);
  expect(parseWavHeader(wav)).toEqual({ rate: 16_000, channels: 1, dataOffset: 44, dataBytes: null });
  expect(readWav(wav)).toEqual({ samples, rate: 16_000 });
});

test('chunks that are no audio are skipped, before and after the data', () => {
  const list = Buffer.concat([Buffer.from('LIST'), Buffer.from([3, 0, 0, 0]), Buffer.from('abc\0')]);
  const header = wavHeader(8_000, samples.byteLength);
  const wav = Buffer.concat([header.subarray(0, 36), list, header.subarray(36), bytesOf(samples), list]);
  expect(readWav(wav)).toEqual({ samples, rate: 8_000 });
});

test('two channels are mixed down', () => {
  const header = Buffer.from(wavHeader(8_000, 8));
  header.writeUInt16LE(2, 22);
  const wav = Buffer.concat([header, bytesOf(Int16Array.of(100, 300, -5, -5))]);
  expect([...readWav(wav).samples]).toEqual([200, -5]);
});

test('an incomplete header asks for more', () => {
  const header = wavHeader(24_000, 100);
  for (let length = 0; length < 44; length++) expect(parseWavHeader(header.subarray(0, length))).toBeNull();
  expect(parseWavHeader(header)).not.toBeNull();
});

test('what is no WAV, or not 16-bit PCM, is refused with the reason', () => {
  expect(() => readWav(Buffer.from('ID3 this is an mp3 file'))).toThrow('not a WAV');
  const float = Buffer.from(wavHeader(24_000, 4));
  float.writeUInt16LE(3, 20);
  float.writeUInt16LE(32, 34);
  expect(() => readWav(float)).toThrow('format 3 with 32 bits');
});
