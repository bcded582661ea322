// Which addresses are dialled, and when: one dial at a time, back-off, and news.

import { expect, test } from 'vitest';
import { ProtocolError } from '../../../../src/protocol/errors.ts';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import { down, factsOf, originOf, ServerStage, up } from '../../../support/server-stage.ts';

const PEER = '10.0.0.1:17310';

function refused(stage: ServerStage, address = PEER): void {
  stage.give({ kind: 'undialled', address, reason: 'connection refused' });
}

function welcome(digit: string, environment = 'testing', protocols = [2]): Message {
  const origin = originOf(digit);
  const facts = factsOf(digit);
  return { kind: 'welcome', protocols, environment: environment as Name, origin, facts };
}

function dialsWithin(stage: ServerStage, milliseconds: number): string[] {
  stage.dialled = [];
  stage.pass(milliseconds);
  return stage.dialled;
}

test('peers and siblings are dialled at once, and once', () => {
  const stage = new ServerStage({ peers: [PEER, '10.0.0.2:17310'], siblings: ['10.0.0.0:17311'] });

  stage.pass(10_000);

  expect(stage.dialled.sort()).toEqual(['10.0.0.0:17311', PEER, '10.0.0.2:17310']);
});

test('a dial that failed is tried again with back-off, capped at 30 s while isolated', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const delays: number[] = [];
  for (let tries = 0; tries < 12; tries += 1) {
    const failedMs = stage.nowMs;
    stage.dialled = [];
    refused(stage);
    while (stage.dialled.length === 0) stage.pass(1);
    delays.push(stage.nowMs - failedMs);
  }

  expect(delays.slice(0, 4)).toEqual([125, 250, 500, 1_000]);
  expect(delays.at(-1)).toBe(15_000);
});

test('a failing peer is told of once, and again when it had been reached in between', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const told = () => stage.takeNotices().filter((name) => name === 'dial-failed').length;

  refused(stage);
  stage.pass(200);
  refused(stage);
  expect(told()).toBe(1);
  stage.pass(1_000);
  const connection = stage.reach(PEER);
  stage.close(connection);
  stage.pass(1_000);
  refused(stage);

  expect(told()).toBe(1);
});

test('an address of another environment is told of and not tried again until a reload', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const connection = stage.reach(PEER);

  stage.hear(connection, welcome('1', 'staging'));
  expect(stage.take(connection)).toMatchObject([{ kind: 'error', error: 6 }]);
  const notices = stage.takeNotices();
  expect(notices).toContain('refused-environment');
  expect(notices).toContain('not-tried-again');
  expect(dialsWithin(stage, 3_600_000)).toEqual([]);
  stage.give({ kind: 'reload' });

  expect(dialsWithin(stage, 250)).toEqual([PEER]);
});

test('an address where trust is lacking is not tried again until a reload', () => {
  const stage = new ServerStage({ peers: [PEER] });

  const reason = 'it has another secret';
  stage.give({ kind: 'undialled', address: PEER, reason, isRefusal: true });
  const dialledMeanwhile = dialsWithin(stage, 3_600_000);
  stage.give({ kind: 'reload' });

  expect(dialledMeanwhile).toEqual([]);
  expect(dialsWithin(stage, 250)).toEqual([PEER]);
  expect(stage.notices).toContainEqual({
    name: 'refused-address',
    fields: { address: PEER, reason },
  });
});

test('a server that says it is locked is not tried again', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const connection = stage.reach(PEER);

  const error = new ProtocolError('locked', 'it speaks TLS, but this side has no secret');
  stage.give({ kind: 'unreadable', connection, error });

  expect(dialsWithin(stage, 3_600_000)).toEqual([]);
  expect(stage.takeNotices()).toContain('refused-address');
});

test.each([
  [6, 'refused-environment'],
  [7, 'refused-address'],
])('nobody says of a caller that refuses us by %i that it is not tried again', (error, name) => {
  const stage = new ServerStage();

  stage.hear(stage.accept(), { kind: 'error', error, reason: 'not for me' });

  expect(stage.takeNotices().at(-1)).toBe(name);
});

