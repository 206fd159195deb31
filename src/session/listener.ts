import type { Clock, IdSource } from '../clock.ts';
import { VivavoceError } from '../errors.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import { bytesPerSecond } from '../speech/audio/input-format.ts';
import { Segmenter } from '../speech/vad/segmenter.ts';
import { appendedAudio, badAudio } from './appended-audio.ts';
import { AudioInlet, FRAME_MS, type HeardFrame } from './audio-inlet.ts';
import { endOfTurnMs, Pace } from './endpointing.ts';
import type { Hearing } from './hearing.ts';
import type { ListenerEvents } from './listener-events.ts';
import { PRE_ROLL_MS, PreRoll } from './pre-roll.ts';
import { StallWatch } from './stall-watch.ts';
import { UserUtterance } from './user-utterance.ts';

/** Shorter commits hold no word. */
const MIN_COMMIT_MS = 100;
/** Whoever speaks so long without a pause is answered anyway. */
const MAX_UTTERANCE_MS = 300_000;
/** Audio that a client may send without ever committing it, and audio that may wait to be heard. */
const MAX_BUFFER_MS = 600_000;

interface Options {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly hearing: Hearing;
  /** What the recogniser learns of a voice is kept by it. */
  readonly speaker: string;
  readonly input: WireRealtimeSession['audio']['input'];
  /** The client sends later what it cannot send now, and says when it is muted. */
  readonly sendsLate: boolean;
  /** True while our own voice would be heard. */
  readonly isEchoing: () => boolean;
  readonly events: ListenerEvents;
}

/** Listens to one microphone: finds what is said in its audio, has it recognised, and tells when it is over. */
export class Listener implements Disposable {
  readonly #options: Options;
  readonly #inlet: AudioInlet;
  readonly #segmenter = new Segmenter(FRAME_MS);
  readonly #pace = new Pace();
  #input: Options['input'];
  #utterance: UserUtterance | null = null;
  readonly #preRoll = new PreRoll(FRAME_MS);
  #isMuted = false;
  /** Audio since the last commit or clear, as the client sent it. */
  #bufferedMs = 0;
  #appendedMs = 0;
  #isFull = false;
  readonly #stall: StallWatch;
  /** Utterances that are over and whose words are not known yet. */
  readonly #unread = new Set<UserUtterance>();

