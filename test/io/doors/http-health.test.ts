// The reasons of `/syncedz`: the same as those of `status`, because it is the same question.

import { expect, test } from 'vitest';

import { healthOf } from '../../../src/core/server/sessions/health.ts';
import { whyNotWell } from '../../../src/io/doors/http-health.ts';
import { ServerStage } from '../../support/server-stage.ts';

/** A server that is linked to two masters of other hosts, and knows everything. */
function wellStage(peers: string[] = []): ServerStage {
  const stage = new ServerStage({ peers });
  stage.neighbour('1', { role: 'master' }, '2');
  stage.neighbour('2', { role: 'master' }, '1');
  stage.pass(10_000);
  return stage;
}

function codesOf(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/:.*/, ''));
}

test('a server to which nothing is amiss has nothing to say', () => {
  expect(whyNotWell(wellStage().state)).toEqual([]);
});

test('every reason of status is one here, in its words', () => {
  const stage = new ServerStage({ peers: ['h4:17310'] });
  stage.neighbour('1', {}, '2');
  stage.neighbour('2', {}, '1');
  stage.give({ kind: 'undialled', address: 'h4:17310', reason: 'connection refused' });
  stage.pass(10_000);

  const { reasons } = healthOf(stage.state);
  expect(codesOf(whyNotWell(stage.state))).toContain('no-master');
  expect(whyNotWell(stage.state)).toEqual(reasons.map((one) => `${one.code}: ${one.message}`));
});

test('a net-split is told with its hosts and for how long, isolation before it', () => {
  const stage = wellStage();
  const links = [...stage.state.links.values()].map(({ connection }) => connection.id);
  stage.hush(...links);
  stage.pass(20_000);

  const lines = whyNotWell(stage.state);
  expect(codesOf(lines).slice(0, 2)).toEqual(['isolated', 'split']);
  expect(lines[1]).toMatch(/^split: \S+, \S+ cut off for \d+ s$/);
});

test('a server that stops says so first', () => {
  const stage = wellStage();
  stage.give({ kind: 'stop' });

  expect(codesOf(whyNotWell(stage.state))[0]).toBe('stopping');
});
