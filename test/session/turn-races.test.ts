import { describe, expect, it } from 'vitest';
import { type Item, textOf } from '../../src/conversation/item.ts';
import { CombinedTurnDetector } from '../../src/speech/combined-turn-detector.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { ScriptedVoice } from '../support/scripted-voice.ts';
import { SessionHarness } from '../support/session-harness.ts';

type Options = ConstructorParameters<typeof ScriptedHearing>[0];
type Scripts = Parameters<typeof SessionHarness.start>[0];

interface Setting {
  readonly hearing?: Partial<Options>;
  readonly input?: object;
  readonly session?: Parameters<typeof SessionHarness.start>[1];
}

async function talk(scripts: Scripts, { hearing = {}, input = {}, session = {} }: Setting = {}) {
  const harness = await SessionHarness.start(scripts, {
    hearing: (clock: ManualClock) => new ScriptedHearing({ clock, readMs: () => 150, ...hearing }),
    ...session,
  });
  harness.listen(input);
  return harness;
}

const texts = (harness: SessionHarness) =>
  harness.conversation.items.map(
    (item: Item) => `${'role' in item ? item.role : item.type}: ${textOf(item)}`,
  );
const typesFrom = (harness: SessionHarness, type: string) => {
  const types = harness.types();
  return types.slice(types.indexOf(type));
};
/** Takes `first` for the first reading, `then` for all others. */
const readingsOf = (first: number, then: number) => {
  let count = 0;
  return { readMs: () => (count++ === 0 ? first : then), speculates: false };
};
const COUNT = 'One two three four five six seven eight nine ten.';

describe('a recogniser that is slower than the person', () => {
  it('is waited for: all that was said is answered once', async () => {
    const harness = await talk([['With cheese it is.']], {
      hearing: { readMs: () => 2_500, speculates: false },
    });
    await harness.speak('i want a pizza');
    await harness.silence(640);
    await harness.speak('with cheese');
    await harness.silence(8_000);
    expect(texts(harness)).toEqual([
      'user: i want a pizza',
      'user: with cheese',
      'assistant: With cheese it is.',
    ]);
    expect(harness.all('response.created')).toHaveLength(1);
  });

  it('does not change the order of what was said', async () => {
    const harness = await talk([['Yes.']], { hearing: readingsOf(2_000, 100) });
    await harness.speak('first');
    await harness.silence(640);
    await harness.speak('second');
    await harness.silence(4_000);
    expect(texts(harness)).toEqual(['user: first', 'user: second', 'assistant: Yes.']);
  });

  it('does not let a commit of the client overtake them', async () => {
    const harness = await talk([['Yes.']], { hearing: readingsOf(2_000, 100) });
    await harness.speak('first');
    await harness.silence(640);
    await harness.speak('second');
    harness.receive({ type: 'input_audio_buffer.commit' });
    await harness.silence(4_000);
    expect(texts(harness).slice(0, 2)).toEqual(['user: first', 'user: second']);
  });

  it('keeps the answer that a client asks for at the end of speech waiting for its words', async () => {
    const harness = await talk([['Yes.']], {
      hearing: { readMs: () => 800 },
      input: { turn_detection: { type: 'server_vad', create_response: false } },
    });
    await harness.speak('is it raining');
    await harness.silence(448);
    expect(harness.types()).toContain('input_audio_buffer.speech_stopped');
    harness.receive({ type: 'response.create' });
    await harness.silence(1_600);
    expect(harness.model.requests[0]?.messages.at(-1)).toEqual({ role: 'user', text: 'is it raining' });
    expect(texts(harness)).toEqual(['user: is it raining', 'assistant: Yes.']);
  });

  it('is not asked for a second text by a judge of melody that answers too late', async () => {
    const clock = new ManualClock();
    const melody = {
      engine: 'slow',
      complete: async () => {
        await new Promise<void>((resolve) => clock.after(100, resolve));
        return 0.9;
      },
    };
    const detector = new CombinedTurnDetector({ clock, acoustic: melody });
    const harness = await talk([['Yes.']], {
      session: {
        clock,
        hearing: () => Object.assign(new ScriptedHearing({ clock }), { turnDetector: detector }),
      },
    });
    await harness.speak('i want');
    await harness.silence(160);
    await harness.speak('a pizza with cheese');
    await harness.silence(1_600);
    expect(texts(harness)[0]).toBe('user: i want a pizza with cheese');
  });
});

