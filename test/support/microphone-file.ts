import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf, joinSamples, LISTEN_RATE, samplesIn } from '../../src/speech/audio/pcm.ts';
import { wavHeader } from '../../src/speech/audio/wav.ts';
import type { Voice } from '../../src/speech/tts/voice.ts';
import { spoken } from './sphinx.ts';

/** So much silence, in milliseconds, or somebody who says something. */
type Sound = number | string;

/** Full scale is 32768. */
const ROOM_NOISE = 24;
const SPEECH_GAIN = 0.5;

/**
 * What the microphone of a browser hears: a WAV file of 16 kHz, played once from the moment the microphone is opened.
 */
export class MicrophoneFile implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(voice: Voice, sounds: readonly Sound[]): Promise<MicrophoneFile> {
    const parts = await Promise.all(
      sounds.map(async (sound) =>
        typeof sound === 'number'
          ? new Int16Array(samplesIn(sound, LISTEN_RATE))
          : await spoken(voice, sound, { leadMs: 0, trailMs: 0 }),
      ),
    );
    const bytes = bytesOf(inRoom(joinSamples(parts)));
    const file = new MicrophoneFile(await mkdtemp(join(tmpdir(), 'vivavoce-microphone-')));
    await writeFile(file.#path, Buffer.concat([wavHeader(LISTEN_RATE, bytes.length), bytes]));
    return file;
  }

  /** For Chromium: it takes every microphone for this file, and asks nobody. */
  get args(): string[] {
    return [
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${this.#path}%noloop`,
      '--autoplay-policy=no-user-gesture-required',
    ];
  }

  get #path(): string {
    return join(this.#folder, 'microphone.wav');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** As a microphone hears it: not at full scale, and never quite silent. */
function inRoom(samples: Int16Array): Int16Array {
  let seed = 1;
  return samples.map((sample) => {
    seed = (seed * 48_271) % 0x7fff_ffff;
    return Math.round(sample * SPEECH_GAIN + ((seed / 0x7fff_ffff) * 2 - 1) * ROOM_NOISE);
  });
}
