const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The bytes that a client sent as base64; null when `text` is not base64. Padding may be missing.
 *
 * The platform's decoder skips characters that it does not know and takes those of other scripts by their low byte, so
 * a wrong field would be heard as noise.
 */
export function decodeBase64Audio(text: string): Uint8Array | null {
  if (!BASE64.test(text)) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const isWhole = padding === 0 ? text.length % 4 !== 1 : text.length % 4 === 0;
  return isWhole ? Buffer.from(text, 'base64') : null;
}