describe('a sound that is no speech', () => {
  it('does not end a reply in the gap between two of its sentences', async () => {
    const harness = await talk([['Let me see. ', 2_500, 'It is noon.']], { hearing: { speculates: false } });
    await harness.speak('what time is it');
    await harness.silence(1_216);
    await harness.hear(harness.hearing.noise(96));
    await harness.silence(4_000);
    expect(harness.last('response.done').response.status).toBe('completed');
    expect(texts(harness).at(-1)).toBe('assistant: Let me see. It is noon.');
  });

  it('does not keep the agent from saying hello', async () => {
    const agent = { name: 'T', instructions: '', voice: null, greeting: 'Hello there.', pronunciations: {} };
    const harness = await talk([], { session: { deps: { agent } } });
    await harness.hear(harness.hearing.noise(64));
    await harness.silence(1_600);
    expect(texts(harness)).toEqual(['assistant: Hello there.']);
  });

  it('that stopped an answer is made good when it cannot be understood, or is taken back', async () => {
    for (const event of [null, { type: 'input_audio_buffer.clear' }]) {
      let readings = 0;
      const harness = await talk([[300, 'Hm.'], ['It is noon.']], {
        hearing: { speculates: false, fails: () => event === null && ++readings > 1 },
      });
      await harness.speak('what time is it');
      await harness.silence(480);
      await harness.hear(harness.hearing.noise(128));
      if (event) harness.receive(event);
      await harness.silence(1_280);
      expect(texts(harness).at(-1)).toBe('assistant: It is noon.');
    }
  });

  it('ends also for a client whose threshold takes everything for speech', async () => {
    const input = { turn_detection: { type: 'server_vad', threshold: 0.1 } };
    const harness = await talk([['Yes.']], { input });
    await harness.speak('hello');
    await harness.clock.advance(3_000);
    expect(harness.types()).toContain('input_audio_buffer.speech_stopped');
  });
});

describe('a speculation', () => {
  it('is not performed when the conversation is another by then', async () => {
    const harness = await talk([[COUNT], ['Stale. ', 3_000, 'Rest.'], ['Fresh.']]);
    await harness.speak('please count');
    await harness.silence(416 + 1_280);
    const [spoken] = harness.all('response.output_item.done');
    await harness.speak('and now');
    await harness.silence(320);
    harness.receive({
      type: 'conversation.item.truncate',
      item_id: spoken?.item.id,
      content_index: 0,
      audio_end_ms: 110,
    });
    await harness.silence(640);
    expect(texts(harness).at(-1)).toBe('assistant: Fresh.');
    expect(harness.model.requests.at(-1)?.messages.slice(2)).toContainEqual({
      role: 'assistant',
      text: 'One',
    });
  });

  it('is not begun while earlier words are not known', async () => {
    const harness = await talk([['Ada.']], { hearing: { ...readingsOf(2_000, 100), speculates: true } });
    await harness.speak('my name is ada');
    await harness.silence(480);
    await harness.speak('what is my name');
    await harness.silence(4_000);
    expect(harness.model.requests.map(({ messages }) => messages.at(-1)?.text)).toEqual([
      'my name is ada what is my name',
    ]);
  });
});

describe('what was heard', () => {
  it('is kept when the call ends in the middle of an answer', async () => {
    const harness = await talk([[COUNT]]);
    await harness.speak('please count');
    await harness.silence(416 + 192);
    await harness.session[Symbol.asyncDispose]();
    expect(texts(harness)).toEqual(['user: please count', 'assistant: One two']);
  });

  it('is no more than was made of a reply that the client cancels', async () => {
    const clock = new ManualClock();
    const voice = new ScriptedVoice(clock, { delayMs: (text) => (text.startsWith('One') ? 0 : 5_000) });
    const harness = await talk([['One two three. ', 'Four five six. ', 'Seven eight nine.']], {
      session: { clock, voice },
    });
    await harness.speak('please count');
    await harness.silence(640);
    harness.receive({ type: 'response.cancel' });
    await harness.clock.advance(10_000);
    expect(texts(harness).at(-1)).toBe('assistant: One two three.');
  });

  it('stays what the client said, whatever is interrupted later', async () => {
    const harness = await talk([[COUNT, 5_000, 'Never.'], [COUNT], ['Yes.']]);
    await harness.speak('please count');
    await harness.silence(416 + 320);
    const [first] = harness.all('response.output_item.added');
    harness.receive({
      type: 'conversation.item.truncate',
      item_id: first?.item.id,
      content_index: 0,
      audio_end_ms: 310,
    });
    await harness.silence(320);
    await harness.speak('once more');
    await harness.silence(416 + 320);
    await harness.speak('stop');
    await harness.silence(640);
    expect(texts(harness)[1]).toBe('assistant: One two three');
  });
});

