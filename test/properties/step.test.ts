// Laws of a step: whatever messages come, in whatever phase, a server core never fails, and its
// messages can be sent.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Server } from '../../src/core/server/server.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import type { Name } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { factsOf, originOf, serverOptions, withKey } from '../support/server-stage.ts';
import { anyMessage } from './messages.ts';

const environment = 'testing' as Name;
const client: Message = { kind: 'hello', protocol: 2, role: 'client', environment };
const peer: Message = { ...client, role: 'peer', origin: originOf('1'), facts: factsOf('1') };
const happening = fc.record({ message: anyMessage, connection: fc.nat(2), passMs: fc.nat(700) });

test('any messages from a stranger, a client and a peer are taken in or refused', () => {
  const law = fc.property(fc.array(happening, { maxLength: 20 }), (happenings) => {
    const server = serverWith([null, client, peer]);
    let nowMs = 10;
    for (const { message, connection, passMs } of happenings) {
      nowMs += passMs;
      const effects = [
        ...server.step({ kind: 'received', nowMs, connection, message: withKey(message) }),
        ...server.step({ kind: 'deadline', nowMs }),
      ];
      for (const effect of effects) {
        if (effect.kind !== 'send') continue;
        expect(decodeMessage(encodeMessage(effect.message))).toEqual(effect.message);
      }
    }
  });

  fc.assert(law, { numRuns: 300 });
});

/** A server with a connection for each of these, numbered from 0, that has said hello or nothing. */
function serverWith(hellos: readonly (Message | null)[]): Server {
  const server = new Server(serverOptions());
  server.step({ kind: 'deadline', nowMs: 0 });
  for (const [connection, message] of hellos.entries()) {
    const place = { remote: '10.0.0.1:1', dialled: null, transport: 'tcp' } as const;
    server.step({ kind: 'opened', nowMs: 1, connection, ...place });
    if (message !== null) server.step({ kind: 'received', nowMs: 2, connection, message });
  }
  return server;
}
