import type { Conversation } from '../conversation/conversation.ts';
import { type MessageItem, textOf } from '../conversation/item.ts';
import type { Owner } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import type { TurnGraph } from '../graph/graph.ts';
import type { ReplyLimits } from '../graph/state.ts';
import { toHistory } from '../nodes/history.ts';
import { questionIn } from '../nodes/recall.ts';
import type { ResponseParams } from '../protocol/client-events.ts';
import type { WireRealtimeSession } from '../protocol/wire-session.ts';
import type { AgentSide, Said } from './agent-side.ts';
import { Greeting } from './greeting.ts';
import type { Playhead } from './playhead.ts';
import { Rehearsal } from './rehearsal.ts';
import type { Replies } from './replies.ts';
import type { Response } from './response.ts';
import type { ResponseDeps } from './response-deps.ts';
import { planResponse, planSaying } from './response-plan.ts';
import { userAudioItem } from './user-item.ts';

/** What the model is told when it speaks up because nobody else does. */
const NUDGE =
  'The person has said nothing for a while. Say one short, friendly sentence that invites them to go on. ' +
  'Do not repeat what you have said.';

/** So many items may lie between what somebody says and what they said before. */
const LOOK_BACK = 20;

interface Options {
  readonly deps: ResponseDeps & {
    readonly graph: TurnGraph;
    readonly limits: ReplyLimits;
    /** Looks for what is remembered about words that are going to be answered. */
    readonly anticipate: (owner: Owner, text: string) => void;
  };
  readonly conversation: Conversation;
  readonly replies: Replies;
  readonly playhead: Playhead;
  readonly config: () => WireRealtimeSession;
  /** False while it only writes down what is said. */
  readonly answers: () => boolean;
}

/** Decides what is answered, and when: to what a client asks for, to what a person has said, and unasked. */
export class Responder implements AgentSide {
  readonly #options: Options;
  readonly #greeting = new Greeting();
  /** Words that the client has committed and that are still being recognised. */
  #words: Promise<unknown> | null = null;
  /** The response that was asked for while words were still being recognised: it answers those too. */
  #awaitingWords: Response | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Says `text` a little later, unless the person is quicker. */
  greet(text: string): void {
    const { deps, replies, config, conversation } = this.#options;
    this.#greeting.wait(deps.clock, () => replies.begin(planSaying(text, config(), conversation)));
  }

  dropGreeting(): void {
    this.#greeting.drop();
  }

  /** Greets nobody from now on; what is being said goes on. */
  forgetGreeting(): void {
    this.#greeting.forget();
  }

  /** @throws VivavoceError for what cannot be answered, or not now. */
  respond(params: ResponseParams): void {
    const { replies } = this.#options;
    this.#greeting.drop();
    const plan = planResponse(params, { ...this.#basis(), words: this.#words });
    replies.refuseSecond(plan);
    const response = replies.begin(plan);
    this.#awaitingWords = this.#words ? response : null;
  }

  /** Speaks up in a silence. */
  nudge(): void {
    this.#options.replies.begin(planResponse({}, { ...this.#basis(), note: NUDGE }));
  }

  hasFloor(): boolean {
    const { playhead, replies } = this.#options;
    return playhead.isAudible || replies.isHalfSaid || this.#greeting.isWaiting;
  }

  isAnswering(): boolean {
    return this.#options.replies.active !== null;
  }

  answersAnyway(): boolean {
    return this.#awaitingWords !== null && this.#awaitingWords === this.#options.replies.active;
  }

  interrupt(): boolean {
    this.#greeting.drop();
    return this.#options.replies.interrupt();
  }

  answer(said: Said | null): void {
    const { replies } = this.#options;
    const times = said ? timesOf(said) : {};
    if (said?.rehearsal) {
      const { plan, deps } = said.rehearsal.performance();
      replies.begin({ ...plan, ...times }, deps);
    } else replies.begin({ ...planResponse({}, this.#basis()), ...times });
  }

  rehearse(tentative: MessageItem, said: Said): Rehearsal | null {
    // What else has been said is not known yet.
    if (this.#words) return null;
    const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>();
    const plan = { ...planResponse({}, { ...this.#basis(), tentative, confirmed }), ...timesOf(said) };
    return new Rehearsal(textOf(tentative), plan, this.#options.deps, confirm);
  }

  anticipate(text: string): void {
    const { deps, conversation, answers } = this.#options;
    if (!answers()) return;
    // As the turn will ask, or the search is made for nothing.
    const said = userAudioItem('tentative', text, deps.clock.nowMs());
    const question = questionIn(toHistory([...conversation.items.slice(-LOOK_BACK), said]));
    deps.anticipate(conversation.owner, question);
  }

  awaitWords(words: Promise<unknown>): void {
    const all = Promise.allSettled([this.#words, words]);
    this.#words = all;
    void all.then(() => {
      if (this.#words === all) this.#words = null;
    });
  }

  #basis() {
    const { deps, conversation, config } = this.#options;
    return { session: config(), conversation, graph: deps.graph, limits: deps.limits };
  }
}

/** A session that only writes down what is said answers nothing. */
export function refuseResponse(): never {
  throw new VivavoceError('invalid_request', 'A transcription session makes no responses.', {
    param: 'type',
  });
}

function timesOf({ endedAtMs, transcribedMs }: Said) {
  return { startedMs: endedAtMs, transcribedMs };
}
