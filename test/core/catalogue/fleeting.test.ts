// The changes that a watch hears of a step in which something came and went.

import { expect, test } from 'vitest';
import type { Change } from '../../../src/core/catalogue/catalogue.ts';
import { lastingOf } from '../../../src/core/catalogue/fleeting.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import { instanceIdOf, put, registrationOf, ServerStage } from '../../support/server-stage.ts';

const closed = { kind: 'delete', instance: instanceIdOf('a'), cause: 'closed' } as const;

test('[R105] what a message brings and takes away no watch is told, and the history has it', () => {
  const stage = new ServerStage();
  const neighbour = stage.neighbour('1');
  const client = stage.client();
  stage.hear(client, { kind: 'watch', request: 1, service: 'db' as Name, known: [] });
  stage.take(client);

  stage.tell(neighbour, '1', put('a'), put('b'), put('a', { revision: 2 }), closed);
  expect(stage.take(client).map(changeOf)).toEqual(['added b']);

  stage.hear(client, { kind: 'history', request: 2, instance: instanceIdOf('a'), limit: 10 });
  const [events] = stage.take(client);
  expect(events).toMatchObject({
    rows: [{ event: 'registered' }, { event: 'changed' }, { event: 'removed' }],
  });
});

test('[R105] what was there before a step is told of, whatever follows', () => {
  expect(told(['removed', 'added'])).toEqual(['removed', 'added']);
  expect(told(['removed', 'added', 'updated', 'removed'])).toEqual(['removed']);
  expect(told(['added', 'removed', 'added', 'stale'])).toEqual(['added', 'stale']);
  expect(told(['stale', 'removed'])).toEqual(['stale', 'removed']);
  expect(told(['added', 'updated'])).toEqual(['added', 'updated']);
});

function told(changes: readonly Change['change'][]): string[] {
  const instance = {
    ...{ registration: registrationOf('a'), host: 'h1' as Name, cluster: 'c1' as Name },
    state: 'live',
  } as const;
  return lastingOf(changes.map((change) => ({ change, instance, servers: [] }))).map(
    ({ change }) => change,
  );
}

function changeOf(message: Message): string {
  if (message.kind !== 'change' || !('instance' in message)) return message.kind;
  return `${message.change} ${message.instance.registration.instance.charAt(0)}`;
}
