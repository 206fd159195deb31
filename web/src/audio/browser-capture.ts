import type { Capture, CaptureEvents } from '../voice/microphone.ts';
import captureWorklet from './capture.worklet.ts?worker&url';
import { CAPTURE } from './capture-messages.ts';
import type { MicrophoneFrame } from './microphone-frames.ts';

/**
 * Without the browser's own echo cancellation the agent would hear itself. Its gain control is not wanted: Chromium's
 * begins so high that the first second of a voice of ordinary loudness is clipped, and recognisers need none.
 */
const ASKED: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: false,
  channelCount: 1,
};

/**
 * The microphone of this browser. Rejects with the browser's error.
 *
 * The context runs at the rate of the device and the worklet changes it: with a context at 24 kHz one browser refuses
 * to connect the two.
 */
export async function openCapture({ onFrame, onLost }: CaptureEvents): Promise<Capture> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: ASKED });
  const tracks = stream.getAudioTracks();
  const context = new AudioContext({ latencyHint: 'interactive' });
  const end = () => {
    for (const track of tracks) track.stop();
    void context.close();
  };
  try {
    await context.audioWorklet.addModule(captureWorklet);
    const node = new AudioWorkletNode(context, CAPTURE, { numberOfOutputs: 0, channelCount: 1 });
    node.port.onmessage = ({ data }: MessageEvent<MicrophoneFrame>) => onFrame(data);
    context.createMediaStreamSource(stream).connect(node);
    // A system that was asleep, a call that came in between: it goes on when the browser lets it.
    context.onstatechange = () => {
      if (context.state !== 'running' && context.state !== 'closed') void context.resume();
    };
    await context.resume();
  } catch (error) {
    end();
    throw error;
  }
  for (const track of tracks) track.addEventListener('ended', onLost);
  return {
    setEnabled: (isEnabled) => {
      for (const track of tracks) track.enabled = isEnabled;
    },
    [Symbol.dispose]: end,
  };
}
