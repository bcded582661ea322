// The one error of the library: the world said no. A closed set of codes, each with the hint that
// says what to do next when the place that throws knows nothing better. One invariant: every
// rejection that leaves the library is a RarangiError; a bug of ours keeps its own error.

interface RarangiErrorSpec {
  readonly retryable: boolean;
  readonly hint: string;
}

/**
 * Every code of a RarangiError; the same call may succeed later if it is `retryable`.
 *
 * - `RARANGI_USAGE`: an argument is no name, no port, no duration; or the client is closed.
 * - `RARANGI_UNREACHABLE`: no catalogue server could be reached.
 * - `RARANGI_REFUSED`: a server of another environment or version, or one that does not grant it. It is
 *   `retryable` if the server is at a limit.
 * - `RARANGI_NONE`: there is no such instance, and the view that says so was complete.
 * - `RARANGI_UNCERTAIN`: none was found, or only stale ones; the view was not complete.
 * - `RARANGI_TIMEOUT`: no answer within `timeoutMs`, or no live instance within `waitMs`.
 * - `RARANGI_ABORTED`: the caller's signal came, or the client was closed; `cause` says which.
 */
export const RARANGI_ERRORS = {
  RARANGI_USAGE: { retryable: false, hint: 'see: rarangi --help' },
  RARANGI_UNREACHABLE: { retryable: true, hint: 'start a server with: rarangi serve' },
  RARANGI_REFUSED: {
    retryable: false,
    hint: 'the server says why; its limits are in rarangi-serve(1)',
  },
  RARANGI_NONE: { retryable: true, hint: 'see what there is with: rarangi lookup' },
  RARANGI_UNCERTAIN: { retryable: true, hint: 'see which hosts are missing with: rarangi status' },
  RARANGI_TIMEOUT: { retryable: true, hint: 'allow more time, or ask another server' },
  RARANGI_ABORTED: { retryable: true, hint: 'call again when you want the answer' },
} as const satisfies Readonly<Record<string, RarangiErrorSpec>>;

/** The code of a RarangiError. */
export type RarangiErrorCode = keyof typeof RARANGI_ERRORS;

/** What a RarangiError may carry besides its code and its message. */
export interface RarangiErrorDetails {
  /** What to do next; the code's own hint if absent. */
  readonly hint?: string;
  /** Whether the same call may succeed later; as the code says if absent. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The world said no: refused, unreachable, timed out, not allowed, or wrongly asked. */
export class RarangiError extends Error {
  override readonly name = 'RarangiError';
  readonly code: RarangiErrorCode;
  readonly retryable: boolean;
  /** The next step, for a person. */
  readonly hint: string;

  constructor(code: RarangiErrorCode, message: string, details: RarangiErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? RARANGI_ERRORS[code].retryable;
    this.hint = details.hint ?? RARANGI_ERRORS[code].hint;
  }

  /** The error for a wrong call; `hint` says what to write instead. */
  static usage(message: string, hint?: string, cause?: unknown): RarangiError {
    const details = { ...(hint === undefined ? {} : { hint }), cause };
    return new RarangiError('RARANGI_USAGE', message, details);
  }

  /** Wraps a caught error under a code; a RarangiError stays as it is. */
  static from(caught: unknown, code: RarangiErrorCode): RarangiError {
    if (caught instanceof RarangiError) return caught;
    const message = caught instanceof Error ? caught.message : String(caught);
    return new RarangiError(code, message, { cause: caught });
  }
}
