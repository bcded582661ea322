// The choice of links: leaves to two masters on two hosts, masters to all masters, siblings.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { Peer } from '../../../support/server-stage.ts';
import { down, factsOf, originOf, ServerStage, up } from '../../../support/server-stage.ts';

const LEAVES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((letter) => `leaf-${letter}`);

const ADDRESS = (digit: string): string => `10.0.0.${digit}:17310`;

/** Masters heard of through one neighbour: their digits, and what they are. */
function heard(stage: ServerStage, masters: Record<string, Peer>): ConnectionId {
  const link = stage.neighbour('9', { address: '10.0.0.9:17310' }, Object.keys(masters).join(''));
  for (const [digit, peer] of Object.entries(masters)) {
    stage.origin(link, digit, { role: 'master', links: '9', ...peer });
  }
  stage.pass(0);
  return link;
}

/** A dial succeeds: the server there names itself, and says that the link is up. */
function answer(stage: ServerStage, digit: string, peer: Peer = {}): ConnectionId {
  const address = peer.address ?? ADDRESS(digit);
  const connection = stage.reach(address);
  const facts = factsOf(digit, { role: 'master', ...peer });
  const welcome: Message = {
    kind: 'welcome',
    protocols: [2],
    environment: 'testing' as Name,
    origin: originOf(digit),
    facts,
  };
  stage.hear(connection, welcome);
  stage.digest(connection);
  if (stage.sequenceOf(digit) === 0) stage.tell(connection, digit, { kind: 'facts', facts });
  stage.tell(connection, digit, up('0'));
  return connection;
}

function keepAlive(stage: ServerStage, links: ConnectionId[], milliseconds: number): void {
  for (let ms = 0; ms < milliseconds; ms += 300) {
    for (const link of links) stage.hear(link, { kind: 'ping' });
    stage.pass(300);
  }
}

/** The masters that a leaf of this host keeps links to, of those that it is linked to. */
function kept(host: string, masters: Record<string, Peer>): string[] {
  const stage = new ServerStage({ host });
  const link = heard(stage, masters);
  const links = Object.entries(masters).map(([digit, peer]) => answer(stage, digit, peer));
  keepAlive(stage, [link, ...links], 15_000);
  return [...stage.state.links.keys()].map((id) => id.charAt(0)).filter((digit) => digit !== '9');
}

test('a leaf dials the masters that it hears of', () => {
  const stage = new ServerStage();

  heard(stage, { '1': {}, '2': {} });

  expect(stage.dialled.sort()).toEqual(['1', '2'].map(ADDRESS));
});

test.each(LEAVES)('leaf %s keeps links to two masters, on two hosts', (host) => {
  const masters = { '1': { host: 'm1' }, '2': { host: 'm1', side: 'b' }, '3': { host: 'm2' } };

  const links = kept(host, masters as Record<string, Peer>);

  expect(links).toHaveLength(2);
  expect(links).toContain('3');
});

test("a leaf takes its own cluster's masters first", () => {
  const stage = new ServerStage({ cluster: 'c2' });
  const masters = { '1': {}, '2': { cluster: 'c2' }, '3': {}, '4': { cluster: 'c2' } };
  const link = heard(stage, masters);
  const links = ['1', '2', '3', '4'].map((digit) => {
    return answer(stage, digit, masters[digit as '1']);
  });

  keepAlive(stage, [link, ...links], 15_000);

  expect([...stage.state.links.keys()].map((id) => id.charAt(0))).toEqual(['9', '2', '4']);
});

test('an old link is given up only when what replaces it has held', () => {
  const stage = new ServerStage({ cluster: 'c2', peers: [ADDRESS('1')] });
  const old = answer(stage, '1');
  stage.tell(old, '1', up('2'), up('3'));
  stage.origin(old, '2', { role: 'master', cluster: 'c2', links: '1' });
  stage.origin(old, '3', { role: 'master', cluster: 'c2', links: '1' });
  const links = [old, answer(stage, '2'), answer(stage, '3')];

  keepAlive(stage, links, 1_500);
  expect(stage.state.links.size).toBe(3);
  keepAlive(stage, links, 12_000);

  expect([...stage.state.links.keys()].map((id) => id.charAt(0))).toEqual(['2', '3']);
  expect(stage.closed).toEqual([{ connection: old, why: 'unneeded' }]);
});

test.each(LEAVES)('leaf %s keeps a master that it had when another one goes', (host) => {
  const masters: Record<string, Peer> = { '1': {}, '2': {}, '3': {}, '4': {} };
  const before = kept(host, masters);

  for (const gone of Object.keys(masters)) {
    const left = Object.entries(masters).filter(([digit]) => digit !== gone);
    const after = kept(host, Object.fromEntries(left));
    expect(after).toEqual(expect.arrayContaining(before.filter((digit) => digit !== gone)));
  }
});

