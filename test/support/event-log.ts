import { expect, onTestFinished, type TestContext } from 'vitest';
import * as z from 'zod';
import {
  type ServerEvent,
  type ServerEventOf,
  type ServerEventType,
  serverEvent,
} from '../../src/protocol/server-events.ts';
import { EventOrder } from './event-order.ts';
import { InputAudioOrder } from './input-audio-order.ts';

/** Far beyond what anything here takes: a test that waits for the wrong event says what came instead. */
const PATIENCE_MS = 8_000;

interface Options {
  /** Turns what the client received into an event of ours, for other dialects; throws at what is not of them. */
  readonly translate?: (json: unknown) => unknown;
  readonly hasItemDone?: boolean;
  /** The test that it belongs to, where several run at once. */
  readonly test?: Pick<TestContext, 'expect' | 'onTestFinished'>;
}

/**
 * What a client of somebody else received over one connection. Every event is checked against its schema and against
 * the order that clients rely on, and the test fails with what was wrong: also of events that it does not look at.
 */
export class EventLog {
  readonly events: ServerEvent[] = [];
  readonly #translate: (json: unknown) => unknown;
  readonly #order: EventOrder;
  readonly #inputOrder = new InputAudioOrder();
  readonly #problems: string[] = [];
  #next = 0;
  #wake = Promise.withResolvers<void>();

  constructor({ translate = (json) => json, test = { expect, onTestFinished }, ...order }: Options = {}) {
    this.#translate = translate;
    this.#order = new EventOrder(order);
    test.onTestFinished(() => {
      const unread = this.events.slice(this.#next).filter(({ type }) => type === 'error');
      test.expect.soft(this.#problems, 'problems with what was received').toEqual([]);
      test.expect.soft(unread, 'errors that nobody expected').toEqual([]);
      test.expect.soft(this.#order.unfinished, 'responses without response.done').toEqual([]);
    });
  }

  /** Takes what the client received: parsed JSON. */
  record(json: unknown): void {
    try {
      const event = serverEvent.parse(this.#translate(json));
      this.events.push(event);
      this.#problems.push(...this.#order.check(event), ...this.#inputOrder.check(event));
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : error;
      this.#problems.push(`${why} in ${JSON.stringify(json).slice(0, 500)}`);
    }
    this.#wake.resolve();
  }

  /** Something that is no event went wrong: the connection, or the client itself. */
  fail(error: unknown): void {
    this.#problems.push(error instanceof Error ? error.message : String(error));
    this.#wake.resolve();
  }

  /**
   * The next event of this type for which `matches` holds, behind the one that was returned before. An `error` on the
   * way there fails.
   */
  async next<Type extends ServerEventType>(
    type: Type,
    matches: (event: ServerEventOf<Type>) => boolean = () => true,
  ): Promise<ServerEventOf<Type>> {
    const from = this.#next;
    using _patience = this.#hurry(() => {
      const came = this.events.slice(from).map((event) => event.type);
      return `no ${type} came, but: ${came.join(', ') || 'nothing'}`;
    });
    for (;;) {
      if (this.#problems.length > 0) throw new Error(this.#problems.join('\n'));
      for (let event = this.events[this.#next]; event; event = this.events[this.#next]) {
        this.#next++;
        if (event.type === type && matches(event as ServerEventOf<Type>)) return event as ServerEventOf<Type>;
        if (event.type === 'error') throw new Error(`instead of ${type}: ${event.error.message}`);
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  all<Type extends ServerEventType>(type: Type): ServerEventOf<Type>[] {
    return this.events.filter((event): event is ServerEventOf<Type> => event.type === type);
  }

  /** All audio of a response, or of all of them. */
  audio(responseId?: string): Int16Array {
    const deltas = this.all('response.output_audio.delta').filter(
      ({ response_id: id }) => responseId === undefined || id === responseId,
    );
    const bytes = Buffer.concat(deltas.map(({ delta }) => Buffer.from(delta, 'base64')));
    return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  }

  #hurry(explain: () => string): Disposable {
    const timer = setTimeout(() => this.fail(explain()), PATIENCE_MS);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }
}

/** Root mean square, 0 to 1. Silence is 0, speech and tones are far above 0.01. */
export function loudness(samples: Int16Array): number {
  const sum = samples.reduce((total, sample) => total + (sample / 32_768) ** 2, 0);
  return Math.sqrt(sum / Math.max(samples.length, 1));
}
