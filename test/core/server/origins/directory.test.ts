// Origins by host and role: each is filed once, under the facts that its log gives now.

import { expect, test } from 'vitest';
import { Directory } from '../../../../src/core/server/origins/directory.ts';
import { OriginLog } from '../../../../src/core/server/origins/log.ts';
import { createOrigin } from '../../../../src/core/server/origins/origins.ts';
import type { Origin } from '../../../../src/core/server/entities.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import { factsOf, originOf } from '../../../support/server-stage.ts';

const HOST = 'h1' as Name;

test('the servers of a host are found in the order in which they became known', () => {
  const directory = new Directory<Origin>();
  const [one, two] = [1, 2].map((digit) => {
    return createOrigin(
      new OriginLog(originOf(String(digit)), factsOf(String(digit), { host: 'h1' })),
      0,
    );
  });

  for (const origin of [two!, one!, two!]) directory.file(origin);

  expect([...directory.ofHost(HOST)]).toEqual([two, one]);
  expect([...directory.ofHost('h2' as Name)]).toEqual([]);
});

test('an origin whose facts change is found under the new ones only', () => {
  const directory = new Directory<Origin>();
  const origin = createOrigin(
    new OriginLog(originOf('1'), factsOf('1', { host: 'h1', role: 'master' })),
    0,
  );
  directory.file(origin);

  origin.log.facts = factsOf('1', { host: 'h2' });
  directory.file(origin);

  expect([...directory.ofHost(HOST)]).toEqual([]);
  expect([...directory.ofHost('h2' as Name)]).toEqual([origin]);
  expect([...directory.masters]).toEqual([]);
});

test('an origin that was dropped is found nowhere', () => {
  const directory = new Directory<Origin>();
  const origin = createOrigin(
    new OriginLog(originOf('1'), factsOf('1', { host: 'h1', role: 'master' })),
    0,
  );
  directory.file(origin);

  directory.drop(origin);

  expect([...directory.ofHost(HOST)]).toEqual([]);
  expect([...directory.masters]).toEqual([]);
});

test('the longest silence is that of those who are filed now, and the usual one at least', () => {
  const directory = new Directory<Origin>();
  const [usual, short, long, longer] = [undefined, 600, 6_000, 9_000].map((silenceMs, index) => {
    const id = String(index + 1);
    const facts = { ...factsOf(id), ...(silenceMs !== undefined && { silenceMs }) };
    return createOrigin(new OriginLog(originOf(id), facts), 0);
  });
  const seen = [directory.longestSilenceMs];
  const note = (): unknown => seen.push(directory.longestSilenceMs);

  for (const origin of [usual!, short!, longer!, long!]) {
    directory.file(origin);
    note();
  }
  for (const origin of [longer!, short!, long!]) {
    directory.drop(origin);
    note();
  }

  expect(seen).toEqual([1_200, 1_200, 1_200, 9_000, 9_000, 6_000, 6_000, 1_200]);
});
