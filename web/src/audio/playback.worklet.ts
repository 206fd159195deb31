import { SAMPLE_RATE } from './pcm.ts';
import { PLAYBACK, type PlaybackCommand, type PlaybackNews } from './playback-messages.ts';
import { PlaybackQueue } from './playback-queue.ts';

/** While it plays, the page hears of it about every 20 ms. */
const NEWS_BLOCKS = 4;

/** Plays what the page sends; runs in the audio thread. */
class PlaybackProcessor extends AudioWorkletProcessor {
  readonly #queue = new PlaybackQueue();
  #stops = 0;
  #blocks = 0;
  #told: PlaybackNews | null = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<PlaybackCommand>) => this.#obey(data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]?.[0];
    if (!output) return true;
    this.#queue.render(output);
    this.#blocks++;
    this.#tell(output.length);
    return true;
  }

  #obey(command: PlaybackCommand): void {
    switch (command.type) {
      case 'play':
        this.#queue.push(command.itemId, command.samples);
        break;
      case 'stop':
        this.#stops = command.stops;
        this.#queue.stop();
        break;
      case 'duck':
        this.#queue.duck();
        break;
      case 'resume':
        this.#queue.resume();
        break;
    }
  }

  #tell(length: number): void {
    const place = this.#queue.place;
    const told = this.#told;
    const hasChanged =
      place.itemId !== told?.itemId ||
      place.isPlaying !== told.isPlaying ||
      place.hasMore !== told.hasMore ||
      this.#stops !== told.stops;
    if (!hasChanged && !(place.isPlaying && this.#blocks % NEWS_BLOCKS === 0)) return;
    this.#told = { ...place, stops: this.#stops, atSeconds: currentTime + length / SAMPLE_RATE };
    this.port.postMessage(this.#told);
  }
}

registerProcessor(PLAYBACK, PlaybackProcessor);
