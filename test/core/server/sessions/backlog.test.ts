// What waits for watches: merged, it says where each instance came to, for each watch from where it
// stands.

import { expect, test } from 'vitest';
import type { Change } from '../../../../src/core/catalogue/catalogue.ts';
import type { Topic } from '../../../../src/core/server/sessions/backlog.ts';
import { Backlog } from '../../../../src/core/server/sessions/backlog.ts';
import { Letters } from '../../../../src/core/server/sessions/letters.ts';
import type { WatchEntry } from '../../../../src/core/server/sessions/watches.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../../src/protocol/messages.ts';
import { registrationOf } from '../../../support/server-stage.ts';

const SERVICE = 'db' as Name;

function changeOf(
  change: Change['change'],
  digit = 'a',
  state = 'live' as 'live' | 'stale',
): Change {
  const registration = registrationOf(digit);
  const instance = { registration, host: 'h1' as Name, cluster: 'c1' as Name, state };
  return { change, instance, servers: [] };
}

function textsOf({ waiting }: Topic): string[] {
  return waiting.map(({ change: { change, instance } }) => {
    return `${change} ${instance.registration.instance.charAt(0)}`;
  });
}

function merged(...changes: Change[]): string[] {
  const topic = new Backlog().add(SERVICE, changes);
  topic.merge([0]);
  return textsOf(topic);
}

test('[R119] what waits is merged into what became of each instance', () => {
  const stale = changeOf('stale', 'a', 'stale');
  expect(merged(changeOf('added'), changeOf('removed'))).toEqual([]);
  expect(merged(changeOf('added'), changeOf('updated'))).toEqual(['added a']);
  expect(merged(changeOf('added'), stale)).toEqual(['added a']);
  expect(merged(changeOf('updated'), changeOf('updated'))).toEqual(['updated a']);
  expect(merged(changeOf('updated'), changeOf('removed'))).toEqual(['removed a']);
  expect(merged(changeOf('removed'), changeOf('added'))).toEqual(['updated a']);
  expect(merged(changeOf('removed'), changeOf('added'), stale)).toEqual(['stale a']);
  expect(merged(stale, changeOf('live'))).toEqual(['updated a']);
  expect(merged(changeOf('live'), stale)).toEqual(['updated a']);
  expect(merged(stale, changeOf('updated', 'a', 'stale'))).toEqual(['stale a']);
  expect(merged(changeOf('updated', 'a', 'stale'), changeOf('live'))).toEqual(['live a']);
  expect(merged(changeOf('added', 'a'), changeOf('added', 'b'), changeOf('removed', 'a'))).toEqual([
    'added b',
  ]);
});

test('[R119] a removal keeps its cause when it is merged, and what lives has none', () => {
  const backlog = new Backlog();
  const topic = backlog.add(SERVICE, [
    changeOf('updated', 'a'),
    { ...changeOf('removed', 'a'), cause: 'unhealthy', detail: 'why' },
    { ...changeOf('removed', 'b'), cause: 'crash' },
    changeOf('added', 'b'),
  ]);
  topic.merge([0]);

  expect(topic.waiting.map(({ change: { cause, detail } }) => [cause, detail])).toEqual([
    ['unhealthy', 'why'],
    [undefined, undefined],
  ]);
});

test('[R119] a change that some watch was told and another was not is merged with neither side', () => {
  const backlog = new Backlog();
  const topic = backlog.add(SERVICE, [
    changeOf('added'),
    changeOf('updated'),
    changeOf('removed'),
    changeOf('added', 'b'),
  ]);

  topic.merge([0, 1]);
  expect(textsOf(topic)).toEqual(['added a', 'removed a', 'added b']);
  expect([topic.indexAfter(0), topic.indexAfter(1), topic.indexAfter(3)]).toEqual([0, 1, 2]);
  topic.merge([1]);
  expect(textsOf(topic)).toEqual(['removed a', 'added b']);
  expect(topic.isAfter(3)).toBe(true);
  topic.merge([]);
  expect([textsOf(topic), topic.isAfter(0), backlog.held.bytes]).toEqual([[], false, 0]);
});

test('[R119] one message goes to all watches of a number, but to none before its earlier changes', () => {
  const [one, other, third] = [1, 2, 3].map((to): WatchEntry => {
    const watch = { service: SERVICE, bytes: 0, untold: new Set<never>(), told: 0, viewed: 0 };
    return { to, request: 5, watch };
  });
  const [first, second] = [changeOf('added', 'a'), changeOf('added', 'b')];
  const letters = new Letters();
  letters.add(second, one!);
  for (const entry of [other!, third!]) letters.add(first, entry);
  for (const entry of [other!, third!]) letters.add(second, entry);

  const sent: string[] = [];
  letters.sendTo({
    send: (to, message: Message) => {
      const { instance } = message as MessageOf<'change'>;
      sent.push(`${instance!.registration.instance.charAt(0)} to ${String(to)}`);
    },
  });
  expect(sent).toEqual(['b to 1', 'a to 2,3', 'b to 2,3']);
});