test('leaves spread over the masters', () => {
  const masters: Record<string, Peer> = { '1': {}, '2': {}, '3': {}, '4': {} };

  const chosen = new Set(LEAVES.flatMap((host) => kept(host, masters)));

  expect(chosen.size).toBeGreaterThan(2);
});

test('a leaf that has just found a master hears of the others before it takes a second one', () => {
  const stage = new ServerStage({ peers: [ADDRESS('1')] });
  const first = answer(stage, '1');
  stage.tell(first, '1', up('2'));
  stage.origin(first, '2', { role: 'master', links: '1' });
  stage.pass(200);
  const atOnce = stage.dialled.filter((address) => address === ADDRESS('2'));

  stage.pass(100);

  expect(atOnce).toEqual([]);
  expect(stage.dialled).toContain(ADDRESS('2'));
});

test('a leaf that cannot reach a master tries a few of those that it hears of, then others', () => {
  const stage = new ServerStage();
  const digits = ['1', '2', '3', '4', '5', '6', '7'];
  const link = stage.neighbour('9');
  for (const digit of digits) stage.origin(link, digit, { role: 'master', links: 'f' });
  stage.pass(0);
  const first = [...stage.dialled];

  for (const address of first) stage.give({ kind: 'undialled', address, reason: 'refused' });
  stage.pass(0);

  expect(first.length).toBeLessThan(digits.length);
  expect(new Set(stage.dialled)).toEqual(new Set(digits.map(ADDRESS)));
});

test('a master dials every master', () => {
  const stage = new ServerStage({ role: 'master' });

  heard(stage, { '1': {}, '2': {}, '3': {}, '4': {} });

  expect(new Set(stage.dialled)).toEqual(new Set(['1', '2', '3', '4'].map(ADDRESS)));
});

test('a leaf that has its masters leaves the other peers alone', () => {
  const stage = new ServerStage({ peers: ['1', '2', '5'].map(ADDRESS) });
  const links = [answer(stage, '1'), answer(stage, '2')];
  stage.dialled = [];

  stage.give({ kind: 'undialled', address: ADDRESS('5'), reason: 'refused' });
  keepAlive(stage, links, 60_000);

  expect(stage.dialled).toEqual([]);
});

test('a leaf that lost a master goes back to what it was given', () => {
  const stage = new ServerStage({ peers: ['1', '2', '5'].map(ADDRESS) });
  const links = [answer(stage, '1'), answer(stage, '2')];
  stage.give({ kind: 'undialled', address: ADDRESS('5'), reason: 'refused' });
  keepAlive(stage, links, 12_000);
  stage.dialled = [];

  stage.close(links[1]!);
  keepAlive(stage, [links[0]!], 600);

  expect(stage.dialled).toContain(ADDRESS('5'));
  expect(stage.dialled).toContain(ADDRESS('2'));
});

test('a server dials the other one of its host, wherever it heard of it', () => {
  const stage = new ServerStage({ host: 'h0', side: 'a' });
  const link = stage.neighbour('1', {}, '2');
  stage.origin(link, '2', { host: 'h0', side: 'b', address: '10.0.0.0:17311', links: '1' });
  stage.pass(0);

  expect(stage.dialled).toContain('10.0.0.0:17311');
});

test('two servers of one host and side are told of with both addresses', () => {
  const stage = new ServerStage({ host: 'h0', side: 'a', address: '10.0.0.7:17310' });
  const link = stage.neighbour('1');

  stage.neighbour('2', { host: 'h0', side: 'a', address: '10.0.0.8:17310' });
  stage.tell(link, '1', up('2'));

  expect(stage.notices).toContainEqual({
    name: 'host-twice',
    fields: { host: 'h0', side: 'a', address: '10.0.0.8:17310', other: '10.0.0.7:17310' },
  });
});

test('a link that the other end gives up for others is no warning', () => {
  const stage = new ServerStage({ role: 'master' });
  const link = stage.neighbour('1');
  const other = stage.neighbour('2');
  stage.takeNotices();

  stage.hear(link, { kind: 'error', error: 10, reason: 'other links have taken its place' });
  stage.close(link);
  stage.pass(500);
  stage.close(other);

  const lost = stage.takeNotices().filter((name) => name.startsWith('link-'));
  expect(lost).toEqual(['link-released', 'link-down']);
  expect(stage.state.self.log.entriesAfter(0)?.slice(-2)).toEqual([
    down('1', 'released'),
    down('2', 'closed'),
  ]);
});

test('the operator is told when the last master has gone out of reach, once', () => {
  const stage = new ServerStage();
  const links = [
    stage.neighbour('1', { role: 'master' }, '2'),
    stage.neighbour('2', { role: 'master' }, '1'),
  ];
  stage.tell(links[1]!, '2', down('1', 'closed'));
  stage.close(links[0]!);
  expect(stage.takeNotices()).not.toContain('masters-unreachable');

  stage.close(links[1]!);
  stage.pass(10_000);

  expect(stage.takeNotices().filter((name) => name === 'masters-unreachable')).toHaveLength(1);
});
