import { describe, expect, it } from 'vitest';
import type { EngineStatus } from '../../src/engine-status.ts';
import { type Capture, type CaptureEvents, Microphone } from '../../web/src/voice/microphone.ts';
import { askingFailed, unavailability } from '../../web/src/voice/microphone-problem.ts';

const FRAME = { samples: new Int16Array(960), level: 0.3 };

/** A browser that gives its microphones when the test says so. */
class FakeDevices {
  readonly asked: {
    readonly events: CaptureEvents;
    readonly give: () => void;
    readonly refuse: () => void;
  }[] = [];
  readonly told: string[] = [];

  readonly open = (events: CaptureEvents): Promise<Capture> => {
    const { promise, resolve, reject } = Promise.withResolvers<Capture>();
    const capture = {
      setEnabled: (isEnabled: boolean) => void this.told.push(isEnabled ? 'enabled' : 'disabled'),
      [Symbol.dispose]: () => void this.told.push('closed'),
    };
    const refusal = new DOMException('no', 'NotAllowedError');
    this.asked.push({ events, give: () => resolve(capture), refuse: () => reject(refusal) });
    return promise;
  };
}

function setUp() {
  const devices = new FakeDevices();
  let heard = 0;
  const microphone = new Microphone({
    openCapture: devices.open,
    onFrame: () => {
      heard++;
    },
  });
  return { devices, microphone, status: () => microphone.state.current.status, heard: () => heard };
}

describe('the microphone', () => {
  it('is off, asked for, on, and off again', async () => {
    const { devices, microphone, status, heard } = setUp();
    expect(status()).toBe('off');
    const opened = microphone.open();
    expect(status()).toBe('asking');
    devices.asked[0]?.give();
    await opened;
    expect(status()).toBe('on');
    devices.asked[0]?.events.onFrame(FRAME);
    expect([heard(), microphone.level]).toEqual([1, 0.3]);
    microphone.close();
    expect(status()).toBe('off');
    expect(devices.told).toEqual(['closed']);
    devices.asked[0]?.events.onFrame(FRAME);
    expect([heard(), microphone.level]).toEqual([1, 0]);
  });

  it('asks once, however often it is opened', async () => {
    const { devices, microphone } = setUp();
    const opened = [microphone.open(), microphone.open()];
    devices.asked[0]?.give();
    await Promise.all(opened);
    await microphone.open();
    expect(devices.asked).toHaveLength(1);
  });

  it('closes one that is given after the person has given up', async () => {
    const { devices, microphone, status } = setUp();
    const opened = microphone.open();
    microphone.close();
    devices.asked[0]?.give();
    await opened;
    expect(status()).toBe('off');
    expect(devices.told).toEqual(['closed']);
  });

  it('listens to the one that was asked for last', async () => {
    const { devices, microphone, status, heard } = setUp();
    const first = microphone.open();
    microphone.close();
    const second = microphone.open();
    devices.asked[1]?.give();
    await second;
    devices.asked[0]?.refuse();
    await first;
    expect(status()).toBe('on');
    devices.asked[0]?.events.onFrame(FRAME);
    devices.asked[0]?.events.onLost();
    expect([status(), heard()]).toEqual(['on', 0]);
  });

  it('says why it was refused, and can be asked for again', async () => {
    const { devices, microphone, status } = setUp();
    const opened = microphone.open();
    devices.asked[0]?.refuse();
    await opened;
    expect(microphone.state.current).toMatchObject({
      status: 'failed',
      problem: { text: expect.stringContaining('Allow it') },
    });
    void microphone.open();
    expect(status()).toBe('asking');
  });

  it('notices that the device is gone, and lets go of it', async () => {
    const { devices, microphone } = setUp();
    const opened = microphone.open();
    devices.asked[0]?.give();
    await opened;
    devices.asked[0]?.events.onLost();
    expect(microphone.state.current).toMatchObject({
      status: 'failed',
      problem: { text: expect.stringContaining('unplugged') },
    });
    expect(devices.told).toEqual(['closed']);
  });

  it('hears and shows nothing while it is muted', async () => {
    const { devices, microphone, heard } = setUp();
    const opened = microphone.open();
    devices.asked[0]?.give();
    await opened;
    devices.asked[0]?.events.onFrame(FRAME);
    microphone.setMuted(true);
    devices.asked[0]?.events.onFrame(FRAME);
    expect([heard(), microphone.level]).toEqual([1, 0]);
    microphone.setMuted(false);
    devices.asked[0]?.events.onFrame(FRAME);
    expect(heard()).toBe(2);
    expect(devices.told).toEqual(['disabled', 'enabled']);
  });
});

