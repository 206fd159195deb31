/* The part of Web Audio that the player uses, so that it can be tried without a browser. */

export interface AudioNodeLike {
  connect(destination: AudioNodeLike): unknown;
  disconnect(): void;
}

export interface AudioBufferLike {
  copyToChannel(source: Float32Array<ArrayBuffer>, channel: number): void;
}

export interface AudioSourceLike extends AudioNodeLike {
  buffer: AudioBufferLike | null;
  start(when: number): void;
  stop(when: number): void;
  addEventListener(type: 'ended', listener: () => void): void;
}

export interface GainLike extends AudioNodeLike {
  readonly gain: { setTargetAtTime(target: number, start: number, timeConstant: number): unknown };
}

export interface AnalyserLike extends AudioNodeLike {
  fftSize: number;
  getFloatTimeDomainData(samples: Float32Array<ArrayBuffer>): void;
}

export interface AudioContextLike {
  readonly currentTime: number;
  readonly state: string;
  readonly outputLatency?: number;
  readonly baseLatency?: number;
  readonly destination: AudioNodeLike;
  resume(): Promise<void>;
  createBuffer(channels: number, length: number, sampleRate: number): AudioBufferLike;
  createBufferSource(): AudioSourceLike;
  createGain(): GainLike;
  createAnalyser(): AnalyserLike;
}
