// Every connection from its opening to its end: what may arrive when, and the signs of life.

import { expect, test } from 'vitest';
import {
  CONNECTION_PHASES,
  enterPhase,
  mayArrive,
} from '../../../../src/core/server/links/connections.ts';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { SaidPace } from '../../../../src/core/kit/pace.ts';
import type { Connection } from '../../../../src/core/server/entities.ts';
import { ProtocolError } from '../../../../src/protocol/errors.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import { MESSAGES } from '../../../../src/protocol/messages.ts';
import {
  factsOf,
  originOf,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../../support/server-stage.ts';
import { instanceIdOf } from '../../../support/server-stage.ts';

type Phase = Connection['phase'];

function refusals(stage: ServerStage): unknown[] {
  const told = stage.notices.filter(({ name }) => name === 'refused-stranger');
  return told.map(({ fields }) => fields['reason']);
}

const environment = 'testing' as Name;
const kinds = Object.keys(MESSAGES) as Message['kind'][];
const phases = Object.keys(CONNECTION_PHASES) as Phase[];
const pairs = phases.flatMap((phase) => kinds.map((kind) => ({ phase, kind })));

/** A message of a kind, with just enough in it. */
function sample(kind: Message['kind']): Message {
  const view = { complete: true, missing: [] };
  const fields = {
    ...view,
    request: 1,
    protocols: [2],
    protocol: 2,
    role: 'client',
    environment,
    origin: originOf('1'),
    facts: factsOf('1'),
    error: 5,
    reason: 'as it is',
    stamp: 1,
    registration: registrationOf('a'),
    instance: instanceIdOf('a'),
    cause: 'closed',
    service: 'db',
    known: [],
    host: 'h9',
    token: instanceIdOf('f'),
    lines: [],
    origins: [],
    goodbyes: [],
    more: false,
    batches: [],
    sequence: 1,
    part: 0,
    links: [],
    registrations: [],
    count: 2,
    hash: 0,
  };
  return { kind, ...fields } as unknown as Message;
}

/** A connection that is in a phase. */
function at(stage: ServerStage, phase: Phase): ConnectionId {
  switch (phase) {
    case 'welcome':
      return stage.reach('10.0.0.1:17310');
    case 'hello':
      return stage.accept();
    case 'link':
      return stage.neighbour('1');
    default:
      return stage.client();
  }
}

test.each(pairs.filter(({ phase, kind }) => !(kind in CONNECTION_PHASES[phase])))(
  'in phase $phase a $kind is a breach: told, logged, closed',
  ({ phase, kind }) => {
    const stage = new ServerStage();
    const connection = at(stage, phase);
    stage.take(connection);

    stage.hear(connection, sample(kind));

    expect(stage.take(connection)).toMatchObject([{ kind: 'error', error: 4 }]);
    expect(stage.closed).toEqual([{ connection, why: 'unexpected-message' }]);
    expect(stage.takeNotices()).toContain(
      phase === 'link' || phase === 'session' ? 'protocol-breach' : 'refused-stranger',
    );
  },
);

test.each(pairs.filter(({ phase, kind }) => kind in CONNECTION_PHASES[phase]))(
  'in phase $phase a $kind has its place',
  ({ phase, kind }) => {
    const stage = new ServerStage();
    const connection = at(stage, phase);

    stage.hear(connection, sample(kind));

    expect(stage.closed).toEqual([]);
    expect(mayArrive(phase, sample(kind))).toBe(true);
  },
);

test.each([
  ['welcome', 'session'],
  ['link', 'session'],
  ['session', 'link'],
] as const)('no way leads from %s to %s', (from, to) => {
  const connection = { phase: from } as Connection;
  const { state } = new ServerStage();

  expect(() => {
    enterPhase(state, connection, { phase: to, said: {} });
  }).toThrow('no way leads');
});

test('the side that accepted a connection speaks first', () => {
  const stage = new ServerStage();

  const accepted = stage.accept();
  const dialled = stage.reach('10.0.0.1:17310');

  expect(stage.take(accepted)).toMatchObject([{ kind: 'welcome', environment, protocols: [2] }]);
  expect(stage.take(dialled)).toEqual([]);
});

test('a stranger that says nothing for two seconds is told and closed', () => {
  const stage = new ServerStage();
  const connection = stage.accept();

  stage.pass(1_999);
  expect(stage.closed).toEqual([]);
  stage.pass(1);

  expect(stage.closed).toEqual([{ connection, why: 'handshake-timeout' }]);
  expect(stage.takeNotices()).toEqual(['view-complete', 'refused-stranger']);
});

test('time in which the server did not run is not counted as the silence of a stranger', () => {
  const stage = new ServerStage();
  const [prompt, silent] = [stage.accept(), stage.accept()];
  stage.pass(1_990);

  stage.sleep(80);
  stage.give({ kind: 'deadline' });
  const environment = 'testing' as Name;
  stage.hear(prompt, { kind: 'hello', protocol: 2, role: 'client', environment });
  stage.pass(499);
  expect(stage.closed).toEqual([]);
  stage.pass(1);

  expect(stage.closed).toEqual([{ connection: silent, why: 'handshake-timeout' }]);
});

test('a server that is late again and again does not keep a stranger for ever', () => {
  const stage = new ServerStage();
  const connection = stage.accept();

  const closedAt = Array.from({ length: 12 }, () => {
    stage.sleep(560);
    stage.give({ kind: 'deadline' });
    return stage.closed.length;
  });

  expect(closedAt).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  expect(stage.closed).toEqual([{ connection, why: 'handshake-timeout' }]);
});

test('[R25] a server that does not greet within the silence is closed: what lay there is no news', () => {
  const stage = new ServerStage();
  const connection = stage.reach('10.0.0.1:17310');

  stage.pass(1_200);

  expect(stage.closed).toEqual([{ connection, why: 'handshake-timeout' }]);
  expect(refusals(stage)).toEqual([
    'no server greets there: another program has that port, or a server hangs',
  ]);
});

test('what does not speak in frames where we have called is another program', () => {
  const stage = new ServerStage();
  const error = new ProtocolError('malformed-frame', 'a frame cannot begin with 0x48');

  stage.give({ kind: 'unreadable', connection: stage.reach('10.0.0.1:17310'), error });
  stage.give({ kind: 'unreadable', connection: stage.accept(), error });

  expect(refusals(stage)).toEqual([
    `another program has that port, not a server: ${error.message}`,
    error.message,
  ]);
});

test('a link that is silent for the silence is lost, and told so first', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.hush(link);

  stage.pass(1_199);
  expect(stage.closed).toEqual([]);
  stage.take(link);
  stage.pass(1);

  expect(stage.take(link)).toMatchObject([{ kind: 'error', error: 9 }]);
  expect(stage.closed).toEqual([{ connection: link, why: 'silent' }]);
});

