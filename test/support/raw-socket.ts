import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

interface UpgradeOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The head without its end: the server waits for the rest. */
  readonly isCut?: boolean;
}

/** A client that breaks whatever rule of WebSocket it likes. */
export class RawSocket implements Disposable {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #parts: Buffer[] = [];

  private constructor(url: string) {
    this.socket = connect(Number(new URL(url).port), '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** Resolves when the server has taken the connection, or at once for a head that is cut. */
  static async upgrade(
    url: string,
    { headers = {}, isCut = false }: UpgradeOptions = {},
  ): Promise<RawSocket> {
    const client = new RawSocket(url);
    const lines = Object.entries({
      Host: '127.0.0.1',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `GET /v1/realtime HTTP/1.1\r\n${lines.join('')}`;
    await once(client.socket, 'connect');
    client.socket.write(isCut ? head : `${head}\r\n`);
    if (isCut) return client;
    const [answer] = (await once(client.socket, 'data')) as [Buffer];
    if (!answer.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(answer.toString());
    client.socket.on('data', (bytes: Buffer) => {
      client.#parts.push(bytes);
    });
    return client;
  }

  /** What the server sent after its answer to the upgrade. */
  get received(): Buffer {
    this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] as Buffer;
  }

  /** Resolves when the system has taken all of it. */
  async write(bytes: Buffer): Promise<void> {
    if (!this.socket.write(bytes)) await Promise.race([once(this.socket, 'drain'), this.closed]);
  }

  /** The payloads of what was received with this opcode. */
  frames(opcode: number): Buffer[] {
    const { received } = this;
    const found: Buffer[] = [];
    for (let at = 0; at + 2 <= received.length; ) {
      const short = (received[at + 1] ?? 0) & 0x7f;
      const head = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (at + head > received.length) break;
      const length =
        short === 127
          ? Number(received.readBigUInt64BE(at + 2))
          : short === 126
            ? received.readUInt16BE(at + 2)
            : short;
      if (((received[at] ?? 0) & 0x0f) === opcode)
        found.push(received.subarray(at + head, at + head + length));
      at += head + length;
    }
    return found;
  }

  /** The code with which the server said goodbye; null when it did not. */
  closeCode(): number | null {
    return this.frames(OPCODE.close)[0]?.readUInt16BE(0) ?? null;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export const OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;

/** A frame as a client sends it: masked, with a mask of zeros. */
export function frame(
  opcode: number,
  payload: Buffer | string = '',
  { isLast = true, claims }: { isLast?: boolean; claims?: number } = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const length = claims ?? bytes.length;
  const head = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  head[0] = opcode | (isLast ? 0x80 : 0);
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (length >= 65_536) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length >= 126) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, bytes]);
}

/** A text message in fragments of a byte each. */
export function crumbs(text: string): Buffer {
  const bytes = [...Buffer.from(text)];
  return Buffer.concat(
    bytes.map((byte, index) =>
      frame(index === 0 ? OPCODE.text : OPCODE.continuation, Buffer.of(byte), {
        isLast: index === bytes.length - 1,
      }),
    ),
  );
}
