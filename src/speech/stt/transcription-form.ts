import { randomBytes } from 'node:crypto';
import { bytesOf, LISTEN_RATE } from '../audio/pcm.ts';
import { wavHeader } from '../audio/wav.ts';

export interface Form {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** `multipart/form-data` with the samples (16 kHz mono) as `file`, a WAV, behind the other fields. */
export function transcriptionForm(
  samples: Int16Array,
  fields: readonly (readonly [name: string, value: string])[],
): Form {
  const boundary = `vivavoce-${randomBytes(18).toString('hex')}`;
  const text = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="speech.wav"\r\n` +
    'Content-Type: audio/wav\r\n\r\n';
  const body = Buffer.concat([
    Buffer.from(text.join('') + file),
    wavHeader(LISTEN_RATE, samples.byteLength),
    bytesOf(samples),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { contentType: `multipart/form-data; boundary=${boundary}`, body };
}