const SLOW = { heartbeatMs: 2_000, silenceMs: 6_000 };

/** A neighbour that says its timings in its handshake, and nothing ever after. */
function pacedNeighbour(stage: ServerStage, pace: SaidPace): ConnectionId {
  const connection = stage.accept();
  const peer = { origin: originOf('1'), facts: factsOf('1') };
  stage.hear(connection, {
    kind: 'hello',
    protocol: 2,
    role: 'peer',
    environment,
    ...peer,
    ...pace,
  });
  return connection;
}

/** When it was lost, counted from now. */
function lostAfter(stage: ServerStage, connection: ConnectionId): number {
  const sinceMs = stage.nowMs;
  const isOpen = (): boolean => stage.closed.every((one) => one.connection !== connection);
  while (isOpen() && stage.nowMs - sinceMs < 60_000) stage.pass(100);
  return stage.nowMs - sinceMs;
}

test('both ends of a link say their timings', () => {
  const stage = new ServerStage(SLOW);

  const accepted = stage.accept();
  const dialled = stage.reach('10.0.0.1:17310');
  const greeting = { protocols: [2], environment, origin: originOf('1'), facts: factsOf('1') };
  stage.hear(dialled, { kind: 'welcome', ...greeting });

  expect(stage.take(accepted)).toMatchObject([{ kind: 'welcome', ...SLOW }]);
  expect(stage.take(dialled)).toContainEqual(expect.objectContaining({ kind: 'hello', ...SLOW }));
});

