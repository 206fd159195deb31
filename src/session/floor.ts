import type { Clock } from '../clock.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { MessageItem } from '../conversation/item.ts';
import { isAbort, messageOf } from '../errors.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import { isBackchannel, sameWords } from '../speech/backchannel.ts';
import type { Transcript } from '../speech/stt/transcriber.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { AgentSide, Said } from './agent-side.ts';
import type { ListenerEvents } from './listener-events.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import type { Rehearsal } from './rehearsal.ts';
import { userAudioItem } from './user-item.ts';
import { UserMessageWriter } from './user-message-writer.ts';
import type { UserUtterance } from './user-utterance.ts';

/** So much speech takes the floor from an agent that speaks … */
const INTERRUPTION_MS = 300;
/** … once its words had so long to show that it is only listening noise. */
const WORDS_MS = 200;
/** Nobody says "mhm" for so long. */
const LONGEST_BACKCHANNEL_MS = 1_200;

interface Options {
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly outbox: Outbox<Outgoing>;
  readonly telemetry: Telemetry;
  readonly agent: AgentSide;
  readonly config: () => WireRealtimeSession;
  readonly speculates: boolean;
}

/**
 * Who has the floor: decides when what is heard takes it from the agent, and when it is given back.
 *
 * While the agent is audible nothing is told to a client until it is sure that somebody speaks up, because players stop
 * at `speech_started` and nobody can resume after it.
 */
