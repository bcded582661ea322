// "None", "not synced yet" and "cut off" never look alike: when a view is complete.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import { factsOf, originOf, put, ServerStage, up } from '../../../support/server-stage.ts';
import { down } from '../../../support/server-stage.ts';

const PEERS = { peers: ['10.0.0.1:17310'] };

/** A neighbour whose digest lists these origins, at these sequences. */
function digestFrom(
  stage: ServerStage,
  complete: boolean,
  lines: Record<string, number>,
): ConnectionId {
  const link = stage.accept();
  const environment = 'testing' as Name;
  const peer = { origin: originOf('1'), facts: factsOf('1') };
  stage.hear(link, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });
  const rows = Object.entries(lines).map(([digit, sequence]) => {
    return { origin: originOf(digit), sequence };
  });
  stage.digest(link, { complete, lines: rows });
  return link;
}

function facts(stage: ServerStage, link: ConnectionId): void {
  stage.tell(link, '1', { kind: 'facts', facts: factsOf('1') }, up('0'));
}

/** Time passes with signs of life from one link. */
function live(stage: ServerStage, link: ConnectionId, milliseconds: number): void {
  for (let ms = 0; ms < milliseconds; ms += 100) {
    stage.hear(link, { kind: 'ping' });
    stage.pass(100);
  }
}

test('without a peer and without a program at the address of the sibling a view is complete', () => {
  const stage = new ServerStage({ siblings: ['10.0.0.0:17311'] });
  expect(stage.state.view.isComplete).toBe(false);

  stage.give({ kind: 'undialled', address: '10.0.0.0:17311', reason: 'refused' });

  expect(stage.state.view.isComplete).toBe(true);
  expect(stage.takeNotices()).toContain('view-complete');
});

test('a server that was given peers and reached none is not complete, however long it waits', () => {
  const stage = new ServerStage(PEERS);

  stage.give({ kind: 'undialled', address: PEERS.peers[0]!, reason: 'refused' });
  stage.pass(600_000);

  expect(stage.state.view.isComplete).toBe(false);
});

test('a view is complete when all that a complete neighbour listed has arrived', () => {
  const stage = new ServerStage(PEERS);
  const link = digestFrom(stage, true, { '1': 2, '2': 3 });
  facts(stage, link);
  stage.tell(link, '1', up('2'));
  expect(stage.state.view.isComplete).toBe(false);

  stage.origin(link, '2', { links: '1' });
  expect(stage.state.view.isComplete).toBe(false);
  stage.tell(link, '2', put('a'));

  expect(stage.state.view.isComplete).toBe(true);
});

test('a neighbour that is not complete itself completes no other', () => {
  const stage = new ServerStage(PEERS);
  stage.give({ kind: 'undialled', address: PEERS.peers[0]!, reason: 'refused' });
  const link = digestFrom(stage, false, { '1': 2 });

  facts(stage, link);
  expect(stage.state.view.isComplete).toBe(false);
  stage.hear(link, { kind: 'view', complete: true, missing: [] });

  expect(stage.state.view.isComplete).toBe(true);
});

test('at a cold start a view is complete when nothing new has come for five seconds', () => {
  const stage = new ServerStage(PEERS);
  stage.give({ kind: 'undialled', address: PEERS.peers[0]!, reason: 'refused' });
  const link = digestFrom(stage, false, { '1': 2 });
  facts(stage, link);

  live(stage, link, 4_000);
  stage.tell(link, '1', { kind: 'facts', facts: factsOf('1') });
  live(stage, link, 4_900);
  expect(stage.state.view.isComplete).toBe(false);
  live(stage, link, 200);

  expect(stage.state.view.isComplete).toBe(true);
});

test('a registration is no news: it says nothing of servers that are not known yet', () => {
  const stage = new ServerStage(PEERS);
  stage.give({ kind: 'undialled', address: PEERS.peers[0]!, reason: 'refused' });
  const link = digestFrom(stage, false, { '1': 2 });
  facts(stage, link);

  live(stage, link, 4_000);
  stage.tell(link, '1', put('a'));
  live(stage, link, 1_200);

  expect(stage.state.view.isComplete).toBe(true);
});

test('a cold start with the sibling alone is none: another host is to be exchanged with', () => {
  const stage = new ServerStage({ ...PEERS, host: 'h0' });
  stage.give({ kind: 'undialled', address: PEERS.peers[0]!, reason: 'refused' });
  const sibling = stage.accept();
  const environment = 'testing' as Name;
  const facts = factsOf('1', { host: 'h0', side: 'b', address: '10.0.0.0:17311' });
  const peer = { origin: originOf('1'), facts };
  stage.hear(sibling, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });
  stage.digest(sibling, { complete: false });
  stage.tell(sibling, '1', { kind: 'facts', facts }, up('0'));

  live(stage, sibling, 20_000);

  expect(stage.standingOf('1')).toBe('reachable');
  expect(stage.state.view.isComplete).toBe(false);
});

test('a neighbour that misses this very host misses nothing that is not here', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');

  stage.hear(link, { kind: 'view', complete: false, missing: ['h0' as Name] });

  expect(stage.state.view.isComplete).toBe(true);
});