test.each([
  ['the slower of the two', {}, SLOW, 6_000],
  ['the slower of the two, this one', SLOW, { heartbeatMs: 400, silenceMs: 1_200 }, 6_000],
  ['its own where the other says nothing', {}, {}, 1_200],
  ['each the slower', { silenceMs: 3_000 }, { heartbeatMs: 900, silenceMs: 1_800 }, 3_000],
  ['two heartbeats at least', {}, { heartbeatMs: 2_000, silenceMs: 100 }, 4_000],
] as const)('[R84] a link keeps to %s', (_, own, theirs, silenceMs) => {
  const stage = new ServerStage(own);
  const link = pacedNeighbour(stage, theirs);

  expect(lostAfter(stage, link)).toBe(silenceMs);
});

test('[R84] a link whose other end is slower beats as slowly', () => {
  const stage = new ServerStage();
  const link = pacedNeighbour(stage, SLOW);
  const stamps: number[] = [];
  const step = stage.server.step.bind(stage.server);
  stage.server.step = (input) => {
    const effects = step(input);
    const sends = effects.filter((effect) => effect.kind === 'send');
    if (sends.some((send) => send.connections.includes(link))) stamps.push(stage.nowMs);
    return effects;
  };

  stage.pass(5_900);

  const gaps = stamps.slice(1).map((stamp, index) => Math.round(stamp - (stamps[index] ?? 0)));
  // The first of them are what a new link says.
  expect(gaps.filter((gap) => gap > 0).at(-1)).toBe(2_000);
});

test.each([
  ['3 s', {}, {}, 3_000],
  ['3 s, though the client is faster', {}, { heartbeatMs: 400, silenceMs: 1_200 }, 3_000],
  ["the client's, if it is slower", {}, SLOW, 6_000],
  ["the server's, if it is slower", SLOW, {}, 6_000],
] as const)('[R84] the silence of a session is %s', (_, own, said, silenceMs) => {
  const stage = new ServerStage(own);
  const session = stage.accept();

  stage.hear(session, { kind: 'hello', protocol: 2, role: 'client', environment, ...said });

  expect(lostAfter(stage, session)).toBe(silenceMs);
});

test('[R85] a difference of timings is told of once, however often the link comes back', () => {
  const stage = new ServerStage();
  const told = () => stage.notices.filter(({ name }) => name === 'timings-differ');
  for (let times = 0; times < 3; times += 1) stage.close(pacedNeighbour(stage, SLOW));
  const fields = {
    server: 'h0-a',
    heartbeatMs: 400,
    silenceMs: 1_200,
    peer: 'h1-a',
    peerHeartbeatMs: 2_000,
    peerSilenceMs: 6_000,
  };
  expect(told()).toEqual([{ name: 'timings-differ', fields }]);

  stage.close(pacedNeighbour(stage, { heartbeatMs: 400, silenceMs: 1_200 }));
  stage.close(pacedNeighbour(stage, {}));
  expect(told()).toHaveLength(1);
  stage.close(pacedNeighbour(stage, { heartbeatMs: 1_000, silenceMs: 3_000 }));

  expect(told()).toHaveLength(2);
});

test('any message is a sign of life', () => {
  const stage = new ServerStage();
  stage.neighbour('1');

  stage.pass(60_000);

  expect(stage.closed).toEqual([]);
});

test('something is sent at every heartbeat, and only when nothing else was', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const stamps: number[] = [];
  const step = stage.server.step.bind(stage.server);
  stage.server.step = (input) => {
    const effects = step(input);
    const sends = effects.filter((effect) => effect.kind === 'send');
    if (sends.some((send) => send.connections.includes(link))) stamps.push(stage.nowMs);
    return effects;
  };

  stage.pass(9_000);

  const gaps = stamps.slice(1).map((stamp, index) => Math.round(stamp - (stamps[index] ?? 0)));
  expect(gaps.length).toBeGreaterThan(20);
  expect(new Set(gaps)).toEqual(new Set([400]));
});

