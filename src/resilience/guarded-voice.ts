import type { SpeechChunk, SpeechRequest, Voice } from '../speech/tts/voice.ts';
import type { Guard } from './guard.ts';
import { guardStream, type StreamClocks } from './guard-stream.ts';

/** A sentence is spoken in well under a second; the first one may have to load a model. */
const CLOCKS: StreamClocks = { firstMs: 10_000, stallMs: 5_000, totalMs: 60_000 };

/** The same voice behind `guard`. */
export function guardVoice(voice: Voice, guard: Guard, clocks: Partial<StreamClocks> = {}): Voice {
  const speak = guardStream(guard, (request: SpeechRequest, signal) => voice.speak(request, signal), {
    ...CLOCKS,
    ...clocks,
    isContent: (chunk: SpeechChunk) => chunk.samples.length > 0,
  });
  // Read at every use: `auto` changes its engine between turns.
  return {
    get engine() {
      return voice.engine;
    },
    get voices() {
      return voice.voices;
    },
    cannotSpeak: (text) => voice.cannotSpeak(text),
    speak,
  };
}
