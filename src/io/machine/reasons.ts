// Errors of the system in words that an operator knows. One invariant: every error gets some words,
// if only its own.

/** What went wrong, in words that an operator knows. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  const known = code === undefined ? undefined : REASONS.get(code);
  if (known !== undefined) return known;
  // Only the codes of the system, as ENOSPC, say something to an operator.
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) return code;
  return error instanceof Error ? error.message : String(error);
}

/** The code of an error of the system, such as EADDRINUSE. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EADDRINUSE', 'the address is in use'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['EAI_AGAIN', 'the name cannot be resolved now'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['EMFILE', 'too many open files'],
  ['ENETUNREACH', 'no route to the network'],
  ['ENOENT', 'no such socket'],
  ['ENOTFOUND', 'no such host'],
  ['EPERM', 'not permitted'],
  ['EPIPE', 'closed by the other end'],
  ['ETIMEDOUT', 'connection timed out'],
]);