test('a session over TCP that is silent for three seconds ends with all that it holds', () => {
  const stage = new ServerStage();
  const session = stage.client('tcp');
  const registration = registrationOf('a');
  stage.hear(session, registerOf(1, registration));
  stage.hush(session);

  stage.pass(2_999);
  expect(stage.instances()).toEqual({ a: 'live' });
  stage.pass(1);

  expect(stage.instances()).toEqual({});
  expect(stage.closed).toEqual([{ connection: session, why: 'silent' }]);
});

test("over a UNIX socket the kernel's close alone judges", () => {
  const stage = new ServerStage();
  const session = stage.client('unix');
  const registration = registrationOf('a');
  stage.hear(session, registerOf(1, registration));
  stage.hush(session);

  stage.pass(600_000);

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('over a UNIX socket, too, silence judges a client that has sent a ping', () => {
  const stage = new ServerStage();
  const session = stage.client('unix');
  const registration = registrationOf('a');
  stage.hear(session, registerOf(1, registration));
  stage.hear(session, { kind: 'ping' });
  stage.hush(session);

  stage.pass(3_000);

  expect(stage.instances()).toEqual({});
  expect(stage.closed).toEqual([{ connection: session, why: 'silent' }]);
});

test('a ping with a stamp is answered, and a pong gives the round trip', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const asked = stage.take(link).length;
  const stamp = Math.round(stage.nowMs * 1_000);

  stage.hear(link, { kind: 'ping', stamp: 7 });
  stage.pass(3);
  stage.hear(link, { kind: 'pong', stamp });

  expect(asked).toBeGreaterThan(0);
  expect(stage.take(link)).toContainEqual({ kind: 'pong', stamp: 7 });
  expect(stage.state.links.get(originOf('1'))?.connection.roundTripMicros).toBe(3_000);
});

test('a round trip is measured again and again, and told while it is of the last minute', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const client = stage.client();
  const told = (): unknown => {
    stage.take(client);
    stage.hear(client, { kind: 'peers', request: 1 });
    const answer = stage.take(client).find(({ kind }) => kind === 'servers');
    return answer?.kind === 'servers' && answer.servers.map((row) => row.roundTripMicros);
  };
  stage.hear(link, { kind: 'pong', stamp: Math.round(stage.nowMs * 1_000) });
  expect(told()).toEqual([null, 0]);

  stage.pings(link);
  stage.pass(15_500);
  const [stamp] = stage.pings(link);
  stage.pass(40);
  stage.hear(link, { kind: 'pong', stamp: stamp ?? 0 });
  const measured = told();
  stage.pass(59_000);
  expect(told()).toEqual(measured);
  stage.pass(2_000);

  expect(stamp).toBeGreaterThan(0);
  expect((measured as number[])[1]).toBeGreaterThanOrEqual(40_000);
  expect(told()).toEqual([null, null]);
});

test('a message kind that is not known is answered, and closes nothing', () => {
  const stage = new ServerStage();
  const session = stage.client();
  stage.take(session);

  const message = { kind: 'unknown', code: 99, request: 4 } as const;
  stage.give({ kind: 'received', connection: session, message });

  expect(stage.take(session)).toMatchObject([{ kind: 'error', error: 5, request: 4 }]);
  expect(stage.closed).toEqual([]);
});

test('before the handshake is over a message kind that is not known closes', () => {
  const stage = new ServerStage();
  const connection = stage.accept();

  stage.give({ kind: 'received', connection, message: { kind: 'unknown', code: 99 } });

  expect(stage.closed).toEqual([{ connection, why: 'unexpected-message' }]);
});

test('bytes that are no message end their connection, and what it held', () => {
  const stage = new ServerStage();
  const session = stage.client();
  stage.hear(session, registerOf(1, registrationOf('a')));
  const error = { kind: 'malformed-frame', message: 'not a byte string' } as const;

  stage.give({ kind: 'unreadable', connection: session, error: error as never });

  expect(stage.closed).toEqual([{ connection: session, why: 'malformed-frame' }]);
  expect(stage.instances()).toEqual({});
});
