import type { Conversation } from '../../src/conversation/conversation.ts';
import { Conversations } from '../../src/conversation/conversations.ts';
import { createTurnGraph, type GraphDeps } from '../../src/graph/graph.ts';
import { noMemory } from '../../src/graph/no-memory.ts';
import { decodeClientEvent } from '../../src/protocol/client-events.ts';
import type { Line } from '../../src/session/line.ts';
import type { Outgoing } from '../../src/session/outgoing.ts';
import { Session } from '../../src/session/session.ts';
import type { SessionDeps } from '../../src/session/session-deps.ts';
import { bytesOf } from '../../src/speech/audio/pcm.ts';
import { Pronunciations } from '../../src/speech/pronunciations.ts';
import { Telemetry } from '../../src/telemetry/events.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryStore } from './memory-store.ts';
import { ScriptedHearing } from './scripted-hearing.ts';
import { type ModelStep, ScriptedModel } from './scripted-model.ts';
import { ScriptedVoice } from './scripted-voice.ts';

type EventOf<Type extends Outgoing['type']> = Extract<Outgoing, { type: Type }>;

interface Options {
  readonly clock?: ManualClock;
  readonly voice?: ScriptedVoice;
  readonly store?: MemoryStore;
  readonly conversation?: Conversation;
  readonly hearing?: (clock: ManualClock) => ScriptedHearing;
  readonly deps?: Partial<SessionDeps>;
  readonly graph?: Partial<GraphDeps>;
  readonly line?: Partial<Line>;
  /** Whether somebody is there to take audio at the moment; always when absent. */
  readonly takes?: () => boolean;
}

interface Scripted {
  readonly clock: ManualClock;
  readonly model: ScriptedModel;
  readonly voice: ScriptedVoice;
  readonly hearing: ScriptedHearing;
  readonly graph?: Partial<GraphDeps>;
}

/** A plain client that reads everything at once. */
const ALWAYS_THERE = { hasExtensions: false, connection: 1, roomForAudio: () => null };

/** A session with scripted engines on virtual time, and what it sent. */
export class SessionHarness {
  static readonly owner = { key: 'local', user: 'ada' };
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly model: ScriptedModel;
  readonly voice: ScriptedVoice;
  readonly hearing: ScriptedHearing;
  /** Why the session hung up, once it has. */
  hungUp: string | null = null;
  readonly session: Session;
  readonly conversation: Conversation;
  /** Everything that was sent, with the time. */
  readonly sent: { event: Outgoing; atMs: number }[] = [];

  private constructor(
    conversation: Conversation,
    clock: ManualClock,
    scripts: readonly (readonly ModelStep[])[],
    options: Options,
    store: MemoryStore,
  ) {
    this.clock = clock;
    this.store = store;
    this.conversation = conversation;
    this.model = new ScriptedModel(clock, ...scripts);
    this.voice = options.voice ?? new ScriptedVoice(clock);
    this.hearing = options.hearing?.(clock) ?? new ScriptedHearing({ clock });
    const { model, voice, hearing } = this;
    const deps = {
      ...scriptedDeps({ clock, model, voice, hearing, ...(options.graph && { graph: options.graph }) }),
      ...options.deps,
    };
    this.session = new Session(deps, {
      conversation,
      model: 'any-model',
      patch: null,
      line: { ...ALWAYS_THERE, deliver: (event) => this.#deliver(event, options), ...options.line },
      onHangUp: (reason) => {
        this.hungUp = reason;
      },
    });
    this.session.start();
  }

  /** @param scripts what the model answers, turn by turn. */
  static async start(
    scripts: readonly (readonly ModelStep[])[],
    options: Options = {},
  ): Promise<SessionHarness> {
    const clock = options.clock ?? new ManualClock();
    const store = options.store ?? new MemoryStore(clock);
    const conversations = new Conversations({ store, clock, ids: { next: () => 'conv_test' } });
    const { conversation } = await conversations.begin(SessionHarness.owner);
    return new SessionHarness(options.conversation ?? conversation, clock, scripts, options, store);
  }

  /** Takes an event as it comes from a client. */
  receive(event: object | string): void {
    this.session.receive(decodeClientEvent(typeof event === 'string' ? event : JSON.stringify(event)));
  }

  /** A user message and the wish for an answer, as clients send them. */
  say(text: string, response: object = {}): void {
    this.receive({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    });
    this.receive({ type: 'response.create', response });
  }

  /** Streams what a microphone hears, frame by frame, in real time. */
  async hear(frames: readonly Int16Array[]): Promise<void> {
    for (const samples of frames) {
      // What was spoken is complete, and on its way, when its time is over.
      await this.clock.advance(32);
      const audio = Buffer.from(bytesOf(samples)).toString('base64');
      this.receive({ type: 'input_audio_buffer.append', audio });
      await this.clock.settle();
    }
  }

  /** Somebody speaks: `msPerWord` for each word. */
  async speak(text: string, msPerWord = 256): Promise<void> {
    await this.hear(this.hearing.speech(text, msPerWord));
  }

  async silence(ms: number): Promise<void> {
    await this.hear(this.hearing.silence(ms));
  }

  /** The settings of a voice client whose audio is 16 kHz, so that a frame is an event. */
  listen(input: object = {}): void {
    const format = { type: 'audio/pcm', rate: 16_000 };
    const session = { type: 'realtime', audio: { input: { format, transcription: {}, ...input } } };
    this.receive({ type: 'session.update', session });
  }

  #deliver(event: Outgoing, { takes = () => true }: Options): boolean {
    if (event.type === 'response.output_audio.delta' && !takes()) return false;
    this.sent.push({ event, atMs: this.clock.monotonicMs() });
    return true;
  }

  types(): string[] {
    return this.sent.map(({ event }) => event.type).filter((type) => !type.startsWith('vivavoce.'));
  }

  all<Type extends Outgoing['type']>(type: Type): EventOf<Type>[] {
    return this.sent.map(({ event }) => event).filter((event): event is EventOf<Type> => event.type === type);
  }

  last<Type extends Outgoing['type']>(type: Type): EventOf<Type> {
    const event = this.all(type).at(-1);
    if (!event) throw new Error(`no ${type} was sent, but ${this.types().join(', ')}`);
    return event;
  }

  /** Milliseconds of audio that was sent, at 24 kHz PCM. */
  get audioMs(): number {
    const bytes = this.all('response.output_audio.delta').map(
      ({ delta }) => Buffer.from(delta, 'base64').length,
    );
    return bytes.reduce((sum, count) => sum + count, 0) / 48;
  }

  async items() {
    const page = await this.store.listItems(SessionHarness.owner, this.conversation.id, {
      limit: 100,
      order: 'asc',
    });
    return page.data;
  }
}

/** What a session works with, on the clock of the test. */
export function scriptedDeps({ clock, model, voice, hearing, graph = {} }: Scripted): SessionDeps {
  let id = 0;
  return {
    clock,
    ids: { next: (prefix: string) => `${prefix}_${++id}` },
    voice,
    defaultVoice: 'tone',
    pronunciations: new Pronunciations({ Xi: 'shee' }),
    telemetry: new Telemetry(createLogger('silent')),
    prices: null,
    graph: createTurnGraph({ ...noMemory, ...graph, model, clock, timezone: 'UTC' }),
    agent: {
      name: 'Test',
      instructions: 'You are a test.',
      voice: null,
      greeting: null,
      pronunciations: {},
    },
    limits: { softTokens: 50, hardTokens: 100 },
    hearing,
    anticipate: () => undefined,
    idle: { nudgeMs: null, endMs: null },
    admission: { turn: () => new DisposableStack() },
  };
}
