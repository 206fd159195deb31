import { describe, expect, it } from 'vitest';
import { textOf } from '../../src/conversation/item.ts';
import { NOT_UNDERSTOOD } from '../../src/session/response-plan.ts';
import { bytesOf } from '../../src/speech/audio/pcm.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { SessionHarness } from '../support/session-harness.ts';

type HearingOptions = ConstructorParameters<typeof ScriptedHearing>[0];
type Scripts = Parameters<typeof SessionHarness.start>[0];

async function listening(
  scripts: Scripts,
  input: object = {},
  hearing: Partial<HearingOptions> = {},
  options: Parameters<typeof SessionHarness.start>[1] = {},
): Promise<SessionHarness> {
  const harness = await SessionHarness.start(scripts, {
    hearing: (clock: ManualClock) => new ScriptedHearing({ clock, readMs: () => 150, ...hearing }),
    ...options,
  });
  harness.listen(input);
  return harness;
}

const commit = { type: 'input_audio_buffer.commit' };
const audioOf = (frames: readonly Int16Array[]) =>
  frames.map((samples) => Buffer.from(bytesOf(samples)).toString('base64'));
const append = (audio: string) => ({ type: 'input_audio_buffer.append', audio });
const codes = (harness: SessionHarness) => harness.all('error').map(({ error }) => error.code);
const texts = (harness: SessionHarness) => harness.conversation.items.map(textOf);
const at = (harness: SessionHarness, type: string) =>
  harness.sent.filter(({ event }) => event.type === type).map(({ atMs }) => atMs);

describe('a client that commits its audio itself', () => {
  it('gets an item at once, its words when they are known, and no response until it asks for one', async () => {
    const harness = await listening([['Hello.']], { turn_detection: null });
    await harness.speak('good morning');
    harness.receive(commit);
    await harness.clock.settle();
    expect(harness.types().slice(3)).toEqual([
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
    ]);
    expect(harness.all('conversation.item.added')[0]?.item).toMatchObject({
      content: [{ type: 'input_audio', transcript: null }],
    });
    await harness.clock.advance(150);
    expect(harness.last('conversation.item.input_audio_transcription.completed').transcript).toBe(
      'good morning',
    );
    expect(texts(harness)).toEqual(['good morning']);
    await harness.clock.advance(5_000);
    expect(harness.all('response.created')).toEqual([]);
  });

  it('may ask for the response with the commit: the model is asked when the words are known', async () => {
    const harness = await listening([['Hello.']], { turn_detection: null });
    await harness.speak('good morning');
    harness.receive(commit);
    harness.receive({ type: 'response.create' });
    await harness.clock.settle();
    expect(harness.all('response.created')).toHaveLength(1);
    expect(harness.model.requests).toEqual([]);
    await harness.clock.advance(150);
    expect(harness.model.requests[0]?.messages.at(-1)).toEqual({ role: 'user', text: 'good morning' });
    expect(texts(harness)).toEqual(['good morning', 'Hello.']);
  });

  it('hears of no speech, however loud it is', async () => {
    const harness = await listening([], { turn_detection: null });
    await harness.speak('good morning');
    await harness.silence(2_000);
    expect(harness.types().filter((type) => type.includes('speech_'))).toEqual([]);
  });

  it('cannot commit nothing, nor less than 100 ms', async () => {
    const harness = await listening([], { turn_detection: null });
    harness.receive(commit);
    await harness.hear(harness.hearing.noise(96));
    harness.receive(commit);
    expect(codes(harness)).toEqual(['input_audio_buffer_commit_empty', 'input_audio_buffer_commit_empty']);
    expect(harness.all('error')[1]?.error.message).toContain('96 ms');
  });

  it('can clear what it has said', async () => {
    const harness = await listening([], { turn_detection: null });
    await harness.speak('never mind');
    harness.receive({ type: 'input_audio_buffer.clear' });
    harness.receive(commit);
    await harness.clock.advance(1_000);
    expect(harness.types().slice(3)).toEqual(['input_audio_buffer.cleared', 'error']);
    expect(harness.hearing.open).toBe(0);
  });

  it('is told when nobody knows what was said, and the answer asks for it again', async () => {
    const harness = await listening([['Never.']], { turn_detection: null }, { fails: () => true });
    await harness.speak('good morning');
    harness.receive(commit);
    harness.receive({ type: 'response.create' });
    await harness.clock.advance(500);
    expect(harness.last('conversation.item.input_audio_transcription.failed').error.code).toBe(
      'engine_failed',
    );
    expect(harness.last('response.done').response).toMatchObject({
      status: 'completed',
      output: [{ content: [{ transcript: NOT_UNDERSTOOD }] }],
    });
    expect(harness.model.requests).toEqual([]);
  });

  it('gets an answer to what else it has said when nobody knows what was spoken', async () => {
    const harness = await listening([['Noon.']], { turn_detection: null }, { fails: () => true });
    harness.receive({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'When?' }] },
    });
    await harness.speak('good morning');
    harness.receive(commit);
    harness.receive({ type: 'response.create' });
    await harness.clock.advance(500);
    expect(harness.last('response.done').response.output).toMatchObject([
      { content: [{ transcript: 'Noon.' }] },
    ]);
  });

  it('is not left with audio without end', async () => {
    const harness = await listening([], { turn_detection: null });
    const minute = Buffer.alloc(32_000 * 60).toString('base64');
    for (let i = 0; i < 11; i++) harness.receive(append(minute));
    expect(codes(harness)).toEqual(['input_audio_buffer_full']);
  });
});

