import type { AudioOutput, OutputEvents } from './audio-output.ts';
import { SAMPLE_RATE } from './pcm.ts';
import playbackWorklet from './playback.worklet.ts?worker&url';
import { PLAYBACK, type PlaybackCommand, type PlaybackNews } from './playback-messages.ts';
import { ScheduledPlayer } from './scheduled-player.ts';
import { type PlaybackDevice, WorkletPlayer } from './worklet-player.ts';

/** The loudspeaker of this browser. */
export function openOutput(events: OutputEvents): AudioOutput {
  // There is none on plain http in a home network, though its classes are.
  return 'audioWorklet' in AudioContext.prototype
    ? new WorkletPlayer({ ...events, openDevice })
    : new ScheduledPlayer({ ...events, createContext });
}

function createContext(): AudioContext {
  return new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
}

function openDevice(onNews: (news: PlaybackNews) => void): PlaybackDevice {
  const context = createContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  analyser.connect(context.destination);
  const window = new Float32Array(analyser.fftSize);
  let port: MessagePort | null = null;
  const waiting: PlaybackCommand[] = [];
  const send = (command: PlaybackCommand) => {
    if (port) port.postMessage(command, command.type === 'play' ? [command.samples.buffer] : []);
    else waiting.push(command);
  };
  const loaded = context.audioWorklet.addModule(playbackWorklet).then(() => {
    const node = new AudioWorkletNode(context, PLAYBACK, {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    node.port.onmessage = ({ data }: MessageEvent<PlaybackNews>) => onNews(data);
    node.connect(analyser);
    port = node.port;
    for (const command of waiting.splice(0)) send(command);
  });
  // A file of our own that cannot be loaded: the person learns of it as of every error of the page.
  loaded.catch((error: unknown) => reportError(error));
  return {
    get state() {
      return context.state;
    },
    get currentTime() {
      return context.currentTime;
    },
    get latencySeconds() {
      return context.outputLatency || context.baseLatency || 0;
    },
    resume: () => context.resume(),
    send,
    level: () => {
      analyser.getFloatTimeDomainData(window);
      const power = window.reduce((sum, sample) => sum + sample * sample, 0) / window.length;
      return Math.min(1, Math.sqrt(power) * 4);
    },
  };
}