test('an address that refuses us is not tried again until a reload', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const connection = stage.reach(PEER);
  const refusal = { kind: 'error', error: 6, reason: 'staging here' } as const;

  stage.hear(connection, { ...refusal, environment: 'staging' as Name });
  stage.close(connection);

  expect(dialsWithin(stage, 3_600_000)).toEqual([]);
  expect(stage.notices).toContainEqual({
    name: 'refused-environment',
    fields: { address: PEER, theirs: 'staging', ours: 'testing' },
  });
});

test.each([
  ['by us', welcome('1', 'testing', [9])],
  ['by the other end', { kind: 'error', error: 7, reason: 'protocol 9 only' } as const],
])('where no version is common, as found %s, nobody tries again', (_, message) => {
  const stage = new ServerStage({ peers: [PEER] });
  const connection = stage.reach(PEER);

  stage.hear(connection, message);
  stage.close(connection);

  expect(dialsWithin(stage, 3_600_000)).toEqual([]);
  expect(stage.takeNotices()).toContain('refused-address');
});

test('a server that finds itself closes, and forgets that address', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const connection = stage.reach(PEER);

  stage.hear(connection, welcome('0'));

  expect(stage.closed).toEqual([{ connection, why: 'self' }]);
  expect(stage.takeNotices()).toContain('own-address');
  expect(dialsWithin(stage, 3_600_000)).toEqual([]);
});

test('[R48] a link that held for ten seconds resets the back-off; one that did not leaves it', () => {
  const stage = new ServerStage({ peers: [PEER] });
  for (let tries = 0; tries < 8; tries += 1) {
    refused(stage);
    stage.pass(31_000);
  }
  const attempts = (heldMs: number): number => {
    const connection = stage.reach(PEER);
    stage.hear(connection, welcome('1'));
    for (let ms = 0; ms < heldMs; ms += 300) {
      stage.hear(connection, { kind: 'ping' });
      stage.pass(300);
    }
    stage.dialled = [];
    const closedMs = stage.nowMs;
    stage.close(connection);
    while (stage.dialled.length === 0) stage.pass(1);
    return stage.nowMs - closedMs;
  };

  const short = attempts(3_000);
  const long = attempts(12_000);

  expect(short).toBeGreaterThan(10_000);
  expect(long).toBe(125);
});

test('news that a server is reachable again over another path has it dialled at once', () => {
  const stage = new ServerStage({ role: 'master' });
  const link = stage.neighbour('2');
  stage.origin(link, '1', { role: 'master', links: '2' });
  stage.tell(link, '2', { kind: 'up', peer: originOf('1') });
  for (let tries = 0; tries < 20; tries += 1) {
    refused(stage);
    stage.pass(400_000);
  }
  stage.tell(link, '2', down('1', 'silent'));
  refused(stage);
  expect(dialsWithin(stage, 250)).toEqual([]);

  stage.tell(link, '2', { kind: 'up', peer: originOf('1') });
  stage.tell(link, '1', { kind: 'up', peer: originOf('2') });

  expect(dialsWithin(stage, 250)).toEqual([PEER]);
});

test('addresses where masters have shaken hands outlive their origins, at most 256', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1', { role: 'master' });
  stage.close(link);
  stage.pass(10_000);
  const shake = (index: number): void => {
    const [connection] = masterDials(stage, { host: `10.1.0.${String(index)}`, lives: 1 });
    stage.close(connection!);
  };
  for (let index = 0; index < 127; index += 1) shake(index);
  const wasKept = stage.state.addresses.masters.has(PEER);
  for (let index = 127; index < 200; index += 1) shake(index);

  expect(stage.standingOf('1')).toBeUndefined();
  expect(wasKept).toBe(true);
  expect(stage.state.addresses.masters.size).toBe(256);
});

