// Origins by host and role: each is filed once, under the facts that its log gives now.

import { expect, test } from 'vitest';
import { Directory } from '../../../../src/core/server/origins/directory.ts';
import { OriginLog } from '../../../../src/core/server/origins/log.ts';
import { createOrigin } from '../../../../src/core/server/origins/origins.ts';
import type { Origin } from '../../../../src/core/server/state.ts';
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
