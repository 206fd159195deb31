import { cancelled } from '../../src/resilience/deadline.ts';
import { joinSamples } from '../../src/speech/audio/pcm.ts';
import type {
  Recognition,
  Transcriber,
  Transcript,
  TranscriptionRequest,
} from '../../src/speech/stt/transcriber.ts';

/** One utterance as the engine got it. */
export interface ScriptedRecognition {
  readonly request: TranscriptionRequest;
  readonly pieces: Int16Array[];
  /** All pieces in one. */
  readonly samples: Int16Array;
  disposed: boolean;
}

type Script = (
  samples: Int16Array,
  recognition: ScriptedRecognition,
  signal: AbortSignal,
) => Promise<Transcript>;

/** A recogniser that hears what its script says. Aborts are obeyed also when the script does not look at them. */
export class ScriptedTranscriber implements Transcriber {
  readonly engine: string;
  readonly model = 'script';
  readonly recognitions: ScriptedRecognition[] = [];
  script: Script;

  constructor(script: Script | string, engine = 'scripted') {
    this.engine = engine;
    this.script = typeof script === 'string' ? async () => ({ text: script, words: null }) : script;
  }

  recognise(request: TranscriptionRequest): Recognition {
    const pieces: Int16Array[] = [];
    const recognition: ScriptedRecognition = {
      request,
      pieces,
      get samples() {
        return joinSamples(pieces);
      },
      disposed: false,
    };
    this.recognitions.push(recognition);
    return {
      push: (samples) => void pieces.push(samples),
      read: (signal) => {
        const { promise, reject } = Promise.withResolvers<Transcript>();
        const onAbort = () => reject(cancelled(this.engine, signal));
        if (signal.aborted) onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        return Promise.race([promise, this.script(recognition.samples, recognition, signal)]);
      },
      [Symbol.dispose]: () => {
        recognition.disposed = true;
      },
    };
  }
}