  constructor(options: Options) {
    this.#options = options;
    this.#input = options.input;
    this.#inlet = new AudioInlet({
      vad: options.hearing.vad.open(),
      onFrame: (frame) => this.#hear(frame),
      isDeaf: () => this.#isMuted || options.isEchoing(),
      isManual: () => this.#input.turn_detection === null,
      format: () => this.#input.format,
      onFailed: (error) => options.events.failed(error),
    });
    this.#stall = new StallWatch(options.clock, {
      sendsLate: options.sendsLate,
      isBusy: () => this.#inlet.isBusy,
      onStalled: (ms) => this.#hearSilence(ms),
    });
    this.configure(options.input);
  }

  get utterance(): UserUtterance | null {
    return this.#utterance;
  }

  /** Audio received so far. */
  get heardMs(): number {
    return this.#inlet.heardMs;
  }

  configure(input: Options['input']): void {
    const wasManual = this.#input.turn_detection === null;
    this.#input = input;
    this.#preRoll.paddingMs =
      input.turn_detection?.type === 'server_vad' ? input.turn_detection.prefix_padding_ms : PRE_ROLL_MS;
    this.#segmenter.threshold =
      input.turn_detection?.type === 'server_vad' ? input.turn_detection.threshold : 0.5;
    // What was said so far was not asked to be judged by the other rule.
    if (wasManual !== (input.turn_detection === null)) {
      this.#inlet.forgetPast();
      this.#drop();
    }
  }

  /** From now on the microphone counts as silent, or no longer. */
  mute(muted: boolean): void {
    this.#inlet.afterAll(() => {
      this.#isMuted = muted;
      this.#stall.mute(muted);
    });
  }

  /** What was said while the line was cut is on its way. */
  cameBack(): void {
    this.#stall.audioCame();
  }

  /** @throws VivavoceError `invalid_request` for what is no audio, or too much of it. */
  append(audio: string): void {
    const bytes = appendedAudio(audio);
    const { format } = this.#input;
    const ms = (bytes.length * 1000) / bytesPerSecond(format);
    // With a detector nothing piles up but what has not been heard yet.
    const waitingMs = this.#input.turn_detection ? this.#appendedMs - this.#inlet.heardMs : this.#bufferedMs;
    if (waitingMs + ms > MAX_BUFFER_MS) {
      // Once: fifty of these come in a second.
      if (this.#isFull) return;
      this.#isFull = true;
      throw badAudio(
        'Ten minutes of audio wait already: commit or clear them, and send audio as fast as it is spoken.',
        'input_audio_buffer_full',
      );
    }
    this.#bufferedMs += ms;
    this.#appendedMs += ms;
    this.#stall.audioCame();
    this.#isFull = false;
    this.#inlet.append(bytes);
  }

  /** @throws VivavoceError when there is nothing to commit. */
  commit(): void {
    if (this.#bufferedMs < MIN_COMMIT_MS) {
      throw new VivavoceError(
        'invalid_request',
        `There are ${Math.round(this.#bufferedMs)} ms of audio in the buffer; a commit needs ${MIN_COMMIT_MS}.`,
        { wireCode: 'input_audio_buffer_commit_empty' },
      );
    }
    this.#bufferedMs = 0;
    this.#inlet.afterAll(() => {
      const utterance = this.#utterance ?? this.#begin(this.#inlet.heardMs);
      utterance.push(this.#inlet.takeRest());
      this.#end(utterance, true);
    });
  }

  /** Calls `run` behind commits and clears whose audio is still on its way in; now, when there are none. */
  afterCommits(run: () => void): void {
    this.#inlet.afterRuns(run);
  }

  /** Forgets what has not been committed, then calls `done`. */
  clear(done: () => void): void {
    this.#bufferedMs = 0;
    this.#inlet.afterAll(() => {
      this.#inlet.takeRest();
      this.#drop();
      done();
    });
  }

  /** No more audio will come: whoever is speaking has finished. */
  finish(): void {
    const utterance = this.#utterance;
    if (utterance && this.#input.turn_detection) this.#end(utterance, false);
  }

  [Symbol.dispose](): void {
    this.#stall.stop();
    this.#utterance?.[Symbol.dispose]();
    this.#utterance = null;
    for (const utterance of this.#unread) utterance[Symbol.dispose]();
    this.#inlet[Symbol.dispose]();
  }

  #hear({ samples, probability, startMs }: HeardFrame): void {
    const endMs = startMs + FRAME_MS;
    this.#stall.audioCame();
    const detection = this.#input.turn_detection;
    if (detection === null) {
      const utterance = this.#utterance ?? this.#begin(startMs);
      utterance.push(samples);
      utterance.heardSpeech(endMs, utterance.speechMs + FRAME_MS);
      return;
    }
    this.#utterance?.push(samples);
    this.#preRoll.push(samples);
    this.#judge(probability, endMs);
  }

  /** Takes what the detector says of the frame that ends at `endMs`. */
  #judge(probability: number, endMs: number): void {
    const { events } = this.#options;
    const { silenceMs } = this.#segmenter;
    const change = this.#segmenter.push(probability);
    if (change === 'onset') {
      const utterance = this.#begin(endMs - this.#segmenter.onsetAgoMs);
      for (const samples of this.#preRoll.take()) utterance.push(samples);
      utterance.heardSpeech(endMs, this.#segmenter.speechMs);
      events.begun(utterance);
      this.#stall.watch();
    }
    const utterance = this.#utterance;
    if (!utterance) return;
    if (change === 'resumed') {
      this.#pace.paused(silenceMs);
      utterance.goOn();
      events.wentOn(utterance);
    }
    if (this.#segmenter.speechMs !== utterance.speechMs) {
      utterance.heardSpeech(endMs, this.#segmenter.speechMs);
    }
    if (change === 'pause') {
      // What has been asked about is no beginning of something else; what comes now may be.
      this.#preRoll.take();
      this.#read(utterance);
    }
    if (this.#segmenter.silenceMs === 0) events.progressed(utterance);
    if (this.#isOver(utterance)) this.#end(utterance, false);
  }

  #isOver({ verdict, startMs, endMs }: UserUtterance): boolean {
    const detection = this.#input.turn_detection;
    if (endMs - startMs >= MAX_UTTERANCE_MS) return true;
    const { silenceMs } = this.#segmenter;
    return (
      detection !== null &&
      silenceMs > 0 &&
      silenceMs >= endOfTurnMs(detection, verdict, this.#pace.hangoverMs)
    );
  }

  /** Asks for the text at the first silence, so that it is there when the silence turns out to be the end. */
  #read(utterance: UserUtterance): void {
    const reading = utterance.read();
    const tell = async () => {
      const { text } = await reading;
      const isStillSilent = await utterance.judge(text);
      // The turn may be over meanwhile.
      if (isStillSilent && this.#utterance === utterance) this.#options.events.understood(utterance, text);
    };
    // What failed is told when the utterance ends and its text is wanted.
    tell().catch(() => undefined);
  }

  #begin(startMs: number): UserUtterance {
    const { clock, ids, hearing, speaker, events } = this.#options;
    const { language, prompt } = this.#input.transcription ?? {};
    const utterance = new UserUtterance({
      ...{ clock, speaker, startMs },
      itemId: ids.next('item'),
      transcriber: hearing.transcriber,
      turnDetector: hearing.turnDetector,
      language: language ?? hearing.language,
      prompt: prompt ?? null,
      onPartial: () => {
        if (this.#utterance === utterance) events.progressed(utterance);
      },
    });
    this.#utterance = utterance;
    return utterance;
  }

  #end(utterance: UserUtterance, isCommitted: boolean): void {
    this.#leave();
    this.#bufferedMs = 0;
    const transcript = utterance.read();
    this.#unread.add(utterance);
    const release = () => {
      this.#unread.delete(utterance);
      utterance[Symbol.dispose]();
    };
    transcript.then(release, release);
    this.#options.events.ended(utterance, transcript, isCommitted);
  }

  #drop(): void {
    const utterance = this.#utterance;
    this.#leave();
    this.#bufferedMs = 0;
    this.#preRoll.take();
    utterance?.[Symbol.dispose]();
    if (utterance) this.#options.events.dropped(utterance);
  }

  #leave(): void {
    this.#utterance = null;
    this.#segmenter.end();
    this.#stall.stop();
  }

  /** Silence that nobody has sent. */
  #hearSilence(lengthMs: number): void {
    for (let ms = 0; ms < lengthMs && this.#utterance; ms += FRAME_MS) this.#judge(0, this.#inlet.heardMs);
  }
}
