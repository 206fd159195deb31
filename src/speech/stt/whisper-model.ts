import {
  AutoModelForSpeechSeq2Seq,
  AutomaticSpeechRecognitionPipeline,
  AutoProcessor,
  AutoTokenizer,
  env,
  type PreTrainedTokenizer,
  type Processor,
  type Tensor,
} from '@huggingface/transformers';
import { LISTEN_RATE } from '../audio/pcm.ts';
import { isStuck, withoutLoops } from './repetition.ts';
import type { HeardWord, Transcript } from './transcriber.ts';
import type { WhisperJob, WhisperWorkerData } from './whisper-api.ts';
import { whisperFeatures } from './whisper-features.ts';

/** What the library's types leave open. */
interface SpeechModel {
  readonly config: { readonly model_type: string };
  readonly generation_config: GenerationConfig | null;
  readonly sessions: Readonly<Record<string, { readonly outputNames: readonly string[] }>>;
  generate(options: object): Promise<unknown>;
}

interface GenerationConfig {
  readonly is_multilingual?: boolean;
  readonly decoder_start_token_id?: number;
  readonly no_timestamps_token_id?: number;
  readonly lang_to_id?: Readonly<Record<string, number>>;
  readonly task_to_id?: Readonly<Record<string, number>>;
  readonly alignment_heads?: unknown;
}

/** Nobody says more in a second. */
const TOKENS_A_SECOND = 12;
const SPARE_TOKENS = 24;
/** Half of Whisper's context; the other half is for the prompt. */
const MOST_TOKENS = 224;
const MOST_PROMPT_TOKENS = 200;
/** The first layers of Moonshine need some audio to look at. */
const SHORTEST_SAMPLES = LISTEN_RATE / 2;

class Stuck extends Error {}

/** Whisper or Moonshine, from a folder, in this thread. */
export class WhisperModel {
  readonly #model: SpeechModel;
  readonly #processor: Processor;
  readonly #tokenizer: PreTrainedTokenizer;
  readonly #words: AutomaticSpeechRecognitionPipeline | null;

  private constructor(model: SpeechModel, processor: Processor, tokenizer: PreTrainedTokenizer) {
    this.#model = model;
    this.#processor = processor;
    this.#tokenizer = tokenizer;
    const says = model.sessions.decoder_model_merged?.outputNames ?? [];
    const sees = says.some((name) => name.startsWith('cross_attentions'));
    const parts = { task: 'automatic-speech-recognition', model, processor, tokenizer };
    this.#words =
      this.#isWhisper && sees && model.generation_config?.alignment_heads
        ? new AutomaticSpeechRecognitionPipeline(parts as never)
        : null;
  }

  static async load({ folder, dtype, threads }: WhisperWorkerData): Promise<WhisperModel> {
    // Everything is there already; the library must not look for it anywhere else, or write anything.
    env.allowRemoteModels = false;
    env.useFSCache = false;
    env.logLevel = 50;
    const session = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // It keeps a plan for every length that it has seen, and nearly every pass has another.
      enableMemPattern: false,
      // Waiting threads sleep. By default they spin, and an idle service has a busy core.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    };
    const local = { local_files_only: true } as const;
    const [model, processor, tokenizer] = await Promise.all([
      AutoModelForSpeechSeq2Seq.from_pretrained(folder, { ...local, dtype, session_options: session }),
      AutoProcessor.from_pretrained(folder, local),
      AutoTokenizer.from_pretrained(folder, local),
    ]);
    return new WhisperModel(model as unknown as SpeechModel, processor, tokenizer);
  }

  /** Word times when the model has what they are computed from. Throws the reason of `signal` soon after its abort. */
  async transcribe({ samples, language, prompt }: WhisperJob, signal: AbortSignal): Promise<Transcript> {
    const audio = new Float32Array(Math.max(samples.length, SHORTEST_SAMPLES));
    for (const [i, sample] of samples.entries()) audio[i] = sample / 32_768;
    const wanted = SPARE_TOKENS + Math.ceil((TOKENS_A_SECOND * audio.length) / LISTEN_RATE);
    const tokens = new TokenWatch(signal);
    const limits = { max_new_tokens: Math.min(wanted, MOST_TOKENS), streamer: tokens };
    if (!this.#isWhisper) {
      const inputs = await this.#processor(audio);
      return this.#text(await this.#generate({ ...inputs, ...limits }, tokens, 1));
    }
    const extractor = this.#processor.feature_extractor;
    if (!extractor) throw new Error('the model has no feature extractor');
    const features = await whisperFeatures(extractor, audio);
    const start = await this.#startTokens(features, language, signal);
    if (this.#words) return this.#withTimes(audio, { ...limits, decoder_input_ids: start }, tokens);
    const begin = [...this.#promptTokens(prompt), ...start];
    const options = { inputs: features, decoder_input_ids: begin, ...limits };
    return this.#text(await this.#generate(options, tokens, begin.length));
  }

  get #isWhisper(): boolean {
    return this.#model.config.model_type !== 'moonshine';
  }

  /** The tokens that it wrote, without the `begin` that it was given. */
  async #generate(options: object, tokens: TokenWatch, begin: number): Promise<number[]> {
    try {
      const output = (await this.#model.generate(options)) as Tensor;
      const [sequence = []] = output.tolist() as (number | bigint)[][];
      return sequence.slice(begin).map(Number);
    } catch (error) {
      if (error instanceof Stuck) return tokens.ids;
      throw error;
    }
  }

  #text(tokens: readonly number[]): Transcript {
    const text = this.#tokenizer.decode([...tokens], { skip_special_tokens: true });
    return { text: withoutLoops(text.trim()), words: null };
  }

