import { PcmDecoder } from './pcm.ts';

const HEADER_BYTES = 44;
/** What streaming writers put where the length belongs: readers take it as "until the end". */
const UNKNOWN_BYTES = 0xffff_ffff;

/**
 * A WAV header for 16-bit mono PCM; the s16le data follows it.
 *
 * @param dataBytes length of the data, or null when it is not known yet (streaming).
 */
export function wavHeader(rate: number, dataBytes: number | null): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  const known = dataBytes !== null && dataBytes <= UNKNOWN_BYTES - HEADER_BYTES;
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(known ? dataBytes + HEADER_BYTES - 8 : UNKNOWN_BYTES, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(known ? dataBytes : UNKNOWN_BYTES, 40);
  return header;
}

export interface WavFormat {
  readonly rate: number;
  readonly channels: number;
  /** Where the samples begin. */
  readonly dataOffset: number;
  /** Length of the data; null when the header leaves it open (streamed). */
  readonly dataBytes: number | null;
}

export function isWav(bytes: Uint8Array): boolean {
  return latin1(bytes, 0, 4) === 'RIFF' && latin1(bytes, 8, 12) === 'WAVE';
}

/**
 * Reads the header of a 16-bit PCM WAV.
 *
 * @returns null when `bytes` end before the header does: come back with more of them.
 * @throws Error that says what is wrong when it is not a WAV or not 16-bit PCM.
 */
export function parseWavHeader(bytes: Uint8Array): WavFormat | null {
  if (bytes.length < 12) return null;
  if (!isWav(bytes)) throw new Error('not a WAV: it does not begin with RIFF…WAVE');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let rate = 0;
  let channels = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = latin1(bytes, at, at + 4);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name === 'data') {
      if (rate === 0) throw new Error('not a usable WAV: no fmt chunk before its data');
      const open = size === 0 || size >= 0x7fff_0000;
      return { rate, channels, dataOffset: body, dataBytes: open ? null : size };
    }
    if (name === 'fmt ') {
      if (bytes.length < body + 16) return null;
      const coding = view.getUint16(body, true);
      const bits = view.getUint16(body + 14, true);
      channels = view.getUint16(body + 2, true);
      rate = view.getUint32(body + 4, true);
      const isPcm = coding === 1 || coding === 0xfffe;
      if (!isPcm || bits !== 16 || channels < 1 || rate < 1)
        throw new Error(`the WAV is format ${coding} with ${bits} bits; only 16-bit PCM is read`);
    }
    at = body + size + (size & 1);
  }
  return null;
}

/**
 * The samples of a whole 16-bit PCM WAV, mixed down to mono.
 *
 * @throws Error when it is not one.
 */
export function readWav(bytes: Uint8Array): { readonly samples: Int16Array; readonly rate: number } {
  const format = parseWavHeader(bytes);
  if (!format) throw new Error('the WAV ends before its data begins');
  const end = format.dataBytes === null ? bytes.length : format.dataOffset + format.dataBytes;
  const samples = new PcmDecoder().decode(bytes.subarray(format.dataOffset, end));
  return { samples: mixDown(samples, format.channels), rate: format.rate };
}

/** The mean of the interleaved channels; an incomplete last frame is dropped. */
export function mixDown(samples: Int16Array, channels: number): Int16Array {
  if (channels === 1) return samples;
  const mono = new Int16Array(Math.floor(samples.length / channels));
  for (let frame = 0; frame < mono.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += samples[frame * channels + channel] ?? 0;
    mono[frame] = Math.round(sum / channels);
  }
  return mono;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