describe('audio', () => {
  it('may come in every format of the protocol', async () => {
    for (const format of [
      { type: 'audio/pcm', rate: 24_000 },
      { type: 'audio/pcm', rate: 8_000 },
      { type: 'audio/pcmu' },
      { type: 'audio/pcma' },
    ]) {
      const harness = await listening([], { format });
      const loud = format.type === 'audio/pcm' ? Buffer.alloc(48_000, 0x60) : Buffer.alloc(8_000, 0x12);
      harness.receive(append(loud.toString('base64')));
      // The first use of a rate sets its converter up, in real time.
      await expect.poll(() => harness.all('input_audio_buffer.speech_started').length).toBe(1);
    }
  });

  it('may be cut anywhere, also in the middle of a sample', async () => {
    const harness = await listening([['Yes.']]);
    const bytes = Buffer.from(harness.hearing.speech('cut anywhere', 256).flatMap((f) => [...bytesOf(f)]));
    for (let from = 0, size = 1; from < bytes.length; from += size, size = ((size * 7) % 1_021) + 1) {
      harness.receive(append(bytes.subarray(from, from + size).toString('base64')));
    }
    await harness.silence(640);
    expect(texts(harness)).toEqual(['cut anywhere', 'Yes.']);
  });

  it('that is none is refused, and the connection goes on', async () => {
    const harness = await listening([['Yes.']]);
    harness.receive(append('not base64!'));
    harness.receive(append(Buffer.from('RIFF\0\0\0\0WAVEfmt ').toString('base64')));
    harness.receive(append(''));
    expect(harness.all('error').map(({ error }) => [error.param, error.message])).toEqual([
      ['audio', 'The audio is not base64.'],
      ['audio', expect.stringContaining('This is a WAV file. Send the samples alone')],
    ]);
    await harness.speak('still here');
    await harness.silence(640);
    expect(texts(harness)).toEqual(['still here', 'Yes.']);
  });

  it('of many seconds in one event is heard like the same in many', async () => {
    const harness = await listening([['Fine.']]);
    const { hearing } = harness;
    const frames = [hearing.silence(3_200), hearing.speech('all at once', 256), hearing.silence(640)].flat();
    harness.receive(append(Buffer.from(frames.flatMap((f) => [...bytesOf(f)])).toString('base64')));
    await harness.clock.advance(200);
    expect(harness.last('input_audio_buffer.speech_started').audio_start_ms).toBe(3_200);
    expect(harness.last('input_audio_buffer.speech_stopped').audio_end_ms).toBe(3_968);
    expect(texts(harness)).toEqual(['all at once', 'Fine.']);
  });

  it('that comes while the session ends is dropped, and what was said before is kept', async () => {
    const harness = await listening([['Never.']]);
    await harness.speak('half a');
    const ended = harness.session[Symbol.asyncDispose]();
    for (const audio of audioOf(harness.hearing.speech('word', 256))) harness.receive(append(audio));
    await harness.clock.advance(150);
    await ended;
    expect(texts(harness)).toEqual(['half a']);
    expect(harness.model.requests).toEqual([]);
    expect(harness.hearing.open).toBe(0);
    expect(harness.clock.pending).toBe(0);
  });
});

