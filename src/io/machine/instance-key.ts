// The key of an instance: its id is made of it, and the client that has it owns the instance. The
// invariant: an id is the first 16 bytes of the SHA-256 of its key. So the id does not reveal the
// key, and the key is proof enough. Keys go to servers only; nothing prints one.

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
