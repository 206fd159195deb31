/** Why the server closes a connection, besides 1000 (the session is over) and what the WebSocket standard says. */
export const CLOSE = {
  /** The server stops; come back in a moment. */
  restarting: 1012,
  /** Too much to do; come back in a moment. A proxy's word: we refuse before a connection opens. */
  overloaded: 1013,
  /** The client keeps breaking a limit. */
  limits: 1008,
  /** The token of a resume is unknown, too old, or somebody else's. The conversation is still there. */
  notResumable: 4404,
  /** The client does not read what it is sent. */
  slowReader: 4408,
  /** The session goes on on another connection. */
  takenOver: 4409,
  /** What the session was about has been erased. */
  gone: 4410,
} as const;
