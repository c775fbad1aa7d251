import type { RetryPace } from "./retry-pause.ts";

/**
 * What can happen to a link. What comes from a physical connection carries its generation, so that a late word of an old
 * one changes nothing (03 N-1).
 */
export type LinkEvent =
  | { readonly type: "connection.ended"; readonly generation: number; readonly reason: string }
  | { readonly type: "connection.heard"; readonly agoMs: number }
  /** The host was suspended, or its network is another one: what was heard before proves nothing any more (03 N-7, D-10). */
  | { readonly type: "path.doubted" }
  | { readonly type: "close" };

/** What differs from link to link. */
export interface LinkInput {
  /** Can a lost connection be replaced? Not one that was handed over open, nor that of a command (03 CL-10). */
  readonly canReconnect: boolean;
  /** The longest that a recovery may take, in milliseconds (03 `RECOVERY_DEADLINE`). */
  readonly longestRecoveryMs: number;
  /** Bounds on reaching the executor and on its handshake, first and later; default: those of the chart (07 E-17). */
  readonly connectTimeoutMs?: number | undefined;
  readonly initializeTimeoutMs?: number | undefined;
  /** How often it dials while it recovers: less often where each dial asks somebody for a URL first (03 CL-14). Default `direct`. */
  readonly retryPace?: RetryPace | undefined;
}

/** What a handshake came to. */
export interface HandshakeOutcome {
  readonly sessionId: string;
  /** How long the executor keeps the session without a connection, as it offers; `null`: it does not say. */
  readonly sessionTtlMs: number | null;
}

/** What a link remembers beside its state. */
export interface LinkContext extends LinkInput {
  /** Ordinal of the newest connection, installed or still a candidate. */
  readonly newest: number;
  /** Ordinal of the installed connection; events of any other count for nothing in Connected. */
  readonly generation: number;
  readonly sessionId: string | null;
  /** What the executor offered in the newest handshake. */
  readonly sessionTtlMs: number | null;
  /** From the loss of the installed connection to giving up (03 section 11). */
  readonly recoveryDeadlineMs: number;
  /** Failed attempts of this recovery. */
  readonly attempts: number;
  /** How long ago the last byte had come in, when it was last looked. */
  readonly heardAgoMs: number;
  /** Why the last connection, or the link, ended; `null` while all is well. */
  readonly reason: string | null;
}

/** An error of an attempt says by this member that another attempt is worth while (03 CL-13). */
export interface AttemptError {
  readonly isRetryable: boolean;
}
