// What rarangi-protocol(7) shows on the wire is what a client sends.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeMessage } from '../../src/protocol/codec.ts';
import { encodeFrame } from '../../src/protocol/frame.ts';
import type { Name } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/messages.ts';

const page = readFileSync(join(import.meta.dirname, '../../man/rarangi-protocol.7'), 'utf8');

test('the bytes of the page are those of the messages that it names', () => {
  const hello: Message = {
    kind: 'hello',
    role: 'client',
    protocol: 2,
    environment: 'development' as Name,
  };
  const lookup: Message = { kind: 'lookup', request: 1, service: 'web' as Name };

  const shown = [...page.matchAll(/^(?:[0-9a-f]{2} ?)+(?:\n(?:[0-9a-f]{2} ?)+)*$/gm)].map(
    ([bytes]) => bytes.replace(/\s/g, ''),
  );

  expect(shown).toEqual(
    [hello, lookup].map((message) => hexOf(encodeFrame(encodeMessage(message)))),
  );
});

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
