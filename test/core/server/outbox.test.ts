// Effects leave as they were put in.

import { expect, test } from 'vitest';
import { Outbox } from '../../../src/core/server/outbox.ts';

test('effects leave in their order, once', () => {
  const out = new Outbox();

  out.send(1, { kind: 'ping' });
  out.dial('a:1');
  out.close(1, 'silent');
  out.notice('slept', { milliseconds: 5 });
  out.stopped();

  const kinds = out.take().map(({ kind }) => kind);
  expect(kinds).toEqual(['send', 'dial', 'close', 'notice', 'stopped']);
  expect(out.take()).toEqual([]);
});

test('a message to several connections is one effect, and to none is none', () => {
  const out = new Outbox();

  out.send([1, 2], { kind: 'goaway' });
  out.send([], { kind: 'goaway' });

  expect(out.take()).toEqual([{ kind: 'send', connections: [1, 2], message: { kind: 'goaway' } }]);
});

test('an error is sent by the code of its name', () => {
  const out = new Outbox();

  out.sendError(3, 'wrong-environment', 'staging here');

  const message = { kind: 'error', error: 6, reason: 'staging here' };
  expect(out.take()).toEqual([{ kind: 'send', connections: [3], message }]);
});
