import { CAPTURE } from './capture-messages.ts';
import { MicrophoneFrames } from './microphone-frames.ts';

/** Hands what the microphone hears to the page, 40 ms at a time; runs in the audio thread. */
class CaptureProcessor extends AudioWorkletProcessor {
  readonly #frames = new MicrophoneFrames(sampleRate, (frame) =>
    this.port.postMessage(frame, [frame.samples.buffer]),
  );

  process(inputs: Float32Array[][]): boolean {
    const input = inputs[0]?.[0];
    if (input) this.#frames.push(input);
    return true;
  }
}

registerProcessor(CAPTURE, CaptureProcessor);