  /** Takes no prompt: the library tells the text from what it was given by the first time in it. */
  async #withTimes(audio: Float32Array, options: object, tokens: TokenWatch): Promise<Transcript> {
    const call = this.#words as unknown as (audio: Float32Array, options: object) => Promise<TimedOutput>;
    let output: TimedOutput;
    try {
      output = await call(audio, { ...options, return_timestamps: 'word' });
    } catch (error) {
      if (error instanceof Stuck) return this.#text(tokens.ids);
      throw error;
    }
    const words = (output.chunks ?? []).map(({ text, timestamp: [start, end] }): HeardWord => {
      return { text: text.trim(), startMs: start * 1000, endMs: (end ?? start) * 1000 };
    });
    const text = withoutLoops(output.text.trim());
    // What was cut out of a loop has no times any more.
    return { text, words: text === output.text.trim() ? words : null };
  }

  /** `<|startoftranscript|><|en|><|transcribe|><|notimestamps|>`, or less for a model of English only. */
  async #startTokens(features: Tensor, language: string | null, signal: AbortSignal): Promise<number[]> {
    const config = this.#model.generation_config ?? {};
    const start = config.decoder_start_token_id ?? 0;
    const tokens = [start];
    if (config.is_multilingual) {
      const code = language?.toLowerCase().split('-')[0];
      const known = config.lang_to_id?.[`<|${code}|>`];
      tokens.push(known ?? (await this.#findLanguage(features, start, signal)));
      const task = config.task_to_id?.transcribe;
      if (task !== undefined) tokens.push(task);
    }
    if (!this.#words && config.no_timestamps_token_id !== undefined)
      tokens.push(config.no_timestamps_token_id);
    return tokens;
  }

  /** The first token that Whisper writes says the language; the library would take English instead. */
  async #findLanguage(features: Tensor, start: number, signal: AbortSignal): Promise<number> {
    const ids = Object.values(this.#model.generation_config?.lang_to_id ?? {});
    const onlyLanguages = (_: unknown, logits: Tensor) => {
      const scores = logits.data as Float32Array;
      const allowed = ids.map((id) => [id, scores[id] ?? -Infinity] as const);
      scores.fill(-Infinity);
      for (const [id, score] of allowed) scores[id] = score;
      return logits;
    };
    const tokens = new TokenWatch(signal);
    const options = {
      inputs: features,
      decoder_input_ids: [start],
      max_new_tokens: 1,
      streamer: tokens,
      begin_suppress_tokens: null,
      logits_processor: [onlyLanguages],
    };
    const [found = ids[0] ?? start] = await this.#generate(options, tokens, 1);
    return found;
  }

  /** What was said before, as Whisper reads it: words that it will then rather hear. */
  #promptTokens(prompt: string | null): number[] {
    if (prompt === null || prompt.trim() === '') return [];
    const encode = (text: string) => this.#tokenizer.encode(text, { add_special_tokens: false });
    const [before, ...more] = encode('<|startofprev|>');
    if (before === undefined || more.length > 0) return [];
    return [before, ...encode(` ${prompt.trim()}`).slice(-MOST_PROMPT_TOKENS)];
  }
}

interface TimedOutput {
  readonly text: string;
  readonly chunks?: readonly {
    readonly text: string;
    readonly timestamp: readonly [number, number | null];
  }[];
}

/** Sees every token as it is written, which is where the library can be stopped: by an error. */
class TokenWatch {
  readonly ids: number[] = [];
  readonly #signal: AbortSignal;
  #begun = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  put(batch: readonly (readonly bigint[])[]): void {
    if (this.#signal.aborted) throw this.#signal.reason;
    // First comes what it was given.
    if (this.#begun) for (const id of batch[0] ?? []) this.ids.push(Number(id));
    this.#begun = true;
    if (isStuck(this.ids)) throw new Stuck('the model repeats itself');
  }

  end(): void {}
}
