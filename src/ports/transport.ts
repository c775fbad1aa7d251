/** Why a transport ended. */
export interface TransportEnd {
  /** WebSocket close code, or 1006 where the transport knows none. */
  readonly code: number;
  /** For people: what happened. */
  readonly reason: string;
}

/** What a transport tells its owner. All are called from the event loop, never from inside a call into the transport. */
export interface TransportListener {
  /** One whole message: a string, or bytes that claim to be UTF-8 (01 W-10). They are the owner's from now on. */
  message(data: string | Uint8Array): void;
  /** The peer is alive: any byte arrived, control frames included, or a `ping` told so. Called before `message`. */
  heard(): void;
  /** What was queued is on its way: `queuedBytes` is low again after it was high. */
  drained(): void;
  /** The end, once; nothing follows. */
  ended(end: TransportEnd): void;
}

/**
 * One physical link that carries whole messages, and knows nothing of methods. Implementations: websocket, stdio,
 * in-memory. The owner calls `open` once; messages that arrive earlier wait.
 */
export interface Transport {
  /** Names the kind in error texts (01 W-31): `websocket`, `stdio`, `memory`. */
  readonly kind: "websocket" | "stdio" | "memory";
  /** The other end in words, for diagnostics. */
  readonly peer: string;
  /** Bytes handed to `send` that the peer's kernel has not taken yet. */
  readonly queuedBytes: number;
  /** Begins delivery to `listener`. */
  open(listener: TransportListener): void;
  /**
   * Queues one message; a string, or bytes that are UTF-8 already. Ignored after the end.
   * @param sent is called when nothing reads these bytes any more, by a transport that knows; never, when it ends before
   */
  send(message: string | Uint8Array, sent?: () => void): void;
  /** Asks for a sign of life of the peer (01 W-11). */
  ping(): void;
  /**
   * From now on answers whatever comes in with an unasked pong, for a peer that holds small packets back until the one before is
   * acknowledged: the acknowledgement rides along (06 H-52). Absent where that has no meaning.
   */
  acknowledge?(): void;
  /** Stops delivering messages, so that the peer's sends fill up. */
  pause(): void;
  /** Goes on delivering. */
  resume(): void;
  /** Ends in order: what was sent before still goes out, then the close frame with `code` (01 B-5). */
  close(code: number, reason: string): void;
  /** Ends at once. */
  destroy(): void;
}
