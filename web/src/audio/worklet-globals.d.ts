/* What the audio thread has: TypeScript's `dom` does not describe it. */

declare const sampleRate: number;
/** When the block that is being made begins, seconds. */
declare const currentTime: number;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
