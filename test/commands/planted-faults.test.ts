// Bugs of our own in a real server: each costs the connection that met it, and all others go on.
// They are planted in a build of the test; rarangi has no switch for them.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'vitest';
import type { Told } from '../doors/dns/stage.ts';
import { queryBytes, toldOf, TYPES } from '../doors/dns/stage.ts';
import { array, message, text, uint } from '../hostile/cbor.ts';
import { clientHello, ENVIRONMENT, id, ping, Raw } from '../hostile/raw.ts';
import type { Edit } from '../sim/mutations/mutant.ts';
import { eventually } from '../support/conditions.ts';
import { plantedServe } from '../support/planted-build.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

/** Each is met by a ping with a stamp of its own. */
const BUGS: Readonly<Record<string, { readonly stamp: number; readonly edit: Edit }>> = {
  core: {
    stamp: 7_777,
    edit: [
      'dispatch#dispatchSign',
      'const { stamp } = message;',
      `const { stamp } = message;
if (stamp === 7777) throw new Error('planted in the core');`,
    ],
  },
  codec: {
    stamp: 8_888,
    edit: [
      'codec#decodeMessage',
      'const { code, fields } = decodeEnvelope(bytes);',
      `const { code, fields } = decodeEnvelope(bytes);
if ([...fields.values()].includes(8888)) throw new Error('planted in the codec');`,
    ],
  },
  encoder: {
    stamp: 6_666,
    edit: [
      'codec#encodePieces',
      'return [encodeFields(layout, message)];',
      `if (message.kind === 'pong' && message.stamp === 6666) {
  throw new Error('planted in the encoder');
}
return [encodeFields(layout, message)];`,
    ],
  },
};

/** Throws whenever links are written to while there is an instance at port 7777. */
const SETTLING: Edit = [
  'flush#flushLinks',
  'sendWants(state);',
  `sendWants(state);
for (const { port } of state.self.log.registrations.values()) {
  if (port === 7777) throw new Error('planted where a step is settled');
}`,
];

/** Thrown as a query is read, and as an answer is made. */
const IN_DNS: readonly Edit[] = [
  [
    'query#readQuery',
    'const flags = uint16(bytes, 2);',
    `const flags = uint16(bytes, 2);
if (uint16(bytes, 0) === 7777) throw new Error('planted in DNS');`,
  ],
  [
    'answer#findingOf',
    `if (rcode === 'NXDOMAIN') return 'none';`,
    `if (rcode === 'NXDOMAIN') throw new Error('planted in DNS');`,
  ],
];

const JSON_LOG = '--log-format=json';

/** The end that meets a bug: a client, a server of another host, a server of this host. */
function helloOf(who: string, at: number): Buffer {
  if (who === 'a client') return clientHello;
  const [name, host, side] = who === 'a sibling' ? ['h1-b', 'h1', 'b'] : ['h9-a', 'h9', 'a'];
  const strings = [name, host, 'c', side, 'leaf'].map((word) => text(word));
  const facts = array(...strings, array(text('127.0.0.1:9')));
  const origin = id(`f${String(at)}`);
  const said = [
    ['facts', facts],
    ['origin', origin],
    ['protocol', uint(2)],
  ] as const;
  return message(2, ['role', text('peer')], ...said, ENVIRONMENT);
}

/** Nothing has this code: a wait for it lasts until the end. */
async function closed(raw: Raw): Promise<void> {
  expect(await raw.hear(999)).toBeNull();
}

async function registered(stage: Stage, service: string, server: string): Promise<Running> {
  const words = [
    'register',
    `--name=${service}`,
    '--port=80',
    '--address=10.0.0.1',
    `--server=${server}`,
  ];
  const sidecar = stage.start([...words, JSON_LOG]);
  await sidecar.said({ event: 'registered' });
  return sidecar;
}

async function found(stage: Stage, service: string, server: string): Promise<unknown> {
  const words = ['lookup', service, `--server=${server}`, '--json', '--timeout=10s', '--wait=8s'];
  const { stdout } = await stage.run(words);
  const { complete, instances } = JSON.parse(stdout) as { complete: boolean; instances: object[] };
  return { complete, count: instances.length };
}

