// The golden vectors of the version that is spoken: files of three lines, `# diagnostic notation`, `# the message as JSON`, and
// its bytes in hexadecimal. Frozen: a changed one is a changed protocol, and old servers are out
// there. `KIND.hex`, or `KIND-VARIANT.hex` where a message has several faces.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Message } from '../../src/protocol/messages.ts';

export interface Vector {
  readonly name: string;
  readonly message: Message;
  readonly bytes: Uint8Array;
}

/** npm runs everything in the root of the package, compiled tests too. */
const FOLDER = join(process.cwd(), 'test/vectors/v2');

/** All vectors, by name. */
export const VECTORS: readonly Vector[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.hex'))
  .sort()
  .map(readVector);

function readVector(file: string): Vector {
  const [, json, hexadecimal] = readFileSync(join(FOLDER, file), 'utf8').split('\n');
  return {
    name: basename(file, '.hex'),
    message: JSON.parse(String(json).replace(/^# /, '')) as Message,
    bytes: bytesOf(String(hexadecimal)),
  };
}

/** The bytes that some hexadecimal digits stand for; blanks are for the reader. */
export function bytesOf(hexadecimal: string): Uint8Array {
  return new Uint8Array(Buffer.from(hexadecimal.replaceAll(' ', ''), 'hex'));
}