export class Floor implements ListenerEvents {
  readonly #options: Options;
  readonly #writer: UserMessageWriter;
  /** What is being said. */
  #current: UserUtterance | null = null;
  /** What of it has been told. */
  #toldText = '';
  #rehearsal: Rehearsal | null = null;
  /** Something was said that has no answer: it was cut before anybody heard a word of it, or could not be begun. */
  #owesAnswer = false;
  /** Turns that are over and whose words are not known yet. */
  #unsettled = 0;
  /** What was said is told in the order in which it was said, however long its words take. */
  #settled: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
    this.#writer = new UserMessageWriter(options);
  }

  begun(utterance: UserUtterance): void {
    this.#current = utterance;
    this.#toldText = '';
    if (this.#mayBeBackchannel) this.#writer.ducked(utterance);
    else this.#announce(utterance);
  }

  progressed(utterance: UserUtterance): void {
    if (!utterance.isAnnounced && !this.#isManual) {
      if (this.#mayBeBackchannel && !takesTheFloor(utterance)) return;
      this.#announce(utterance);
    }
    this.#tellPartial(utterance);
  }

  understood(utterance: UserUtterance, text: string): void {
    if (text.trim() === '') return;
    if (!utterance.isAnnounced) {
      if (this.#mayBeBackchannel && isBackchannel(text)) return;
      this.#announce(utterance);
    }
    this.#tellPartial(utterance);
    this.#rehearse(utterance, text);
  }

  wentOn(_utterance: UserUtterance): void {
    this.#dropRehearsal();
  }

  ended(utterance: UserUtterance, transcript: Promise<Transcript>, isCommitted: boolean): void {
    if (this.#current === utterance) this.#current = null;
    const rehearsal = this.#rehearsal;
    this.#rehearsal = null;
    if (utterance.isAnnounced) this.#writer.stopped(utterance);
    // Whether it was meant to interrupt is a question of when it was said, not of when its words are known.
    const config = this.#options.config();
    const turn = { utterance, rehearsal, config, wasOverAgent: this.#mayBeBackchannel };
    const before = this.#settled;
    this.#unsettled++;
    const settle = isCommitted
      ? this.#settleCommitted(turn, transcript, before)
      : this.#settle(turn, transcript, before);
    this.#settled = settle.catch((error) => this.failed(error)).finally(() => this.#unsettled--);
    this.#options.agent.awaitWords(this.#settled);
  }

  dropped(utterance: UserUtterance): void {
    if (this.#current === utterance) this.#current = null;
    this.#dropRehearsal();
    if (utterance.isAnnounced) this.#writer.stopped(utterance);
    this.#giveBack(utterance, false);
  }

  /** A reply has ended: what has waited for that is answered. */
  agentIsFree(): void {
    if (this.#owesAnswer) this.#answer(null);
  }

  failed(error: unknown): void {
    // What is given up with its session has not failed.
    if (this.#isClosed && isAbort(error)) return;
    this.#options.telemetry.hearingFailed({
      conversationId: this.#options.conversation.id,
      error: messageOf(error),
    });
  }

  /** Gives an item of the client its words when they are known. */
  async wordsOf(item: MessageItem, seconds: number, transcript: Promise<Transcript>): Promise<void> {
    await this.#writer.wordsOf(
      item,
      () => seconds,
      transcript,
      (error) => this.failed(error),
    );
  }

  /** What a rehearsal was based on is no longer so: the client has changed its settings or the conversation. */
  changed(): void {
    this.#dropRehearsal();
  }

  /** Answers nothing from now on. Resolves when all that was said is told and stored. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#dropRehearsal();
    await this.#settled;
  }

  get #isManual(): boolean {
    return this.#options.config().audio.input.turn_detection === null;
  }

  /** Speech is not told before it is clear that it is more than a sign of listening. */
  get #mayBeBackchannel(): boolean {
    const detection = this.#options.config().audio.input.turn_detection;
    return detection?.interrupt_response === true && this.#options.agent.hasFloor();
  }

  #announce(utterance: UserUtterance): void {
    const { agent, config } = this.#options;
    utterance.isAnnounced = true;
    utterance.isDucked = false;
    this.#writer.started(utterance);
    if (config().audio.input.turn_detection?.interrupt_response && agent.interrupt()) this.#owesAnswer = true;
  }

  async #settle(turn: Turn, transcript: Promise<Transcript>, before: Promise<void>): Promise<void> {
    const { utterance, rehearsal, wasOverAgent } = turn;
    const heard = await transcript.then(
      ({ text }) => ({ text: text.trim() }),
      (error: unknown) => ({ error }),
    );
    const transcribedMs = utterance.readAtMs ?? this.#options.clock.monotonicMs();
    // What was said is told in the order in which it was said.
    await before;
    if ('error' in heard) {
      rehearsal?.[Symbol.dispose]();
      this.failed(heard.error);
      if (!utterance.isAnnounced) this.#giveBack(utterance);
      // Who heard nothing now would wait for an answer: the person is asked to say it again.
      else if (this.#writer.commitFailed(utterance, heard.error)) {
        this.#answer({ endedAtMs: utterance.endedAtMs, transcribedMs, rehearsal: null }, true);
      }
      return;
    }
    const { text } = heard;
    if (text === '' || (!utterance.isAnnounced && wasOverAgent && isBackchannel(text))) {
      rehearsal?.[Symbol.dispose]();
      this.#giveBack(utterance);
      return;
    }
    if (!utterance.isAnnounced) {
      this.#announce(utterance);
      this.#writer.stopped(utterance);
    }
    const { conversation, config } = this.#options;
    const isCurrent = rehearsal?.revision === conversation.revision && turn.config === config();
    const isSaid = this.#writer.commit(utterance, text);
    const fits = rehearsal && isCurrent && sameWords(rehearsal.text, text) ? rehearsal : null;
    if (rehearsal !== fits) rehearsal?.[Symbol.dispose]();
    if (isSaid) this.#answer({ endedAtMs: utterance.endedAtMs, transcribedMs, rehearsal: fits }, true);
  }

  /** The client says that it is over, and asks for the answer itself. */
  async #settleCommitted(turn: Turn, transcript: Promise<Transcript>, before: Promise<void>): Promise<void> {
    const { utterance, rehearsal } = turn;
    rehearsal?.[Symbol.dispose]();
    this.#owesAnswer = false;
    this.#writer.resumed(utterance);
    // At once, unless something that was said before is still to be told.
    if (this.#unsettled > 1) await before;
    await this.#writer.commitUnheard(utterance, transcript, (error) => this.failed(error));
  }

  #tellPartial(utterance: UserUtterance): void {
    const { text } = utterance;
    if (!text || text === this.#toldText) return;
    this.#toldText = text;
    this.#writer.partial(utterance, text);
    this.#options.agent.anticipate(text);
  }

  /** Somebody made a sound and said nothing: what it cut is owed. */
  #giveBack(utterance: UserUtterance, isSettling = true): void {
    this.#writer.resumed(utterance);
    if (utterance.isAnnounced && this.#owesAnswer) this.#answer(null, isSettling);
  }

  /** @param isSettling this turn is the one of those with unknown words whose words are known now */
  #answer(said: Said | null, isSettling = false): void {
    const { agent, config } = this.#options;
    const wantsAnswer = config().audio.input.turn_detection?.create_response === true && !this.#isClosed;
    // Somebody speaks again already, or has: the answer will be to all of it.
    const isSpeaking = this.#current?.isAnnounced === true || this.#unsettled > (isSettling ? 1 : 0);
    const isAnswered = agent.answersAnyway();
    if (wantsAnswer && !isSpeaking && !isAnswered && !agent.isAnswering()) {
      this.#owesAnswer = false;
      agent.answer(said);
      return;
    }
    said?.rehearsal?.[Symbol.dispose]();
    this.#owesAnswer = wantsAnswer && !isAnswered;
  }

  #rehearse(utterance: UserUtterance, text: string): void {
    const { agent, config, clock, speculates } = this.#options;
    const detection = config().audio.input.turn_detection;
    if (!speculates || !detection?.create_response || agent.isAnswering() || this.#unsettled > 0) return;
    // Silence alone decides with `server_vad`, so there the words do not matter.
    if (detection.type === 'semantic_vad' && utterance.verdict === 'incomplete') return;
    this.#dropRehearsal();
    const said = { endedAtMs: utterance.endedAtMs, transcribedMs: clock.monotonicMs(), rehearsal: null };
    this.#rehearsal = agent.rehearse(userAudioItem(utterance.itemId, text.trim(), clock.nowMs()), said);
  }

  #dropRehearsal(): void {
    this.#rehearsal?.[Symbol.dispose]();
    this.#rehearsal = null;
  }
}

/** A turn of a person that is over. */
interface Turn {
  readonly utterance: UserUtterance;
  readonly rehearsal: Rehearsal | null;
  /** The settings that were in force; a rehearsal goes by them. */
  readonly config: WireRealtimeSession;
  readonly wasOverAgent: boolean;
}

/** Whether speech over the agent's own is meant to stop it. */
function takesTheFloor({ text, speechMs }: UserUtterance): boolean {
  if (text === null || text.trim() === '') return speechMs >= INTERRUPTION_MS + WORDS_MS;
  return !isBackchannel(text) || speechMs >= LONGEST_BACKCHANNEL_MS;
}
