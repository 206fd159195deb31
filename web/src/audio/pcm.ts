/** The rate of the audio of the session, samples a second. */
export const SAMPLE_RATE = 24_000;

/** Base64 of 16-bit little-endian mono samples → samples between -1 and 1. */
export function decodePcm16(base64: string): Float32Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const samples = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, true) / 32_768;
  return samples;
}

/** How long that sounds, without decoding it. */
export function lengthOfPcm16Ms(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  const bytes = (base64.length / 4) * 3 - padding;
  return ((bytes >> 1) * 1000) / SAMPLE_RATE;
}

/** Samples that a person could hear: below -60 dB it is silence. */
export function countAudible(samples: Float32Array): number {
  let audible = 0;
  for (const sample of samples) if (sample > 0.001 || sample < -0.001) audible++;
  return audible;
}

/** 16-bit samples → base64 of their little-endian bytes. */
export function encodePcm16(samples: Int16Array): string {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) view.setInt16(i * 2, samples[i] as number, true);
  return btoa(String.fromCharCode(...bytes));
}