describe('why there is no microphone', () => {
  const secure = { isSecureContext: true, hasMicrophones: true, origin: 'http://localhost:4000' };
  const stt: EngineStatus = {
    part: 'stt',
    engine: 'pocketsphinx',
    detail: 'en-us',
    state: 'ready',
    reason: '',
  };

  it('is nothing where it can be tried: also before the engines are known, and with a lesser one', () => {
    expect(unavailability(secure, [])).toBeNull();
    expect(unavailability(secure, [stt])).toBeNull();
    const lesser: EngineStatus = { ...stt, state: 'degraded', reason: 'no model for whisper' };
    expect(unavailability(secure, [lesser])).toBeNull();
  });

  it('is plain http, and there are three ways out', () => {
    const plain = { isSecureContext: false, hasMicrophones: false, origin: 'http://192.168.1.5:4000' };
    const problem = unavailability(plain, [stt]);
    expect(problem?.text).toContain('http://localhost');
    const commands = problem?.commands.map(({ command }) => command).join('\n');
    expect(commands).toContain('ssh -N -L 4000:192.168.1.5:4000 192.168.1.5');
    expect(commands).toContain('openssl req -x509');
    expect(commands).toContain('subjectAltName=IP:192.168.1.5');
    expect(commands).toContain('TLS_CERT=cert.pem TLS_KEY=key.pem');
  });

  it.each([
    ['http://agent.lan', 'subjectAltName=DNS:agent.lan', 'ssh -N -L 8080:agent.lan:80 agent.lan'],
    ['http://[fd00::5]:4000', 'subjectAltName=IP:fd00::5', 'ssh -N -L 4000:[fd00::5]:4000 fd00::5'],
  ])('names the host of %s as a certificate and a tunnel have to', (origin, subject, tunnel) => {
    const problem = unavailability({ isSecureContext: false, hasMicrophones: false, origin }, []);
    const commands = problem?.commands.map(({ command }) => command).join('\n');
    expect(commands).toContain(subject);
    expect(commands).toContain(tunnel);
  });

  it.each([
    [{ ...stt, state: 'failed', reason: 'install pocketsphinx' }, /cannot recognise.*Install pocketsphinx/],
    [{ ...stt, engine: 'none', state: 'degraded', reason: 'STT=none' }, /STT=none/],
    [{ ...stt, state: 'starting', reason: 'whisper: 40 % fetched' }, /starting.*40 %/],
    [{ ...stt, part: 'tts' }, /no speech/],
  ] as const)('is the recogniser, and the server says why (%o)', (engine, expected) => {
    expect(unavailability(secure, [engine])?.text).toMatch(expected);
  });

  it('is an old browser', () => {
    expect(unavailability({ ...secure, hasMicrophones: false }, [stt])?.text).toContain('current one');
  });

  it.each([
    ['NotAllowedError', 'Allow it'],
    ['NotFoundError', 'Plug one in'],
    ['NotReadableError', 'another program'],
    ['OddError', 'the words of the browser'],
  ])('is what the browser calls %s', (name, expected) => {
    expect(askingFailed(new DOMException('the words of the browser', name)).text).toContain(expected);
  });
});