describe('events', () => {
  it('end one response before they begin the next', async () => {
    const harness = await talk([[1_000, 'First.'], ['Second.']], {
      input: { turn_detection: { type: 'server_vad', interrupt_response: false } },
    });
    await harness.speak('hello');
    await harness.silence(640);
    await harness.speak('and hello');
    await harness.silence(1_600);
    const ends = harness.types().filter((type) => /response\.(created|done)/.test(type));
    expect(ends).toEqual(['response.created', 'response.done', 'response.created', 'response.done']);
  });

  it('that stop a player do not wait for the disk', async () => {
    class SlowStore extends MemoryStore {
      readonly #clock: ManualClock;
      constructor(clock: ManualClock) {
        super(clock);
        this.#clock = clock;
      }
      override async replaceItem(...args: Parameters<MemoryStore['replaceItem']>): Promise<void> {
        await new Promise<void>((resolve) => this.#clock.after(1_500, resolve));
        await super.replaceItem(...args);
      }
    }
    const clock = new ManualClock();
    const harness = await talk([[`${COUNT} ${COUNT}`], ['Yes.']], {
      session: { clock, store: new SlowStore(clock) },
    });
    await harness.speak('please count');
    await harness.silence(2_560);
    const fromMs = clock.monotonicMs();
    await harness.speak('stop it');
    const started = harness.sent.findLast(({ event }) => event.type === 'input_audio_buffer.speech_started');
    expect((started?.atMs ?? 0) - fromMs).toBe(96);
    await harness.silence(8_000);
  });

  it('tell of a hold that is over also when the client commits', async () => {
    const harness = await talk([[COUNT]]);
    await harness.speak('please count');
    await harness.silence(416 + 96);
    await harness.hear(harness.hearing.noise(128));
    harness.receive({ type: 'input_audio_buffer.commit' });
    await harness.clock.settle();
    expect(harness.all('vivavoce.output.ducked')).toHaveLength(1);
    expect(harness.all('vivavoce.output.resumed')).toHaveLength(1);
  });
});

describe('a conversation that is deleted under its session', () => {
  it('costs the client an error, and nobody else anything', async () => {
    for (const input of [{}, { turn_detection: null }]) {
      const harness = await talk([['Never.']], { input });
      harness.conversation.forgetAll();
      await harness.speak('hello');
      if ('turn_detection' in input) harness.receive({ type: 'input_audio_buffer.commit' });
      await harness.silence(640);
      expect(harness.all('error').map(({ error }) => error.code)).toEqual(['not_found']);
      expect(harness.all('response.created')).toEqual([]);
    }
  });
});

describe('the beginning of a turn right behind another', () => {
  it('is not lost, and nothing of the one before is heard twice', async () => {
    const pushed: number[] = [];
    const harness = await talk([['Yes.']], { hearing: { speculates: false } });
    const { recognise } = harness.hearing.transcriber;
    Object.assign(harness.hearing.transcriber, {
      recognise: (request: Parameters<typeof recognise>[0]) => {
        const recognition = recognise(request);
        let count = 0;
        return {
          read: recognition.read,
          [Symbol.dispose]: recognition[Symbol.dispose],
          push: (samples: Int16Array) => {
            if (count++ === 0) pushed.push(0);
            pushed.push((pushed.pop() ?? 0) + samples.length / 16);
            recognition.push(samples);
          },
        };
      },
    });
    await harness.speak('one');
    await harness.silence(416);
    await harness.hear(harness.hearing.noise(64));
    // 200 ms of the silence before it, and the three frames in which it was found.
    expect(pushed.at(-1)).toBe(224 + 96);
    expect(typesFrom(harness, 'input_audio_buffer.speech_stopped')).toContain('input_audio_buffer.committed');
  });
});
