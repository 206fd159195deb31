/** The part of a `WebSocket` that is used here. */
export interface SocketLike {
  send(text: string): void;
  /** Bytes that have not left yet. */
  readonly bufferedAmount: number;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
}

/** Where to connect to. */
export interface Target {
  readonly url: string;
  readonly protocols: readonly string[];
}

/** Thrown by `prepare` when trying again by itself makes no sense: a key is needed, the origin is refused. */
export class CannotConnect extends Error {}

/** Thrown by `prepare` when the server has said how long to wait. */
export class NotNow extends Error {
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super(message);
    this.waitMs = waitMs;
  }
}
