import { VivavoceError } from '../errors.ts';
import { decodeBase64Audio } from '../speech/audio/base64-audio.ts';

/** What files begin with that clients send where samples belong. Four characters or more: samples begin like anything. */
const FILES: readonly (readonly [name: string, at: number, magic: string])[] = [
  ['a WAV file', 8, 'WAVEfmt '],
  ['an Ogg file', 0, 'OggS'],
  ['a FLAC file', 0, 'fLaC'],
  ['a WebM file', 0, '\x1a\x45\xdf\xa3'],
  ['an MP4 file', 4, 'ftyp'],
  ['an MP3 file', 0, 'ID3\x03'],
  ['an MP3 file', 0, 'ID3\x04'],
];

/**
 * The bytes of an `input_audio_buffer.append`.
 *
 * @throws VivavoceError `invalid_request` for what is no audio, or a file and not its samples.
 */
export function appendedAudio(audio: string): Uint8Array {
  const bytes = decodeBase64Audio(audio);
  if (!bytes) throw badAudio('The audio is not base64.');
  const file = FILES.find(([, at, magic]) => beginsWith(bytes, at, magic));
  if (!file) return bytes;
  throw badAudio(
    `This is ${file[0]}. Send the samples alone: 16-bit little-endian mono for audio/pcm, 8 kHz G.711 for audio/pcmu ` +
      'and audio/pcma.',
  );
}

export function badAudio(message: string, wireCode?: string): VivavoceError {
  return new VivavoceError('invalid_request', message, {
    param: 'audio',
    ...(wireCode !== undefined && { wireCode }),
  });
}

function beginsWith(bytes: Uint8Array, at: number, magic: string): boolean {
  if (bytes[at] !== magic.charCodeAt(0)) return false;
  return String.fromCharCode(...bytes.subarray(at, at + magic.length)) === magic;
}
