import { describe, expect, it } from 'vitest';
import type { ClientEvent } from '../../src/protocol/client-events.ts';
import { VoiceInput } from '../../web/src/agent/voice-input.ts';
import type { MicrophoneFrame } from '../../web/src/audio/microphone-frames.ts';
import type { AgentEvent } from '../../web/src/realtime/agent-event.ts';
import type { CaptureEvents } from '../../web/src/voice/microphone.ts';
import { meterHeight, voiceActivity } from '../../web/src/voice/voice-activity.ts';

const FRAME: MicrophoneFrame = { samples: new Int16Array(960), level: 0.1 };

/** What the input tells the server and the device, by their names. */
function setUp({ mode = 'hands-free', refusal }: { mode?: string; refusal?: Error } = {}) {
  const told: string[] = [];
  const values = new Map([['vivavoce.turns', mode]]);
  let device: CaptureEvents | null = null;
  const input = new VoiceInput({
    openCapture: async (events) => {
      if (refusal) throw refusal;
      device = events;
      return {
        setEnabled: (isEnabled) => void told.push(isEnabled ? 'enabled' : 'disabled'),
        [Symbol.dispose]: () => void told.push('closed'),
      };
    },
    storage: {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
    },
    send: (event: ClientEvent) => {
      told.push(event.type.replace('input_audio_buffer.', ''));
      return true;
    },
    configure: () => void told.push('configured'),
    interrupt: () => void told.push('interrupted'),
    ask: () => void told.push('asked'),
  });
  const hear = (frames: number) => {
    for (let i = 0; i < frames; i++) device?.onFrame(FRAME);
  };
  /** What was told since it was asked last. */
  const news = () => told.splice(0);
  return { input, hear, news, unplug: () => device?.onLost() };
}

describe('the voice of the person', () => {
  it('tells the session how to listen when the microphone is on, and sends what it hears', async () => {
    const { input, hear, news } = setUp();
    expect(input.patch).toBeNull();
    await input.turnOn();
    hear(2);
    expect(news()).toEqual(['configured', 'append', 'append']);
    expect(input.patch).toMatchObject({
      format: { type: 'audio/pcm', rate: 24_000 },
      turn_detection: { type: 'semantic_vad', create_response: true, interrupt_response: true },
    });
    input.turnOff();
    hear(2);
    // Or the session would wait for the rest of what is being said.
    expect(news()).toEqual(['closed', 'vivavoce.input.muted']);
    expect(input.patch).toBeNull();
    await input.turnOn();
    expect(news()).toEqual(['vivavoce.input.muted', 'configured']);
  });

  it('sends what is said while the button is held, and asks for an answer behind its last frame', async () => {
    const { input, hear, news } = setUp({ mode: 'push-to-talk' });
    await input.turnOn();
    hear(5);
    expect(input.patch?.turn_detection).toBeNull();
    input.press();
    hear(4);
    input.release();
    expect(news()).toEqual(['configured', 'interrupted', 'clear', 'append', 'append', 'append', 'append']);
    hear(3);
    expect(news()).toEqual(['append', 'commit', 'asked']);
  });

  it('lets go of what was too short to hold a word', async () => {
    const { input, hear, news } = setUp({ mode: 'push-to-talk' });
    await input.turnOn();
    input.press();
    hear(1);
    input.release();
    hear(1);
    expect(news().slice(1)).toEqual(['interrupted', 'clear', 'append', 'append', 'clear']);
  });

  it('takes a press within a frame of the release for the same message', async () => {
    const { input, hear, news } = setUp({ mode: 'push-to-talk' });
    await input.turnOn();
    input.press();
    hear(3);
    input.release();
    input.press();
    hear(1);
    input.release();
    hear(1);
    expect(news().filter((name) => name !== 'append')).toEqual([
      'configured',
      'interrupted',
      'clear',
      'commit',
      'asked',
    ]);
  });

  it('asks for an answer to what was said before the microphone went away', async () => {
    const { input, hear, news, unplug } = setUp({ mode: 'push-to-talk' });
    await input.turnOn();
    input.press();
    hear(4);
    unplug();
    expect(news().slice(-4)).toEqual(['closed', 'commit', 'asked', 'vivavoce.input.muted']);
    expect(input.microphone.state.current).toMatchObject({ status: 'failed' });
    expect(input.isTalking.current).toBe(false);
  });

  it('hears nothing while it is muted, and says so again in a new session', async () => {
    const { input, hear, news } = setUp();
    await input.turnOn();
    input.setMuted(true);
    hear(3);
    expect(news()).toEqual(['configured', 'disabled', 'vivavoce.input.muted']);
    input.disconnected();
    input.connected();
    expect(news()).toEqual(['vivavoce.input.muted']);
    input.setMuted(false);
    hear(1);
    expect(news()).toEqual(['enabled', 'vivavoce.input.muted', 'append']);
    input.connected();
    expect(news()).toEqual([]);
  });

  it('keeps the microphone through a lost connection, and forgets what was half said', async () => {
    const { input, hear, news } = setUp({ mode: 'push-to-talk' });
    await input.turnOn();
    input.press();
    hear(4);
    input.disconnected();
    news();
    hear(4);
    input.release();
    hear(1);
    expect(news()).toEqual([]);
    expect(input.microphone.state.current.status).toBe('on');
    expect(input.patch).not.toBeNull();
  });

  it('closes the microphone when the server cannot hear', async () => {
    const { input, news } = setUp();
    await input.turnOn();
    const error = { type: 'server_error', code: 'input_audio_unavailable', message: '', param: null };
    input.onEvent({ type: 'error', event_id: 'event_1', error: { ...error, event_id: null } } as AgentEvent);
    expect(news()).toEqual(['configured', 'closed', 'vivavoce.input.muted']);
  });

  it.each([
    ['NotAllowedError', /Allow it for this page/],
    ['NotFoundError', /Plug one in/],
    ['NotReadableError', /another program/],
  ])('says what to do after %s', async (name, advice) => {
    const { input, news } = setUp({ refusal: new DOMException('no', name) });
    await input.turnOn();
    expect(input.microphone.state.current).toMatchObject({
      status: 'failed',
      problem: { text: expect.stringMatching(advice) },
    });
    expect(news()).toEqual([]);
  });
});

describe('the one thing that is shown', () => {
  const quiet = {
    microphone: { status: 'on', isMuted: false },
    mode: 'hands-free',
    isConnected: true,
    isHeard: false,
    isTalking: false,
    playback: 'idle',
    isBusy: false,
    isWriting: false,
  } as const;

  it.each([
    ['listening', {}],
    ['unconnected', { isConnected: false, isTalking: true }],
    ['recording', { isTalking: true, playback: 'playing' }],
    ['heard', { isHeard: true, playback: 'playing' }],
    ['held', { playback: 'held', isBusy: true }],
    ['speaking', { playback: 'playing', isBusy: true }],
    ['writing', { isBusy: true, isWriting: true }],
    ['thinking', { isBusy: true }],
    ['muted', { microphone: { status: 'on', isMuted: true } }],
    ['ready', { mode: 'push-to-talk' }],
  ] as const)('is %s', (name, facts) => {
    expect(voiceActivity({ ...quiet, ...facts })?.name).toBe(name);
  });

  it('is nothing while nobody does anything', () => {
    expect(voiceActivity({ ...quiet, microphone: { status: 'off' } })).toBeNull();
  });

  it('stands at nothing in silence and at its top when it is loud', () => {
    expect([0, 0.001, 1].map(meterHeight)).toEqual([0, 0, 1]);
    expect(meterHeight(0.0178)).toBeCloseTo(0.5, 1);
  });
});
