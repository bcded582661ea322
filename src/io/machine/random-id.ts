// Ids that are unique for all time: 128 random bits. The invariant: they come from the system's own
// generator, for a service may start a million times an hour, on machines that were cloned.

import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** 32 hexadecimal digits. */
export function randomId(): string {
  const bytes = Buffer.alloc(ID_BYTES);
  return (isFilled(bytes) ? bytes : randomBytes(ID_BYTES)).toString('hex');
}

/** From the file of the generator: to load node:crypto takes 3 ms of the start of a command. */
function isFilled(bytes: Uint8Array): boolean {
  let file: number;
  try {
    file = openSync('/dev/urandom', 'r');
  } catch {
    // Another system, or a process that sees no devices.
    return false;
  }
  try {
    return readSync(file, bytes) === bytes.length;
  } finally {
    closeSync(file);
  }
}

const ID_BYTES = 16;
