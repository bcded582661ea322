// The table of views: the knowledge of a server in its answers.

import { expect, test } from 'vitest';
import type { DnsView } from '../../../src/doors/dns/view.ts';
import { COMPLETE, instanceOf, Stage } from './stage.ts';

const edns = { payloadBytes: 1_232 };
const HOSTS = ['h3', 'h4'];
const SUSPECT: DnsView = { complete: false, missing: HOSTS, why: 'suspect' };
const SPLIT: DnsView = { complete: false, missing: HOSTS, why: 'split' };
const UNSYNCED: DnsView = { complete: false, missing: [], why: 'unsynced' };

const CUT_OFF = '22 cannot tell: h3, h4 are cut off';
const STALE = '3 stale: last known of h3, h4, which are cut off';

function stageOf(view: DnsView, states: readonly ('live' | 'suspect' | 'stale')[]): Stage {
  const stage = new Stage();
  for (const [index, state] of states.entries()) {
    const host = HOSTS[index] ?? 'h9';
    stage.table.put(instanceOf({ state, host, address: `10.0.0.${String(index + 1)}` }));
  }
  stage.table.put(instanceOf({ service: 'other' }));
  stage.table.view = view;
  return stage;
}

test.for([
  ['complete', COMPLETE, 'NXDOMAIN', [], []],
  ['suspect', SUSPECT, 'NXDOMAIN', [], []],
  ['split', SPLIT, 'SERVFAIL', ['0 not complete: h3, h4 are cut off'], [CUT_OFF]],
  ['unsynced', UNSYNCED, 'SERVFAIL', ['0 not complete: not synced yet'], ['14 not synced yet']],
] as const)('a view that is %s says so beside what it has', ([, view, none, some, nothing]) => {
  const live = stageOf(view, ['live', 'stale']).ask('web', 'A', edns);
  expect(live).toMatchObject({ rcode: 'NOERROR', errors: some });
  expect(live.answers).toMatchObject([{ data: '10.0.0.1' }]);

  const stale = stageOf(view, ['stale', 'stale']).ask('web', 'A', edns);
  expect(stale).toMatchObject({ rcode: 'NOERROR', errors: [STALE] });
  expect(stale.answers).toHaveLength(2);

  for (const name of ['web', '_web._tcp', 'fra._cluster.other', '_role.other', 'v2']) {
    const told = stageOf(view, []).ask(name, 'A', edns);
    expect([name, told.rcode, told.errors]).toEqual([name, none, nothing]);
    expect(told.authorities).toHaveLength(none === 'NXDOMAIN' ? 1 : 0);
    expect(told.flags & 0x0400).toBe(0x0400);
  }
});

test('an instance in doubt is live', () => {
  const stage = stageOf(SUSPECT, ['suspect']);

  expect(stage.ask('web', 'A', edns)).toMatchObject({ rcode: 'NOERROR', errors: [] });
  expect(stage.ask('_live.web', 'A').answers).toHaveLength(1);
});

test('only live ones were asked for, and there are stale ones: the server cannot tell', () => {
  const stage = stageOf(SPLIT, ['stale', 'stale']);

  expect(stage.ask('_live.web', 'A', edns)).toMatchObject({ rcode: 'SERVFAIL', errors: [STALE] });
  expect(stage.ask('_live.none', 'A', edns)).toMatchObject({
    rcode: 'SERVFAIL',
    errors: [CUT_OFF],
  });
});

test('names that do not depend on services are known from the first moment on', () => {
  const stage = stageOf(UNSYNCED, []);

  for (const name of ['_b', 'ns', '_tcp', 'x y', 'i-00f1c2d3e4a5b6c7', '']) {
    expect(stage.ask(name, 'A').rcode).not.toBe('SERVFAIL');
  }
  stage.table.delete('other');
  expect(stage.ask('_services._dns-sd._udp', 'PTR', edns).errors).toEqual(['14 not synced yet']);
});

test('a server that does not say why is taken at its worst', () => {
  for (const [missing, error] of [
    [[], '14 not synced yet'],
    [['h3'], '22 cannot tell: h3 is cut off'],
  ] as const) {
    const told = stageOf({ complete: false, missing }, []).ask('web', 'A', edns);
    expect(told).toMatchObject({ rcode: 'SERVFAIL', errors: [error] });
  }
});

test('five hosts are named at most, in 200 bytes', () => {
  const hosts = Array.from({ length: 12 }, (_, index) => `h${String(index + 1)}`);
  const stage = stageOf({ ...SPLIT, missing: hosts }, []);
  expect(stage.ask('web', 'A', edns).errors).toEqual([
    '22 cannot tell: h1, h2, h3, h4, h5 and 7 more are cut off',
  ]);

  stage.table.view = { ...SPLIT, missing: hosts.slice(0, 8), missingCount: 900 };
  expect(stage.ask('web', 'A', edns).errors).toEqual([
    '22 cannot tell: h1, h2, h3, h4, h5 and 895 more are cut off',
  ]);

  stage.table.view = { complete: false, missing: ['h3'], why: 'limit' };
  expect(stage.ask('web', 'A', edns).errors).toEqual([
    '22 cannot tell: h3 is beyond the limits of this server',
  ]);

  stage.table.view = { ...SPLIT, missing: hosts.map((host) => host.padEnd(128, 'x')) };
  const [error = ''] = stage.ask('web', 'A', edns).errors;
  expect(error).toMatch(/^22 cannot tell: h1x+ and 11 more are cut off$/);
  expect(error.length).toBeLessThanOrEqual(203);
});

test('a query without EDNS gets the same without reasons', () => {
  const told = stageOf(SPLIT, []).ask('web', 'A');

  expect(told).toMatchObject({ rcode: 'SERVFAIL', errors: [], additionals: [] });
  expect(told.bytes.at(11)).toBe(0);
});
