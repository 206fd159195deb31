import { Conversation } from '../../src/conversation/conversation.ts';
import { decodeClientEvent } from '../../src/protocol/client-events.ts';
import { Call, type ComingBack } from '../../src/server/call.ts';
import type { RealtimeSocket, SocketEnd } from '../../src/server/realtime-socket.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryStore } from './memory-store.ts';
import type { WireEvent } from './realtime-client.ts';
import { ScriptedHearing } from './scripted-hearing.ts';
import { type ModelStep, ScriptedModel } from './scripted-model.ts';
import { ScriptedVoice } from './scripted-voice.ts';
import { SessionHarness, scriptedDeps } from './session-harness.ts';

/** One connection of a call, without a network. */
class ScriptedSocket {
  isOpen = true;
  isCut = false;
  readonly got: WireEvent[] = [];
  /** How the server closed it. */
  closing: { code: number; reason: string } | null = null;
  readonly #end = Promise.withResolvers<SocketEnd>();
  readonly ended = this.#end.promise;

  send(event: object): void {
    this.sendText(JSON.stringify(event));
  }

  sendText(text: string): void {
    if (this.isOpen) this.got.push(JSON.parse(text));
  }

  roomForAudio(): null {
    return null;
  }

  close(code: number, reason: string): void {
    this.closing ??= { code, reason };
    this.end(true);
  }

  end(isGoodbye: boolean): void {
    this.isOpen = false;
    this.#end.resolve({ isGoodbye });
  }

  all(type: string): WireEvent[] {
    return this.got.filter((event) => event.type === type);
  }
}

/** A call with scripted engines on virtual time, and its connections. */
export class ScriptedCall {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore(this.clock);
  readonly hearing = new ScriptedHearing({ clock: this.clock });
  readonly model: ScriptedModel;
  readonly call: Call;
  /** What it has given back, in that order. */
  readonly released: string[] = [];

  constructor(hasExtensions: boolean, scripts: readonly (readonly ModelStep[])[]) {
    const { clock, store, hearing } = this;
    this.model = new ScriptedModel(clock, ...scripts);
    const { owner } = SessionHarness;
    const record = { id: 'conv_test', owner, createdAtMs: clock.nowMs(), metadata: {} };
    const releasing = (name: string) => ({ [Symbol.dispose]: () => void this.released.push(name) });
    const lease = { conversation: Conversation.begin(store, record), ...releasing('lease') };
    this.call = new Call(
      { lease, model: 'any-model', patch: null, hasExtensions, isOperator: false, place: releasing('place') },
      scriptedDeps({ clock, model: this.model, voice: new ScriptedVoice(clock), hearing }),
    );
  }

  begin(): ScriptedSocket {
    const socket = new ScriptedSocket();
    this.call.begin(socket as object as RealtimeSocket);
    return socket;
  }

  /** @throws what refuses it. */
  resume(after: number, received: ComingBack['received'] = null): ScriptedSocket {
    const socket = new ScriptedSocket();
    this.call.resume(socket as object as RealtimeSocket, 'conn', { after, received });
    return socket;
  }

  receive(event: object): void {
    this.call.receive(decodeClientEvent(JSON.stringify(event)));
  }

  say(text: string, response: object = {}): void {
    const content = [{ type: 'input_text', text }];
    this.receive({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    this.receive({ type: 'response.create', response });
  }

  /** The disk takes nothing more before `until`. */
  delayWrites(until: Promise<void>): void {
    const replace = this.store.replaceItem.bind(this.store);
    this.store.replaceItem = async (...args) => {
      await until;
      await replace(...args);
    };
  }

  async items() {
    const page = { limit: 100, order: 'asc' as const };
    return (await this.store.listItems(SessionHarness.owner, 'conv_test', page)).data;
  }
}
