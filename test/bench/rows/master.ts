// The weight of a master with 1,000 linked leaves, at rest and while registrations of ten of them
// change: each change goes out to all others. The leaves are played, from a thousand ports of
// loopback; they have all of each other from another master, and of the ten from this one. The
// floor: a bare server with as many connections.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { OriginLog } from '../../../src/core/server/origins/log.ts';
import { LINK_HEARTBEAT_MS, PROTOCOL_VERSIONS } from '../../../src/protocol/constants.ts';
import type { MessageKind, MessageOf } from '../../../src/protocol/messages.ts';
import type { Entry } from '../../../src/protocol/records.ts';
import { doAllSay } from '../fleet.ts';
import { append, digestOf, onMessages, playedFacts, playedOrigin } from '../played.ts';
import { type Bench, residentBytes, type Server, until, type Usage, usage } from '../processes.ts';
import type { Figure, Row } from '../row.ts';
import { dial, environment, framed, PING, registrationOf } from '../wire.ts';
import { portOf } from './propagation.ts';

export const master: Row = {
  name: 'master',
  title: 'F. A master with 1,000 links',
  method: '10 s for each line, after the first 10',
  measure: async (bench, isQuick) => {
    const [count, watchedMs] = isQuick ? [20, 500] : [1_000, 10_000];
    // A process that plays a thousand servers is now and then late; the heartbeat is the usual one.
    const server = await bench.serve({ words: ['--master', '--silence=10s'] });
    const leaves = await openLeaves(server, count);
    // What follows from so many new links is over, and all has been compared once.
    if (!isQuick) await delay(watchedMs);
    const rest = await usage(server.pid, watchedMs);
    const [changed] = await Promise.all([
      usage(server.pid, watchedMs),
      changeFor(watchedMs, leaves.slice(0, CHANGING)),
    ]);
    const bytes = residentBytes(server.pid);
    if (!(await areLinked(server, count))) throw new Error('links were lost meanwhile');
    for (const { socket } of leaves) socket.destroy();
    await server.end();
    const bare = await measureBare(bench, count, watchedMs);
    const [links, perSecond] = [`${count.toLocaleString('en')} links`, String(CHANGES_PER_S)];
    return [
      { what: `${links}: memory`, unit: 'MB', value: bytes / 1e6, floor: bare.bytes / 1e6 },
      ...figuresOf(`${links} at rest`, rest, bare.rest),
      ...figuresOf(`${links}, ${perSecond} changes/s`, changed, bare.changed),
    ];
  },
};

/** A leaf that is played: it says what it must, and hears nothing but the first word. */
interface Leaf {
  readonly socket: Socket;
  readonly log: OriginLog;
}

/**
 * Opens all links, and only then says what each of the leaves has, which is all of it: they are like
 * leaves that come from another master, not like a thousand servers that start at one time.
 */
async function openLeaves(server: Server, count: number): Promise<Leaf[]> {
  const leaves: Leaf[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = await dial(server.address);
    leaves.push({ socket, log: await helloOn(socket, index) });
  }
  await until('all are linked', () => areLinked(server, count));
  const lines = leaves.map(({ log: { origin, sequence } }) => ({ origin, sequence }));
  const digest = digestOf(lines);
  for (const { socket, log } of leaves) {
    const changing = lines.slice(0, CHANGING).filter(({ origin }) => origin !== log.origin);
    socket.write(digest);
    socket.write(framed({ kind: 'want', lines: changing }));
    const isTaken = heard(socket, 'pong');
    socket.write(framed({ kind: 'ping', stamp: 1 }));
    await isTaken;
  }
  return leaves;
}

function areLinked(server: Server, count: number): Promise<boolean> {
  return doAllSay(
    [server],
    ({ server: { links }, servers }) => links === count && servers.reachable === count + 1,
  );
}

/** Waits for the first message of that kind. Later messages are not read. */
function heard<K extends MessageKind>(socket: Socket, kind: K): Promise<MessageOf<K>> {
  return new Promise((resolve) => {
    onMessages(socket, (message) => {
      if (message.kind !== kind) return;
      socket.removeAllListeners('data').resume();
      resolve(message as MessageOf<K>);
    });
  });
}

async function helloOn(socket: Socket, index: number): Promise<OriginLog> {
  const { origin: peer } = await heard(socket, 'welcome');
  const facts = playedFacts(`played-${String(index)}`, index);
  const log = new OriginLog(playedOrigin(index), facts);
  const [protocol = 0] = PROTOCOL_VERSIONS;
  const { origin } = log;
  const entries: Entry[] = [
    { kind: 'facts', facts },
    { kind: 'up', peer },
  ];
  for (const entry of entries) log.apply(entry);
  socket.write(framed({ kind: 'hello', protocol, role: 'peer', environment, origin, facts }));
  socket.write(framed({ kind: 'entries', batches: [{ origin, first: 1, entries }] }));
  beatOn(socket);
  return log;
}

function beatOn(socket: Socket): void {
  const beat = setInterval(() => socket.write(PING), LINK_HEARTBEAT_MS);
  socket.on('close', () => {
    clearInterval(beat);
  });
}

/** Changes registrations of these leaves in turn, evenly over the time. */
async function changeFor(milliseconds: number, leaves: readonly Leaf[]): Promise<void> {
  const sinceMs = performance.now();
  for (let turn = 0; performance.now() - sinceMs < milliseconds; turn += 1) {
    const { socket, log } = leaves[turn % leaves.length]!;
    const registration = { ...registrationOf(turn % INSTANCES), revision: turn + 1 };
    const batch = append(log, { kind: 'put', registration });
    socket.write(framed({ kind: 'entries', batches: [batch] }));
    await delay(sinceMs + ((turn + 1) * 1_000) / CHANGES_PER_S - performance.now());
  }
}

/** A bare server that beats as often, and one that sends a change's bytes as often as they change. */
async function measureBare(bench: Bench, count: number, milliseconds: number) {
  const rest = await useBare(bench, { count, milliseconds, words: [] });
  const words = [CHANGE_BYTES, 1_000 / CHANGES_PER_S].map(String);
  const changed = await useBare(bench, { count, milliseconds, words });
  return { rest, changed, bytes: rest.bytes };
}

interface BareUse {
  readonly count: number;
  readonly milliseconds: number;
  readonly words: readonly string[];
}

async function useBare(bench: Bench, { count, milliseconds, words }: BareUse) {
  const bare = bench.floor('beat.mjs', words);
  const address = `127.0.0.1:${portOf(await bare.said('listening'))}`;
  const sockets = await Promise.all(Array.from({ length: count }, () => dial(address)));
  for (const socket of sockets) {
    socket.resume();
    beatOn(socket);
  }
  const used = await usage(bare.pid, milliseconds);
  const bytes = residentBytes(bare.pid);
  for (const socket of sockets) socket.destroy();
  return { ...used, bytes };
}

function figuresOf(when: string, used: Usage, bare: Usage): Figure[] {
  return [
    {
      what: `${when}: processor`,
      unit: '%',
      value: used.cpuShare,
      floor: bare.cpuShare,
    },
    {
      what: `${when}: read and written`,
      unit: 'kB/s',
      value: used.bytesPerS / 1e3,
      floor: bare.bytesPerS / 1e3,
    },
  ];
}

const CHANGES_PER_S = 100;
const CHANGING = 10;
const INSTANCES = 1_000;

/** What a change is on the wire, as here. */
const CHANGE_BYTES = 130;
