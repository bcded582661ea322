// Events that wait for a slow reader: told one by one while they are few, merged when they are many.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { InstanceInfo, WatchEvent } from '../../../src/index.ts';
import { Mailbox, merged } from '../../../src/io/client/mailbox.ts';
import { inShort } from '../world.ts';

/**
 * The knowledge of a reader that has applied events one after the other. Throws at an impossible
 * one.
 */
function applied(events: readonly WatchEvent[], known = new Map<string, InstanceInfo>()) {
  for (const { change, instance } of events) {
    if (instance === undefined) continue;
    const before = known.get(instance.instance);
    const isNew = change === 'added' || change === 'present';
    if (isNew !== (before === undefined)) throw new Error(`${change} of what cannot be`);
    const isTurn = change === 'live' || change === 'stale';
    if (isTurn && before?.state === instance.state) throw new Error(`${change} twice`);
    if (change === 'removed') known.delete(instance.instance);
    else known.set(instance.instance, instance);
  }
  return known;
}

/** A possible story of instances 1 to 3: each choice decides the next event of one. */
function storyOf(choices: readonly (readonly [id: number, choice: number])[]): WatchEvent[] {
  const known = new Map<string, InstanceInfo>();
  return choices.map(([id, choice], index) => {
    const before = known.get(String(id));
    const event = nextOf(before, { id, port: index + 1, choice });
    applied([event], known);
    return event;
  });
}

interface Chosen {
  readonly id: number;
  readonly port: number;
  readonly choice: number;
}

function nextOf(before: InstanceInfo | undefined, { id, port, choice }: Chosen): WatchEvent {
  if (before === undefined) return { change: 'added', instance: instanceOf(id, port) };
  if (choice === 0) return { change: 'removed', instance: before, cause: 'closed' };
  if (choice === 1) return { change: 'updated', instance: { ...before, port } };
  const state = before.state === 'live' ? 'stale' : 'live';
  return { change: state, instance: { ...before, state } };
}

function instanceOf(id: number, port: number): InstanceInfo {
  const place = { address: '10.0.0.1', cluster: 'c1', host: 'h1', tags: {} };
  return { name: 'db', instance: String(id), port, state: 'live', ...place };
}

const stories = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 })))
  .map(storyOf);

test('wherever a reader stands, the merged rest leads to the same end, by possible events', () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, cut) => {
      const at = story.length === 0 ? 0 : cut % story.length;
      const [read, rest] = [story.slice(0, at), story.slice(at)];

      const end = applied(merged(rest), applied(read));

      expect(end).toEqual(applied(story));
      expect(merged(rest).length).toBeLessThanOrEqual(6);
    }),
  );
});

test('events merged in parts say the same as events merged at once', () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, cut) => {
      const at = story.length === 0 ? 0 : cut % story.length;

      const inParts = merged([...merged(story.slice(0, at)), ...story.slice(at)]);

      expect(inParts.map(inShort).sort()).toEqual(merged(story).map(inShort).sort());
    }),
  );
});

test('what came and went is not told, what is told keeps its place, and the mark is never merged', () => {
  const told = merged([
    { change: 'present', instance: instanceOf(1, 1) },
    { change: 'present', instance: instanceOf(2, 2) },
    { change: 'synced' },
    { change: 'updated', instance: instanceOf(1, 11) },
    { change: 'removed', instance: instanceOf(2, 2), cause: 'crash' },
    { change: 'added', instance: instanceOf(3, 3) },
  ]);

  expect(told.map(inShort)).toEqual(['present 11', 'synced', 'added 3']);
});

test('few events wait as they are', async () => {
  const mailbox = new Mailbox();
  mailbox.put({ change: 'added', instance: instanceOf(1, 1) });
  mailbox.put({ change: 'removed', instance: instanceOf(1, 1), cause: 'closed' });

  const told = [await mailbox.take(), await mailbox.take()];

  expect(told.map((event) => inShort(event!))).toEqual(['added 1', 'removed 1 closed']);
});

test('a reader who never comes costs no more than what there is', async () => {
  const mailbox = new Mailbox();
  mailbox.put({ change: 'added', instance: instanceOf(1, 1) });
  for (let port = 2; port <= 100_000; port += 1) {
    mailbox.put({ change: 'updated', instance: instanceOf(1, port) });
  }
  mailbox.put({ change: 'removed', instance: instanceOf(1, 100_000), cause: 'closed' });
  mailbox.put({ change: 'added', instance: instanceOf(2, 2) });

  const told: WatchEvent[] = [];
  while (told.at(-1)?.instance?.instance !== '2') told.push((await mailbox.take())!);

  expect(told.length).toBeLessThanOrEqual(1_001);
  expect([...applied(told).keys()]).toEqual(['2']);
});
