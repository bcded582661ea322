// What locks the connections of a client. Apart from what drives them, for most clients ask without
// a lock, and a command starts sooner without what reads secrets and certificates. The invariant:
// what cannot be read is said before anything is dialled.

import type { Name } from '../protocol/ids.ts';
import type { LockOptions } from './credentials.ts';
import { credentialsOf } from './credentials.ts';
import type { DialLock } from './lock.ts';
import { clientLock } from './tls-dial.ts';

/** What locks the connections of a client with these options. Throws RARANGI_USAGE. */
export function lockFor(options: LockOptions, environment: Name): DialLock | null {
  const read = credentialsOf(options, environment);
  // What cannot be read now is said now, whether or not anything will be dialled.
  read?.();
  return read === null ? null : clientLock(environment, read);
}
