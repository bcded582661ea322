// An origin's log: state, sequence and hash belong together, by whichever way they came.

import { expect, test } from 'vitest';
import { hashOf } from '../../../../src/core/kit/hash.ts';
import { OriginLog } from '../../../../src/core/server/origins/log.ts';
import type { LogState } from '../../../../src/core/server/origins/log.ts';
import type { InstanceId, Name, OriginId } from '../../../../src/protocol/ids.ts';
import type { Entry, Tag } from '../../../../src/protocol/records.ts';
import { down, factsOf, originOf, put, registrationOf, up } from '../../../support/server-stage.ts';
import { instanceIdOf } from '../../../support/server-stage.ts';

function logOf(...entries: Entry[]): OriginLog {
  const log = new OriginLog(originOf('1'), factsOf('1'));
  for (const entry of [{ kind: 'facts', facts: factsOf('1') } as const, ...entries]) {
    log.apply(entry);
  }
  return log;
}

function gone(digit: string): Entry {
  return { kind: 'delete', instance: instanceIdOf(digit), cause: 'closed' };
}

function snapshotOf(log: OriginLog): LogState {
  const { sequence, facts, missing } = log;
  const registrations = [...log.registrations.values()];
  return { sequence, facts, links: [...log.links], registrations, missing };
}

test('entries change the state one by one', () => {
  const log = logOf(up('2'), up('3'), down('2', 'silent'), put('a'), put('b'), gone('a'));

  expect([...log.links]).toEqual([originOf('3')]);
  expect([...log.registrations.keys()]).toEqual([instanceIdOf('b')]);
  expect(log.sequence).toBe(7);
});

test('logs of equal state have equal hashes, whatever the way there', () => {
  const straight = logOf(up('3'), put('b', { revision: 2 }));
  const winding = logOf(put('b'), up('2'), put('a'), up('3'), up('3'), down('2', 'closed'));
  winding.apply(gone('a'));
  winding.apply(gone('a'));
  winding.apply(put('b', { revision: 2 }));

  expect(winding.hash).toBe(straight.hash);
});

test('any difference of state is a difference of hash', () => {
  const logs = [
    logOf(put('a')),
    logOf(put('b')),
    logOf(put('a', { port: 1 })),
    logOf(put('a', { revision: 2 })),
    logOf(put('a', { scheme: 'http' })),
    logOf(put('a', { tags: [{ key: 'k' as never, value: 'v' }] })),
    logOf(up('2')),
    logOf({ kind: 'facts', facts: factsOf('1', { role: 'master' }) }),
    logOf(),
  ];

  expect(new Set(logs.map((log) => log.hash)).size).toBe(logs.length);
});

test.each([
  [{}, ''],
  [{ scheme: 'http', tags: tagsOf('k=v') }, 'http\nk=v'],
  [{ scheme: 'http', tags: tagsOf('k=v', 'zone=') }, 'http\nk=v\nzone='],
])('a registration is hashed as its lines: %j', (given, rest) => {
  const { instance } = registrationOf('a');
  const text = `${instance}1\ndb\n10.0.0.9\n5432\n${rest === '' ? '\n' : rest}`;

  const hash = logOf(put('a', given)).hash ^ logOf().hash;

  expect(hash >>> 0).toBe(hashOf(text));
});

// By another program, from the page alone.
test('the example of rarangi-protocol(7) has the hash that is written there', () => {
  const peer = { cluster: 'default', role: 'master', address: '10.0.0.1:17330' } as const;
  const log = new OriginLog(originOf('1'), factsOf('1', peer));
  const entries: Entry[] = [
    { kind: 'facts', facts: log.facts },
    { kind: 'up', peer: '00112233445566778899aabbccddeeff' as OriginId },
    put('1', {
      instance: '0123456789abcdef0123456789abcdef' as InstanceId,
      revision: 7,
      address: '10.0.0.1',
      scheme: 'postgres',
      tags: tagsOf('zone=a', 'version=16'),
    }),
  ];

  for (const entry of entries) log.apply(entry);

  expect(log.hash).toBe(4_218_136_416);
});

function tagsOf(...tags: readonly string[]): Tag[] {
  return tags.map((tag) => {
    const [key, value] = tag.split('=');
    return { key: key as Name, value: value ?? '' };
  });
}

test('a snapshot brings the same state and hash as the entries did', () => {
  const log = logOf(up('2'), put('a'), put('b'), gone('a'));
  const copy = logOf(up('9'), put('c'));

  copy.replace(snapshotOf(log));

  expect(snapshotOf(copy)).toEqual(snapshotOf(log));
  expect(copy.hash).toBe(log.hash);
});

test('a snapshot never takes a log back', () => {
  const log = logOf(up('2'), put('a'));

  expect(() => {
    log.replace({ ...snapshotOf(log), sequence: 2 });
  }).toThrow('never takes a log back');
});

test('the tail gives what came after a sequence', () => {
  const log = logOf(up('2'), put('a'));

  expect(log.entriesAfter(1)).toEqual([up('2'), put('a')]);
  expect(log.entriesAfter(3)).toEqual([]);
});

test('the tail reaches back a thousand entries at least, and is bounded', () => {
  const log = logOf();
  for (let revision = 1; revision <= 5_000; revision += 1) log.apply(put('a', { revision }));

  expect(log.entriesAfter(log.sequence - 1_024)).toHaveLength(1_024);
  expect(log.entriesAfter(log.sequence - 2_100)).toBeUndefined();
});

test('a tail does not reach back over a snapshot', () => {
  const log = logOf(put('a'));
  log.replace({ ...snapshotOf(log), sequence: 10, registrations: [registrationOf('b')] });
  log.apply(up('2'));

  expect(log.entriesAfter(10)).toEqual([up('2')]);
  expect(log.entriesAfter(9)).toBeUndefined();
});
