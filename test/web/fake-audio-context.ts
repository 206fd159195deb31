import type {
  AnalyserLike,
  AudioBufferLike,
  AudioContextLike,
  AudioSourceLike,
  GainLike,
} from '../../web/src/audio/audio-context.ts';

interface Scheduled {
  readonly start: number;
  readonly end: number;
  stoppedAt: number | null;
  hasEnded: boolean;
  readonly onEnded: () => void;
}

/** Web Audio on a clock that the test advances. */
export class FakeAudioContext implements AudioContextLike {
  currentTime = 0;
  state: string;
  readonly outputLatency: number;
  readonly destination = { connect: () => undefined, disconnect: () => undefined };
  readonly scheduled: Scheduled[] = [];
  resumed: Promise<void> = Promise.resolve();

  constructor({ state, outputLatency }: { state: string; outputLatency: number }) {
    this.state = state;
    this.outputLatency = outputLatency;
  }

  /** Lets so many seconds pass; sources end at their time, and what that starts may end too. */
  advance(seconds: number): void {
    const until = this.currentTime + seconds;
    for (;;) {
      const next = this.scheduled
        .filter(({ hasEnded }) => !hasEnded)
        .map((source) => ({ source, at: source.stoppedAt ?? source.end }))
        .sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > until) break;
      this.currentTime = Math.max(this.currentTime, next.at);
      next.source.hasEnded = true;
      next.source.onEnded();
    }
    this.currentTime = until;
  }

  resume(): Promise<void> {
    this.resumed = Promise.resolve().then(() => {
      this.state = 'running';
    });
    // Whoever waits for it wants what follows from it too.
    const resumed = this.resumed;
    this.resumed = resumed.then(() => undefined);
    return resumed;
  }

  createBuffer(_channels: number, length: number, sampleRate: number): AudioBufferLike {
    return new FakeBuffer(length / sampleRate);
  }

  createBufferSource(): AudioSourceLike {
    const listeners: (() => void)[] = [];
    let piece: Scheduled | null = null;
    const source: AudioSourceLike = {
      buffer: null,
      connect: () => undefined,
      disconnect: () => undefined,
      start: (when) => {
        const seconds = (source.buffer as FakeBuffer).seconds;
        const end = Math.round((when + seconds) * 24_000) / 24_000;
        const onEnded = () => {
          for (const listener of listeners) listener();
        };
        piece = { start: when, end, stoppedAt: null, hasEnded: false, onEnded };
        this.scheduled.push(piece);
      },
      stop: (when) => {
        if (piece) piece.stoppedAt = when;
      },
      addEventListener: (_type, listener) => listeners.push(listener),
    };
    return source;
  }

  createGain(): GainLike {
    return { ...this.destination, gain: { setTargetAtTime: () => undefined } };
  }

  createAnalyser(): AnalyserLike {
    return { ...this.destination, fftSize: 0, getFloatTimeDomainData: () => undefined };
  }
}

class FakeBuffer implements AudioBufferLike {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  copyToChannel(): void {}
}