describe('the settings of a detector', () => {
  it('silence_duration_ms is the silence that ends a turn, exactly', async () => {
    const harness = await listening([['Yes.']], {
      turn_detection: { type: 'server_vad', silence_duration_ms: 960 },
    });
    await harness.speak('hello');
    await harness.silence(1_280);
    // 256 ms of speech, then 30 frames.
    expect(at(harness, 'input_audio_buffer.speech_stopped')).toEqual([1_216]);
  });

  it('prefix_padding_ms is what is heard of the time before speech', async () => {
    const pushed: number[] = [];
    const harness = await listening([], { turn_detection: { type: 'server_vad', prefix_padding_ms: 320 } });
    const { recognise } = harness.hearing.transcriber;
    Object.assign(harness.hearing.transcriber, {
      recognise: (request: Parameters<typeof recognise>[0]) => {
        const recognition = recognise(request);
        return { ...recognition, push: (samples: Int16Array) => pushed.push(samples.length) };
      },
    });
    await harness.silence(3_200);
    await harness.hear(harness.hearing.noise(64));
    // The padding, the window of three frames in which the onset was found.
    expect(pushed.length * 32).toBe(320 + 96);
  });

  it('create_response false leaves the answer to the client', async () => {
    const harness = await listening([['Never.']], {
      turn_detection: { type: 'server_vad', create_response: false },
    });
    await harness.speak('hello');
    await harness.silence(960);
    expect(texts(harness)).toEqual(['hello']);
    expect(harness.model.requests).toEqual([]);
  });

  it('interrupt_response false lets the agent finish, and answers then', async () => {
    const harness = await listening([[1_000, 'First.'], ['Second.']], {
      turn_detection: { type: 'server_vad', interrupt_response: false },
    });
    await harness.speak('hello');
    await harness.silence(640);
    await harness.speak('and hello');
    await harness.silence(1_600);
    expect(harness.all('response.done').map(({ response }) => response.status)).toEqual([
      'completed',
      'completed',
    ]);
    expect(texts(harness)).toEqual(['hello', 'First.', 'and hello', 'Second.']);
  });

  it('semantic_vad waits for somebody who is not done, and not for somebody who is', async () => {
    const verdict = (text: string) =>
      text.endsWith('and') ? ('incomplete' as const) : ('complete' as const);
    const harness = await listening([['Yes.']], { turn_detection: { type: 'semantic_vad' } }, { verdict });
    await harness.speak('tea and');
    await harness.silence(1_600);
    await harness.speak('coffee');
    await harness.silence(960);
    expect(at(harness, 'input_audio_buffer.speech_stopped')).toEqual([512 + 1_600 + 256 + 416]);
    expect(texts(harness)).toEqual(['tea and coffee', 'Yes.']);
  });

  it.each([
    ['high', 1_500],
    ['auto', 2_500],
    ['low', 4_000],
  ])('eagerness %s waits %i ms for somebody who never goes on', async (eagerness, waitMs) => {
    const harness = await listening(
      [['Yes?']],
      { turn_detection: { type: 'semantic_vad', eagerness } },
      { verdict: () => 'incomplete' },
    );
    await harness.speak('tea and');
    await harness.silence(5_000);
    const [stopped = 0] = at(harness, 'input_audio_buffer.speech_stopped');
    expect(stopped - 512).toBe(Math.ceil(waitMs / 32) * 32);
  });

  it('semantic_vad learns how long the pauses of this person are', async () => {
    const harness = await listening(
      [['Yes.']],
      { turn_detection: { type: 'semantic_vad' } },
      { verdict: () => 'complete' },
    );
    for (let i = 0; i < 4; i++) {
      await harness.speak('so');
      await harness.silence(384);
    }
    await harness.speak('there');
    const endMs = harness.clock.monotonicMs();
    await harness.silence(1_600);
    const [stopped = 0] = at(harness, 'input_audio_buffer.speech_stopped');
    // One and a half times a pause of 384 ms.
    expect(stopped - endMs).toBe(576);
  });
});

describe('the microphone', () => {
  const muted = (value: boolean) => ({ type: 'vivavoce.input.muted', muted: value });

  it('is silent while it is muted, which ends what was being said', async () => {
    const harness = await listening([['Yes.']]);
    await harness.speak('hello');
    harness.receive(muted(true));
    await harness.speak('this is private');
    harness.receive(muted(false));
    await harness.speak('hello again');
    await harness.silence(640);
    expect(texts(harness).filter((text) => text !== 'Yes.')).toEqual(['hello', 'hello again']);
  });

  it('hears nothing of the agent with half_duplex, until half a second after it has fallen silent', async () => {
    const harness = await listening([['One two three four five.'], ['Yes.']], { half_duplex: true });
    expect(harness.last('session.updated').session).toMatchObject({
      audio: { input: { half_duplex: true } },
    });
    await harness.speak('please count');
    await harness.silence(416);
    const startMs = harness.clock.monotonicMs();
    // 500 ms of counting and 500 ms of echo.
    await harness.hear(harness.hearing.noise(992));
    expect(at(harness, 'input_audio_buffer.speech_started')).toHaveLength(1);
    await harness.speak('thank you');
    await harness.silence(640);
    const [, started = 0] = at(harness, 'input_audio_buffer.speech_started');
    // It opens with the first frame after its time: two frames later somebody is heard.
    expect(started - startMs).toBe(992 + 64);
    expect(texts(harness).slice(2)).toEqual(['thank you', 'Yes.']);
  });
});

