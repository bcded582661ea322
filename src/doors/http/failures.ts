// The failures of HTTP: the exit codes of the command line in HTTP's own words. One invariant:
// every failure has a code, what happened and what to do next.

/** The codes of failures. */
export type FailureCode =
  | 'none'
  | 'usage'
  | 'token'
  | 'host'
  | 'origin'
  | 'not-here'
  | 'proxied'
  | 'cannot-tell'
  | 'only-stale'
  | 'timed-out'
  | 'limit'
  | 'bug';

/** Every status of an answer. */
export const HTTP_STATUSES = [
  ...([200, 204, 304, 400, 401, 403, 404, 405, 408] as const),
  ...([413, 415, 429, 431, 500, 503, 504] as const),
] as const;

/** A status of an answer. */
export type HttpStatus = (typeof HTTP_STATUSES)[number];

/** A failure with its status. */
export interface HttpFailure {
  readonly status: HttpStatus;
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string;
  /** The usual keys of the route, beside the error. */
  readonly more?: object;
}

/** The body of a failure. */
export function failureBody({ code, message, hint, more }: HttpFailure): object {
  return { error: { code, message, hint }, ...more };
}

/** A request that cannot be understood. */
export function usageFailure(message: string, hint = 'see: /v1/openapi.json'): HttpFailure {
  return { status: 400, code: 'usage', message, hint };
}

/** A limit is reached; the reason has its number and what to do. */
export function limitFailure(reason: string): HttpFailure {
  return { status: 429, code: 'limit', message: reason, hint: 'see: rarangi-http(7), LIMITS' };
}

/** There is no answer yet: a reader keeps what it has. */
export function cannotTell(what: string, more: object): HttpFailure {
  const hint = 'keep what you have, and ask again: /syncedz says what is missing';
  return { status: 503, code: 'cannot-tell', message: what, hint, more };
}