/** A leaf with a master, and a server that names two masters which nobody has ever met. */
function misled(): { stage: ServerStage; liar: ConnectionId } {
  const stage = new ServerStage();
  stage.neighbour('1', { role: 'master' });
  const liar = stage.neighbour('2', { role: 'master', address: '10.0.0.2:17310' }, '89');
  for (const digit of ['8', '9']) {
    const address = `10.9.0.${digit}:17310`;
    stage.origin(liar, digit, { role: 'master', address, links: '2' });
  }
  return { stage, liar };
}

test('[R111] the masters that a server made up are forgotten when it has left', () => {
  const { stage, liar } = misled();
  const { masters } = stage.state.addresses;
  expect([...masters.keys()]).toContain('10.9.0.8:17310');

  stage.close(liar);
  stage.pass(stage.state.options.splitHoldMs + 10_000);

  expect([...masters.keys()].sort()).toEqual([PEER, '10.0.0.2:17310']);
});

test('[R111] a server that reaches nobody keeps the addresses of masters it has only heard of', () => {
  const { stage, liar } = misled();

  stage.close(liar);
  for (const { connection } of [...stage.state.links.values()]) stage.close(connection.id);
  stage.pass(stage.state.options.splitHoldMs + 10_000);

  const { masters } = stage.state.addresses;
  expect([...masters.keys()]).toContain('10.9.0.9:17310');
});

test('[R111] where a master has shaken hands hearsay makes room', () => {
  const { stage, liar } = misled();
  const batches = Array.from({ length: 40 }, (_, index) => {
    const origin = `d${index.toString(16).padStart(31, '0')}` as ReturnType<typeof originOf>;
    const addresses = Array.from({ length: 8 }, (_, at) => `10.8.${String(index)}.${String(at)}:1`);
    const facts = { ...factsOf('d', { role: 'master' }), addresses };
    return { origin, first: 1, entries: [{ kind: 'facts', facts }] as const };
  });
  stage.hear(liar, { kind: 'entries', batches });
  const { masters } = stage.state.addresses;
  expect(masters.size).toBe(256);

  stage.neighbour('3', { role: 'master', address: '10.0.0.3:17310' });

  expect(masters.size).toBe(256);
  expect(masters.get('10.0.0.3:17310')).toBe(null);
});

/** Masters dial from a host, one after the other, each with addresses there. */
function masterDials(stage: ServerStage, given: { host: string; lives: number }): ConnectionId[] {
  return Array.from({ length: given.lives }, (_, index) => {
    const connection = stage.accept('tcp', `${given.host}:40000`);
    const name = `e${given.host.replaceAll('.', '')}${index.toString(16)}`;
    const origin = name.padEnd(32, '0').slice(0, 32) as ReturnType<typeof originOf>;
    const addresses = Array.from({ length: 8 }, (__, at) => {
      return `${given.host}:${String(20_000 + 8 * index + at)}`;
    });
    const peer = { origin, facts: { ...factsOf('9', { role: 'master' }), addresses } };
    const environment = 'testing' as Name;
    stage.hear(connection, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });
    return connection;
  });
}

test('[R115] a host that dials as many masters leaves the places to the others', () => {
  const stage = new ServerStage();
  const { masters } = stage.state.addresses;
  const hostile = masterDials(stage, { host: '10.6.6.6', lives: 40 });

  stage.neighbour('3', { role: 'master', address: '10.0.0.3:17310' });
  for (const connection of hostile) stage.close(connection);
  stage.pass(stage.state.options.splitHoldMs + 10_000);

  expect(masters.get('10.0.0.3:17310')).toBe(null);
  const left = [...masters.keys()].filter((address) => address.startsWith('10.6.6.6:'));
  expect(left).toEqual(['10.6.6.6:20318', '10.6.6.6:20319']);
});

test('[R115] where all places are taken the handshake that is longest ago gives up its own', () => {
  const stage = new ServerStage();
  const { masters } = stage.state.addresses;
  stage.neighbour('3', { role: 'master', address: '10.0.0.3:17310' });
  for (let index = 0; index < 200; index += 1) {
    const [connection] = masterDials(stage, { host: `10.6.6.${String(index)}`, lives: 1 });
    stage.close(connection!);
  }
  const wasFull = masters.size;

  stage.neighbour('4', { role: 'master', address: '10.0.0.4:17310' });

  expect([wasFull, masters.size]).toEqual([256, 256]);
  expect(masters.get('10.0.0.3:17310')).toBe(null);
  expect(masters.get('10.0.0.4:17310')).toBe(null);
});

