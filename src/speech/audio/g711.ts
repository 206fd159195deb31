import alawmulaw from 'alawmulaw';

/**
 * ITU-T G.711 for telephones: 8 kHz, one byte a sample.
 *
 * The library decodes all 256 codes as the ITU tables do. Encoding differs from the ITU's reference code (G.191) only
 * where a sample lies exactly on the border of two codes, 127 values a law, and there either code is as near.
 */
export const encodeMuLaw = (samples: Int16Array): Uint8Array => alawmulaw.mulaw.encode(samples);
export const decodeMuLaw = (bytes: Uint8Array): Int16Array => alawmulaw.mulaw.decode(bytes);
export const encodeALaw = (samples: Int16Array): Uint8Array => alawmulaw.alaw.encode(samples);
export const decodeALaw = (bytes: Uint8Array): Int16Array => alawmulaw.alaw.decode(bytes);
