// Who owns an instance: the key that its id is made of. The invariant: an id is the first 16 bytes of
// the SHA-256 of its key, so whoever sees the id cannot find the key, and whoever has the key needs
// no other proof. Keys go to servers only; nothing prints one.

import { createHash } from 'node:crypto';

import type { Identity, InstanceId, InstanceKey } from '../../protocol/ids.ts';
import { randomId } from './random-id.ts';

/** A new key, and the instance that it makes. */
export function newIdentity(): Identity {
  return identityOf(randomId() as InstanceKey);
}

/** The instance that a key makes, and the key. */
export function identityOf(key: InstanceKey): Identity {
  return { key, instance: instanceOf(key) };
}

/** The id of the instance that a key makes. */
export function instanceOf(key: InstanceKey): InstanceId {
  const hash = createHash('sha256').update(key, 'hex').digest('hex');
  return hash.slice(0, ID_DIGITS) as InstanceId;
}

const ID_DIGITS = 32;