test('[R117] a neighbour that names a thousand masters leaves places, and dials, to the others', () => {
  const stage = new ServerStage();
  const [liar, honest] = [stage.neighbour('2'), stage.neighbour('3')];
  const batches = Array.from({ length: 1_000 }, (_, index) => {
    const origin = `d${index.toString(16).padStart(31, '0')}` as ReturnType<typeof originOf>;
    const facts = factsOf('d', { role: 'master', address: `10.8.0.1:${String(1 + index)}` });
    return { origin, first: 1, entries: [{ kind: 'facts', facts }] as const };
  });
  stage.hear(liar, { kind: 'entries', batches });
  const { masters } = stage.state.addresses;
  const wasFull = masters.size;

  stage.origin(honest, '8', { role: 'master', address: '10.9.0.8:17310', links: '' });
  const dialled = dialsWithin(stage, 10);

  expect([wasFull, masters.size]).toEqual([256, 256]);
  expect(masters.has('10.9.0.8:17310')).toBe(true);
  expect(dialled).toContain('10.9.0.8:17310');
});

/** A leaf that lost all: both masters are closed, and with them the way to another leaf. */
function lostLeaf(): ServerStage {
  const stage = new ServerStage({ peers: [PEER] });
  const master = stage.neighbour('1', { role: 'master', address: PEER });
  stage.origin(master, '3', { links: '1' });
  stage.tell(master, '1', up('3'));
  stage.close(master);
  return stage;
}

test('[R86] a server that is cut off dials where it has lost others, beside its masters', () => {
  const stage = lostLeaf();

  expect(dialsWithin(stage, 4_000)).not.toContain('10.0.0.3:17310');
  expect(dialsWithin(stage, 8_000)).toContain('10.0.0.3:17310');
});

test('[R86] a lost server is no longer looked for once an operator has given its host up', () => {
  const stage = lostLeaf();
  stage.pass(4_000);
  const token = 'f'.repeat(32) as never;

  stage.hear(stage.client(), { kind: 'forget', request: 1, host: 'h3' as Name, token });

  expect(dialsWithin(stage, 60_000)).not.toContain('10.0.0.3:17310');
});

test('[R86] those who are lost together are looked for a few at a time, and all in the end', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const master = stage.neighbour('1', { role: 'master', address: PEER });
  const digits = '23456789abcdef'.split('');
  for (const digit of digits) stage.origin(master, digit, { links: '1' });
  stage.tell(master, '1', ...digits.map(up));
  stage.close(master);
  const addresses = digits.map((digit) => `10.0.0.${String(Number.parseInt(digit, 16))}:17310`);
  const tried = new Set<string>();
  for (let round = 0; round < 6; round += 1) {
    const dialled = dialsWithin(stage, 7_500).filter((address) => addresses.includes(address));
    expect(stage.state.linking.sought.length).toBeLessThanOrEqual(4);
    for (const address of dialled) {
      tried.add(address);
      refused(stage, address);
    }
  }

  expect([...tried].sort()).toEqual(addresses.sort());
  expect([...stage.state.linking.targets.keys()].length).toBeLessThanOrEqual(6);
});

test('[R88] a leaf with one master of two waits 2 s at most for the other', () => {
  const stage = new ServerStage();
  const master = stage.neighbour('1', { role: 'master', address: PEER }, '2');
  const other = '10.0.0.2:17310';
  stage.origin(master, '2', { role: 'master', links: '1', address: other });
  stage.pass(300);
  const delays: number[] = [];
  for (let tries = 0; tries < 8; tries += 1) {
    const failedMs = stage.nowMs;
    stage.dialled = [];
    refused(stage, other);
    while (!stage.dialled.includes(other)) stage.pass(1);
    delays.push(stage.nowMs - failedMs);
  }

  expect(Math.max(...delays)).toBe(1_000);
});
