import { bytesOf } from '../../src/speech/audio/pcm.ts';
import { tone } from './speech.ts';
import { type SpeechAnswer, sendBytes } from './speech-server.ts';

/**
 * Speech that has begun and would go on: `firstMs` of it at once, `restMs` more when the gate is opened. What arrives
 * after an interruption, it did not stop.
 */
export function gatedSpeech(firstMs: number, restMs: number): { answer: SpeechAnswer; open: () => void } {
  const gate = Promise.withResolvers<void>();
  const pieces = [firstMs, restMs].map((ms) => bytesOf(tone(440, 24_000, ms * 24, 0.2)));
  return {
    answer: sendBytes(pieces, { before: (piece) => (piece === 0 ? Promise.resolve() : gate.promise) }),
    open: () => gate.resolve(),
  };
}