describe('a long silence', () => {
  const idle = { nudgeMs: 8_000, endMs: 20_000 };

  it('does nothing by default', async () => {
    const harness = await listening([['Yes.'], ['Still there?']]);
    await harness.speak('hello');
    await harness.silence(60_000);
    expect(harness.all('response.created')).toHaveLength(1);
    expect(harness.hungUp).toBeNull();
  });

  it('makes the agent speak up once, and ends the call later', async () => {
    const harness = await listening([['One two.'], ['Still there?']], {}, {}, { deps: { idle } });
    await harness.speak('hello');
    await harness.silence(60_000);
    // 256 + 416, 200 ms of answer, 8 s.
    expect(at(harness, 'response.created')).toEqual([672, 672 + 200 + 8_000]);
    expect(harness.model.requests[1]?.messages.at(-1)?.role).toBe('system');
    expect(harness.hungUp).toContain('nobody has said anything');
    expect(texts(harness)).toEqual(['hello', 'One two.', 'Still there?']);
  });

  it('begins anew when somebody speaks', async () => {
    const harness = await listening([['Yes.'], ['Good.'], ['Still there?']], {}, {}, { deps: { idle } });
    await harness.speak('hello');
    await harness.silence(6_400);
    await harness.speak('well then');
    await harness.silence(6_400);
    expect(harness.all('response.created')).toHaveLength(2);
  });

  it('is told to clients that set idle_timeout_ms, as an empty turn', async () => {
    const harness = await listening([['One two.'], ['Still there?']], {
      turn_detection: { type: 'server_vad', idle_timeout_ms: 5_000 },
    });
    await harness.speak('hello');
    await harness.silence(8_000);
    const { item_id: id } = harness.last('input_audio_buffer.timeout_triggered');
    expect(harness.last('input_audio_buffer.committed').item_id).toBe(id);
    expect(texts(harness)).toEqual(['hello', 'One two.', '', 'Still there?']);
  });
});

describe('a transcription session', () => {
  it('writes down what is said and answers nothing', async () => {
    const harness = await SessionHarness.start([['Never.']]);
    const input = { format: { type: 'audio/pcm', rate: 16_000 } };
    harness.receive({ type: 'session.update', session: { type: 'transcription', audio: { input } } });
    expect(harness.last('session.updated').session).toMatchObject({
      type: 'transcription',
      audio: { input: { turn_detection: { create_response: false } } },
    });
    await harness.speak('note this down');
    await harness.silence(960);
    expect(harness.last('conversation.item.input_audio_transcription.completed').transcript).toBe(
      'note this down',
    );
    harness.receive({ type: 'response.create' });
    expect(codes(harness)).toEqual(['invalid_request']);
    expect(harness.model.requests).toEqual([]);
  });
});

describe('a recording in a message', () => {
  const recordingOf = (harness: SessionHarness, text: string) => {
    const bytes = Buffer.from(harness.hearing.speech(text, 256).flatMap((frame) => [...bytesOf(frame)]));
    const content = [{ type: 'input_audio', audio: bytes.toString('base64') }];
    return { type: 'conversation.item.create', item: { type: 'message', role: 'user', content } };
  };

  it('gets its words, and the answer waits for them', async () => {
    const harness = await listening([['Hello.']]);
    harness.receive(recordingOf(harness, 'good evening'));
    harness.receive({ type: 'response.create' });
    await harness.clock.settle();
    expect(harness.model.requests).toEqual([]);
    await harness.clock.advance(150);
    expect(harness.last('conversation.item.input_audio_transcription.completed').transcript).toBe(
      'good evening',
    );
    expect(texts(harness)).toEqual(['good evening', 'Hello.']);
  });

  it('is refused when it is no audio, or when there are no ears', async () => {
    const harness = await listening([]);
    const item = { type: 'message', role: 'user', content: [{ type: 'input_audio', audio: '§' }] };
    harness.receive({ type: 'conversation.item.create', item });
    const deaf = await listening([], {}, { unavailable: () => 'There are no ears here.' });
    deaf.receive(recordingOf(deaf, 'hello'));
    expect([...codes(harness), ...codes(deaf)]).toEqual(['invalid_request', 'input_audio_unavailable']);
    expect([...texts(harness), ...texts(deaf)]).toEqual([]);
  });
});