test('a reachable log that names an origin whose log is missing makes a view incomplete', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  expect(stage.state.view.isComplete).toBe(true);

  stage.tell(link, '1', up('5'));
  expect(stage.state.view.isComplete).toBe(false);
  stage.origin(link, '5', { links: '1' });

  expect(stage.state.view.isComplete).toBe(true);
});

test('[R107] a reachable log that names a crashed origin makes a view incomplete until that is offered', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', up('5'));
  stage.origin(link, '5', { links: '1' });
  stage.tell(link, '1', down('5', 'silent'));
  stage.pass(500);
  expect(stage.standingOf('5')).toBe('crashed');
  expect(stage.state.view.isComplete).toBe(true);

  stage.tell(link, '1', up('5'));
  expect(stage.state.view).toMatchObject({ isComplete: false, why: 'unsynced' });
  stage.origin(link, '5', { links: '1' });

  expect(stage.standingOf('5')).toBe('reachable');
  expect(stage.state.view.isComplete).toBe(true);
});

/** A server that neighbour 1 alone has named, and that is lost when it leaves. */
function lostWith(stage: ServerStage, told: (other: ConnectionId) => void): void {
  const link = stage.neighbour('1', {}, '2');
  const other = stage.neighbour('2', {}, '1');
  stage.tell(link, '1', up('5'));
  stage.origin(link, '5', { links: '1' });
  told(other);
  stage.tell(link, '1', { kind: 'bye' });
}

test('[R126] a host of which a neighbour may know nothing is missing in the log until there is a verdict', () => {
  const stage = new ServerStage();
  lostWith(stage, () => undefined);

  const { missing } = stage.state.self.log;
  expect(stage.standingOf('5')).toBe('suspect');
  expect(missing).toEqual({ hosts: ['h5'], count: 1 });
  stage.pass(2_000);

  expect(stage.standingOf('5')).toBe('crashed');
  expect(stage.state.self.log.missing).toEqual({ hosts: [], count: 0 });
});

test('[R126] a host that all neighbours know is not: they find out by themselves', () => {
  const stage = new ServerStage();
  lostWith(stage, (other) => {
    const lines = [{ origin: originOf('5'), sequence: stage.sequenceOf('5') }];
    stage.hear(other, { kind: 'offer', lines });
  });

  expect(stage.standingOf('5')).toBe('suspect');
  expect(stage.state.self.log.missing).toEqual({ hosts: [], count: 0 });
});

test('an origin that no log names any more is no longer waited for', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', up('5'));
  expect(stage.state.view.isComplete).toBe(false);

  stage.tell(link, '1', down('5', 'closed'));

  expect(stage.state.view.isComplete).toBe(true);
});

test('hosts that a neighbour misses are missed here', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');

  stage.hear(link, { kind: 'view', complete: false, missing: ['h7' as Name] });
  expect(stage.state.view.isComplete).toBe(false);
  expect(stage.state.view.missing).toEqual(['h7']);
  stage.hear(link, { kind: 'view', complete: true, missing: [] });

  expect(stage.state.view.isComplete).toBe(true);
});

test('a server does not pass on the missing hosts that it heard of', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1', {}, '2');
  const other = stage.neighbour('2', {}, '1');
  stage.take(other);

  stage.hear(link, { kind: 'view', complete: false, missing: ['h7' as Name] });
  stage.hear(link, { kind: 'view', complete: false, missing: ['h8' as Name] });

  const views = stage.take(other).filter(({ kind }) => kind === 'view');
  expect(views).toEqual([{ kind: 'view', complete: false, missing: [], missingCount: 0 }]);
});

test('a suspect origin makes the view incomplete, and its return complete again', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1', {}, '2');
  const other = stage.neighbour('2', {}, '1');
  stage.take(other);

  stage.tell(other, '2', down('1', 'silent'));
  stage.close(link);
  const view = { kind: 'view', complete: false, missing: ['h1'], missingCount: 1 };
  expect(stage.take(other)).toContainEqual(view);
  stage.tell(other, '2', up('1'));
  stage.tell(other, '1', up('2'));

  expect(stage.state.view.isComplete).toBe(true);
});

test('[R87] a neighbour that shook hands and says nothing of itself is missing until it is forgotten', () => {
  const stage = new ServerStage();
  stage.pass(1_000);
  const connection = stage.accept();
  const peer = { origin: originOf('1'), facts: factsOf('1') };
  stage.hear(connection, {
    kind: 'hello',
    protocol: 2,
    role: 'peer',
    environment: 'testing' as Name,
    ...peer,
  });

  stage.pass(200);
  expect(stage.state.view.isComplete).toBe(true);
  stage.pass(100);
  expect(stage.state.view).toMatchObject({ isComplete: false, missing: ['h1'] });
  stage.pass(1_500);
  expect(stage.state.links.size).toBe(0);
  expect(stage.state.view).toMatchObject({ isComplete: false, missing: ['h1'] });
  stage.pass(2_000);

  expect(stage.state.view).toMatchObject({ isComplete: true, missing: [] });
});