test('a bug in core, codec or encoder costs the client, peer or sibling that meets it, and nobody else', async ({
  stage,
}) => {
  const [one, two] = [stage.address(), stage.address()];
  const edits = Object.values(BUGS).map(({ edit }) => edit);
  const planted = await plantedServe(stage.folder, edits);
  const bound = [`--bind=${one}`, '--host=h1', '--master', '--socket=none', JSON_LOG];
  const bad = stage.spawn([...planted, ...bound]);
  await bad.said({ event: 'server-started' });
  const more = [`--bind=${two}`, '--host=h2', `--peer=${one}`, '--master', '--socket=none'];
  const good = stage.start(['serve', ...more, JSON_LOG]);
  await good.said({ event: 'view-complete' });
  const sidecars = await Promise.all([registered(stage, 'x', one), registered(stage, 'y', two)]);

  let at = 0;
  for (const who of ['a client', 'a peer', 'a sibling']) {
    for (const { stamp } of Object.values(BUGS)) {
      at += 1;
      const raw = new Raw(one);
      await raw.hear(1);
      raw.send(helloOf(who, at), ping(1));
      await raw.hear(6);
      raw.send(ping(stamp));
      const fault = await bad.said({ event: 'fault' });
      expect(String(fault['reason'])).toContain('planted in the');
      await closed(raw);
    }
  }

  const complete = { complete: true, count: 1 };
  expect(await found(stage, 'x', two)).toEqual(complete);
  expect(await found(stage, 'y', one)).toEqual(complete);
  expect(good.allSaid({ event: 'link-down' })).toEqual([]);
  expect(sidecars.flatMap((sidecar) => sidecar.allSaid({ event: 'lost' }))).toEqual([]);
  const barred = new Raw(one);
  await barred.hear(1);
  barred.send(helloOf('a peer', 4));
  await closed(barred);
  expect((await bad.end()).code).toBe(0);
});

test('a bug that comes again while the server goes on makes it hand over, say goodbye, exit 70', async ({
  stage,
}) => {
  const address = stage.address();
  const planted = await plantedServe(stage.folder, [SETTLING]);
  const bound = [`--bind=${address}`, '--host=h1', '--socket=none', JSON_LOG];
  const bad = stage.spawn([...planted, ...bound]);
  await bad.said({ event: 'server-started' });
  const sibling = stage.start(['serve', ...bound]);
  await sibling.said({ event: 'view-complete' });
  const [a, b] = [`${address}:17340`, `${address}:17341`];
  await registered(stage, 'x', b);

  const words = ['register', '--name=bad', '--port=7777', '--address=10.0.0.1', `--server=${a}`];
  stage.start([...words, JSON_LOG]);
  const { code } = await bad.ended;

  expect(code).toBe(70);
  await sibling.said({ event: 'origin-left' });
  expect(await found(stage, 'x', b)).toEqual({ complete: true, count: 1 });
});

test('a bug that a DNS query meets costs that query, and the door stays open', async ({
  stage,
}) => {
  const address = stage.address();
  const planted = await plantedServe(stage.folder, IN_DNS);
  const words = [`--bind=${address}`, '--host=h1', '--master', '--socket=none', '--http=none'];
  const bad = stage.spawn([...planted, ...words, `--dns=${address}:5353`, JSON_LOG]);
  await bad.said({ event: 'server-started' });
  await registered(stage, 'x', address);
  const ask = (name: string, id: number): Promise<Told> => asked(`${address}:5353`, name, id);
  await eventually(
    () => 'the DNS door',
    () => ask('x', 1).catch(() => undefined),
  );

  const early = await ask('x', 7_777);
  const late = await ask('nobody', 3);
  const sound = await ask('x', 4);

  expect([early.rcode, late.rcode, sound.rcode]).toEqual(['SERVFAIL', 'SERVFAIL', 'NOERROR']);
  expect(bad.allSaid({ event: 'door-fault' })).toHaveLength(2);
  for (let count = 0; count < 20; count += 1) await ask(`nobody-${String(count)}`, 3);

  expect((await ask('x', 5)).rcode).toBe('NOERROR');
  expect(bad.allSaid({ event: 'door-closed' })).toEqual([]);
  await bad.end();
  // One address does not fill the log with stacks.
  expect(bad.allSaid({ event: 'door-fault' })).toHaveLength(10);
  expect(bad.allSaid({ event: 'left-out' })).toMatchObject([{ notice: 'door-fault', times: 12 }]);
});

async function asked(place: string, name: string, id: number): Promise<Told> {
  const [host, port] = place.split(':');
  const socket = createSocket('udp4');
  try {
    socket.connect(Number(port), host);
    await once(socket, 'connect');
    const bytes = Buffer.from(queryBytes(`${name}.development.rarangi.internal`, TYPES.A));
    bytes.writeUInt16BE(id, 0);
    socket.send(bytes);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    return toldOf(answer);
  } finally {
    socket.close();
  }
}
