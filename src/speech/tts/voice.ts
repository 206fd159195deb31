/** Every voice delivers mono samples at this rate; what a client wants is made from it at the edge. */
export const VOICE_RATE = 24_000;

/** When a word of the spoken text sounds. Offsets count UTF-16 units of `SpeechRequest.text`. */
export interface WordTime {
  readonly start: number;
  readonly end: number;
  /** Milliseconds from the first sample of this request's audio. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface SpeechRequest {
  /** What is said: plain words, already filtered for speech. */
  readonly text: string;
  /** A voice of the engine; a name it does not know means its default, because clients send names of other vendors. */
  readonly voice: string | null;
  /** 1 is the voice's own pace; 0.25 to 1.5. */
  readonly speed: number;
}

/**
 * A stretch of audio, 24 kHz mono. Its samples may be shared with other listeners: never change or transfer them.
 *
 * An engine that knows its word times puts all of them on its first chunk. Only a text that is made in several goes
 * (longer than any sentence) has more of them on later chunks, each with the audio that they belong to.
 */
export interface SpeechChunk {
  readonly samples: Int16Array;
  readonly words?: readonly WordTime[];
  /** Made by another voice than the one that was asked, which failed: not to be kept for the next time. */
  readonly isStandIn?: true;
}

/** A speech synthesiser. */
export interface Voice {
  readonly engine: string;
  /** The voices by name; the first is the default. */
  readonly voices: readonly string[];
  /** Null when it can speak `text`, else the reason in plain words ("flite speaks English only: …"). */
  cannotSpeak(text: string): string | null;
  /**
   * Streams the audio of `request`, each chunk as soon as it exists.
   *
   * Aborting `signal` ends it with an error for which `isAbort` is true; other failures are `VivavoceError`s with
   * code `engine_*` or `breaker_open`.
   */
  speak(request: SpeechRequest, signal: AbortSignal): AsyncIterable<SpeechChunk>;
}
