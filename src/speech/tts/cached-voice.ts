import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import { orAborted, throwIfAborted } from '../../resilience/abortable.ts';
import { SharedSpeech } from './shared-speech.ts';
import type { SpeechChunk, SpeechRequest, Voice } from './voice.ts';

interface Options {
  /** What all kept audio may take; a sentence of 3 s is 144 kB. */
  readonly maxBytes: number;
  readonly ttlMs: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  /** Requests that followed a synthesis which another one had begun. */
  readonly joined: number;
  readonly entries: number;
  readonly bytes: number;
}

/** Longer texts are never said twice, and keeping a copy would undo the streaming of an hour of speech. */
const MAX_TEXT_CHARS = 600;
const WORD_BYTES = 64;

/**
 * A voice that remembers what it has said: the same sentence again costs nothing, also while it is still being made.
 *
 * All listeners get the same chunks: nobody may change their samples or transfer them to another thread.
 */
export class CachedVoice implements Voice {
  readonly #voice: Voice;
  readonly #kept: LRUCache<string, readonly SpeechChunk[]>;
  readonly #running = new Map<string, SharedSpeech>();
  #hits = 0;
  #misses = 0;
  #joined = 0;

  constructor(voice: Voice, { maxBytes, ttlMs, clock }: Options) {
    this.#voice = voice;
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: sizeOf,
      ttl: ttlMs,
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs() },
    });
  }

  get engine(): string {
    return this.#voice.engine;
  }

  get voices(): readonly string[] {
    return this.#voice.voices;
  }

  get statistics(): CacheStatistics {
    return {
      hits: this.#hits,
      misses: this.#misses,
      joined: this.#joined,
      entries: this.#kept.size,
      bytes: this.#kept.calculatedSize,
    };
  }

  /** Keeps nothing of what was said until now, what is being made included: somebody wants to be forgotten. */
  clear(): void {
    this.#kept.clear();
    this.#running.clear();
  }

  cannotSpeak(text: string): string | null {
    return this.#voice.cannotSpeak(text);
  }

  async *speak(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    throwIfAborted(signal);
    const key = this.#keyOf(request);
    const kept = this.#kept.get(key);
    if (kept) {
      this.#hits++;
      for (const chunk of kept) {
        yield chunk;
        throwIfAborted(signal);
      }
      return;
    }
    const running = this.#running.get(key);
    if (running) {
      this.#joined++;
      yield* running.listen(signal);
      return;
    }
    this.#misses++;
    if (request.text.length > MAX_TEXT_CHARS) yield* this.#voice.speak(request, signal);
    else yield* this.#begin(key, request).listen(signal);
  }

  /**
   * Makes `requests` ahead of time, one after the other, each only when nobody is waiting for the voice.
   *
   * What is known already or cannot be spoken is left out. Rejects with the first failure, or with the abort.
   */
  async warm(requests: readonly SpeechRequest[], signal: AbortSignal): Promise<void> {
    for (const request of requests) {
      throwIfAborted(signal);
      if (this.#kept.has(this.#keyOf(request)) || this.cannotSpeak(request.text) !== null) continue;
      for (let busy = this.#anyRunning(); busy; busy = this.#anyRunning()) await orAborted(busy, signal);
      for await (const _ of this.speak(request, signal));
    }
  }

  #anyRunning(): Promise<void> | undefined {
    const [speech] = this.#running.values();
    return speech?.settled;
  }

  #begin(key: string, request: SpeechRequest): SharedSpeech {
    const speech = new SharedSpeech(this.#voice, request, (whole) => {
      // Cleared meanwhile, and perhaps begun anew.
      if (this.#running.get(key) !== speech) return;
      this.#running.delete(key);
      if (whole && !whole.some(({ isStandIn }) => isStandIn)) this.#kept.set(key, whole);
    });
    this.#running.set(key, speech);
    return speech;
  }

  #keyOf({ text, voice, speed }: SpeechRequest): string {
    // Names that the engine does not know all sound like its default.
    const [byDefault] = this.voices;
    const sounds = voice !== null && this.voices.includes(voice) ? voice : byDefault;
    return JSON.stringify([this.engine, sounds, speed, text]);
  }
}

function sizeOf(chunks: readonly SpeechChunk[]): number {
  let bytes = 1;
  for (const { samples, words } of chunks) bytes += samples.byteLength + (words?.length ?? 0) * WORD_BYTES;
  return bytes;
}
