import { setImmediate as nextTick } from 'node:timers/promises';
import { messageOf, VivavoceError } from '../errors.ts';
import { decodeALaw, decodeMuLaw } from '../speech/audio/g711.ts';
import { LISTEN_RATE, PcmDecoder } from '../speech/audio/pcm.ts';
import { createResampler } from '../speech/audio/resampler.ts';
import { isWav, mixDown, parseWavHeader } from '../speech/audio/wav.ts';

interface Upload {
  readonly bytes: Uint8Array;
  /** As the client called it. */
  readonly name: string;
  /** As the client said, without parameters: `audio/wav`. */
  readonly type: string;
  /** Rate of samples without a header, where the client said one. */
  readonly rate: number | undefined;
}

const FFMPEG = 'Make a WAV of it first: ffmpeg -i INPUT -ac 1 -ar 16000 -c:a pcm_s16le OUTPUT.wav';
const DEFAULT_PCM_RATE = 24_000;
const G711_RATE = 8_000;
/** So much is converted before the event loop gets its turn: 0.3 to 0.7 ms of work where the rate changes, as measured. */
const SLICE_BYTES = 8 * 1024;

/** What files begin with that people record in and that are not read here. */
const OTHER_FORMATS: readonly (readonly [name: string, at: number, magic: string])[] = [
  ['MP3', 0, 'ID3'],
  ['MP3', 0, '\xff\xfb'],
  ['MP3', 0, '\xff\xf3'],
  ['MP3', 0, '\xff\xf2'],
  ['AAC', 0, '\xff\xf1'],
  ['AAC', 0, '\xff\xf9'],
  ['Ogg', 0, 'OggS'],
  ['FLAC', 0, 'fLaC'],
  ['WebM', 0, '\x1a\x45\xdf\xa3'],
  ['MP4', 4, 'ftyp'],
  ['AIFF', 0, 'FORM'],
  ['AMR', 0, '#!AMR'],
  ['AU', 0, '.snd'],
  ['WAV with 64-bit lengths', 0, 'RF64'],
];

/** A file that somebody sent, as samples. */
export class UploadedAudio {
  readonly durationMs: number;
  readonly #data: Uint8Array;
  readonly #rate: number;
  readonly #channels: number;
  readonly #decode: (bytes: Uint8Array) => Int16Array;

  private constructor(data: Uint8Array, rate: number, channels: number, coding: Coding) {
    const frames = Math.floor(data.length / (BYTES_PER_SAMPLE[coding] * channels));
    if (frames === 0) throw refused('The file holds no audio.');
    this.#data = data.subarray(0, frames * BYTES_PER_SAMPLE[coding] * channels);
    this.#rate = rate;
    this.#channels = channels;
    this.#decode = DECODERS[coding];
    this.durationMs = (frames * 1000) / rate;
  }

  /** @throws VivavoceError `invalid_request` that says which formats are read, and how to make one of this file. */
  static of({ bytes, name, type, rate }: Upload): UploadedAudio {
    if (bytes.length === 0) throw refused('The file is empty.');
    if (isWav(bytes)) return UploadedAudio.#ofWav(bytes);
    const other = OTHER_FORMATS.find(([, at, magic]) => startsWith(bytes, at, magic));
    const coding = codingOf(type.toLowerCase(), name.toLowerCase());
    // Samples may begin like anything: who says that they are samples is believed.
    if (coding === null && other) throw refused(`${other[0]} is not read here. ${FFMPEG}`);
    if (coding === null) {
      const called = type === '' ? 'no type' : `the type ${type}`;
      throw refused(
        `The file is no WAV and has ${called}. Read are WAV (16-bit PCM), and as their type or name says audio/pcm ` +
          `(16-bit little-endian mono), audio/pcmu (.ulaw) and audio/pcma (.alaw). ${FFMPEG}`,
      );
    }
    const ownRate = coding === 'pcm' ? DEFAULT_PCM_RATE : G711_RATE;
    return new UploadedAudio(bytes, rate ?? ownRate, 1, coding);
  }

  static #ofWav(bytes: Uint8Array): UploadedAudio {
    let format: ReturnType<typeof parseWavHeader>;
    try {
      format = parseWavHeader(bytes);
    } catch (error) {
      throw refused(`The file cannot be read: ${messageOf(error)}. ${FFMPEG}`);
    }
    if (!format) throw refused('The WAV ends before its audio begins: it was cut off.');
    const { dataOffset, dataBytes, rate, channels } = format;
    const data = bytes.subarray(dataOffset, dataBytes === null ? undefined : dataOffset + dataBytes);
    return new UploadedAudio(data, rate, channels, 'pcm');
  }

  /** The samples, 16 kHz mono, in slices; between them the event loop has its turn. */
  async *slices(signal: AbortSignal): AsyncGenerator<Int16Array, void, undefined> {
    using resampler = await createResampler(this.#rate, LISTEN_RATE).catch((error: unknown) => {
      throw refused(`The file cannot be read: ${messageOf(error)}.`);
    });
    const frameBytes = 2 * this.#channels;
    const size = Math.max(frameBytes, SLICE_BYTES - (SLICE_BYTES % frameBytes));
    for (let at = 0; at < this.#data.length; at += size) {
      const samples = mixDown(this.#decode(this.#data.subarray(at, at + size)), this.#channels);
      const slice = resampler.process(samples);
      // A copy of its own: the resampler's may be a view of a larger one, and a recogniser keeps what it gets.
      if (slice.length > 0) yield slice.slice();
      await nextTick();
      signal.throwIfAborted();
    }
    const rest = resampler.flush();
    if (rest.length > 0) yield rest.slice();
  }
}

type Coding = 'pcm' | 'pcmu' | 'pcma';

const BYTES_PER_SAMPLE: Readonly<Record<Coding, number>> = { pcm: 2, pcmu: 1, pcma: 1 };
const DECODERS: Readonly<Record<Coding, (bytes: Uint8Array) => Int16Array>> = {
  pcm: (bytes) => new PcmDecoder().decode(bytes),
  pcmu: decodeMuLaw,
  pcma: decodeALaw,
};

/** How samples without a header are coded, from what the client called them; null when it did not call them so. */
function codingOf(type: string, name: string): Coding | null {
  if (/^audio\/(x-)?(pcmu|basic|mulaw|ulaw)$/.test(type)) return 'pcmu';
  if (/^audio\/(x-)?(pcma|alaw)$/.test(type)) return 'pcma';
  if (/^audio\/(x-)?(pcm|raw|s16le)$/.test(type)) return 'pcm';
  if (/^audio\//.test(type)) return null;
  if (/\.(ulaw|ul|mulaw|pcmu)$/.test(name)) return 'pcmu';
  if (/\.(alaw|al|pcma)$/.test(name)) return 'pcma';
  return /\.(pcm|s16le)$/.test(name) ? 'pcm' : null;
}

function startsWith(bytes: Uint8Array, at: number, magic: string): boolean {
  return String.fromCharCode(...bytes.subarray(at, at + magic.length)) === magic;
}

function refused(message: string): VivavoceError {
  return new VivavoceError('invalid_request', message, { param: 'file' });
}
