// Servers that are played: a thousand of them would not fit the machine that measures one. Their
// logs are those of the core; what is played is a hub, linked to all of them, that speaks the
// protocol over real sockets and decides nothing: it lists its logs, sends what is wanted and tells
// changes. It sends no checks, so nothing of the servers at the other end is kept here.

import { once } from 'node:events';
import { createServer, type Server as Listener, type Socket } from 'node:net';

import { OriginLog } from '../../src/core/server/origins/log.ts';
import { decodeMessage } from '../../src/protocol/codec.ts';
import {
  FRAME_BYTES_MAX,
  LINK_HEARTBEAT_MS,
  PROTOCOL_VERSIONS,
} from '../../src/protocol/constants.ts';
import { FrameDecoder } from '../../src/protocol/frame.ts';
import type { Name, OriginId } from '../../src/protocol/ids.ts';
import type { Arrived } from '../../src/protocol/messages.ts';
import type { Batch, Entry, Facts, Line } from '../../src/protocol/records.ts';
import { environment, framed, PING, registrationOf } from './wire.ts';

/** The parts of a played fleet. */
export interface FleetOptions {
  /** Two servers each, linked to each other and to the hub. */
  readonly hostsCount: number;
  /** Each is registered at both servers of its host. */
  readonly instancesCount: number;
}

/** The logs of a fleet, the first of them the hub's. */
export class PlayedFleet {
  readonly logs = new Map<OriginId, OriginLog>();
  readonly hub: OriginLog;
  readonly instancesCount: number;
  readonly #hosts: (readonly OriginLog[])[];

  constructor({ hostsCount, instancesCount }: FleetOptions) {
    this.instancesCount = instancesCount;
    this.hub = this.#begin('hub', 0);
    this.#hosts = Array.from({ length: hostsCount }, (_, host) =>
      [1, 2].map((side) => this.#begin(`played-${String(host)}`, 2 * host + side)),
    );
    for (const pair of this.#hosts) this.#link(pair);
    for (let index = 0; index < instancesCount; index += 1) this.put(index, 1);
  }

  /** Registers an instance at both servers of its host, or changes it; says what that adds. */
  put(index: number, revision: number): Batch[] {
    const registration = { ...registrationOf(index), revision };
    const pair = this.#hosts[index % this.#hosts.length] ?? [];
    return pair.map((log) => append(log, { kind: 'put', registration }));
  }

  /** The origins and their sequences. */
  lines(): Line[] {
    return [...this.logs.values()].map(({ origin, sequence }) => ({ origin, sequence }));
  }

  #begin(host: string, index: number): OriginLog {
    const facts = playedFacts(host, index);
    const log = new OriginLog(playedOrigin(index), facts);
    log.apply({ kind: 'facts', facts });
    this.logs.set(log.origin, log);
    return log;
  }

  #link(pair: readonly OriginLog[]): void {
    for (const log of pair) {
      const peers = [this.hub, ...pair.filter((other) => other !== log)];
      for (const { origin } of peers) append(log, { kind: 'up', peer: origin });
      append(this.hub, { kind: 'up', peer: log.origin });
    }
  }
}

/** The id of a played server. */
export function playedOrigin(index: number): OriginId {
  return `a${index.toString(16).padStart(31, '0')}` as OriginId;
}

/** The facts of a played server. Its address belongs to no server: none of them is dialled. */
export function playedFacts(host: string, index: number): Facts {
  const side = index % 2 === 1 ? 'a' : 'b';
  const address = `10.255.${String((index >> 8) & 255)}.${String(index & 255)}:17340`;
  return {
    name: `${host}-${side}` as Name,
    host: host as Name,
    cluster: 'played' as Name,
    side,
    role: 'leaf',
    addresses: [address],
  };
}

/** Appends to a log; returns the addition. */
export function append(log: OriginLog, entry: Entry): Batch {
  log.apply(entry);
  return { origin: log.origin, first: log.sequence, entries: [entry] };
}

/** The hub of a fleet, to be named by `--peer`. */
export class PlayedHub {
  readonly address: string;
  readonly #fleet: PlayedFleet;
  readonly #listener: Listener;
  readonly #links = new Set<Socket>();
  readonly #wanted = new Set<OriginId>();
  readonly #allTaken: Promise<void>;
  #tellAllTaken: () => void = () => undefined;

  private constructor(fleet: PlayedFleet, listener: Listener) {
    const { address, port } = listener.address() as { address: string; port: number };
    this.address = `${address}:${String(port)}`;
    this.#fleet = fleet;
    this.#listener = listener;
    this.#allTaken = new Promise((resolve) => {
      this.#tellAllTaken = resolve;
    });
    listener.on('connection', (socket) => {
      this.#welcome(socket);
    });
  }

  static async open(fleet: PlayedFleet, address: string): Promise<PlayedHub> {
    const listener = createServer({ noDelay: true }).listen({ port: 0, host: address });
    await once(listener, 'listening');
    return new PlayedHub(fleet, listener);
  }

  /** Sends new entries on every link. */
  tell(batches: readonly Batch[]): void {
    const bytes = framed({ kind: 'entries', batches });
    for (const link of this.#links) link.write(bytes);
  }

  /** Resolves when every log was asked for, and the end that asked for the last has taken it in. */
  taken(): Promise<void> {
    return this.#allTaken;
  }

  close(): void {
    for (const link of this.#links) link.destroy();
    this.#listener.close();
  }

  #welcome(socket: Socket): void {
    const { origin, facts } = this.#fleet.hub;
    const protocols = PROTOCOL_VERSIONS;
    socket.on('error', () => undefined);
    socket.write(framed({ kind: 'welcome', protocols, environment, origin, facts }));
    onMessages(socket, (message) => {
      this.#receive(socket, message);
    });
    const beat = setInterval(() => socket.write(PING), LINK_HEARTBEAT_MS);
    socket.on('close', () => {
      clearInterval(beat);
      this.#links.delete(socket);
    });
  }

  #receive(socket: Socket, message: Arrived): void {
    if (message.kind === 'hello' && message.origin !== undefined) {
      this.tell([append(this.#fleet.hub, { kind: 'up', peer: message.origin })]);
      this.#links.add(socket);
      socket.write(digestOf(this.#fleet.lines()));
    } else if (message.kind === 'want') {
      for (const line of message.lines) this.#answer(socket, line);
      if (this.#wanted.size === this.#fleet.logs.size) socket.write(ASKING);
    } else if (message.kind === 'ping' && message.stamp !== undefined) {
      socket.write(framed({ kind: 'pong', stamp: message.stamp }));
    } else if (message.kind === 'pong') {
      this.#tellAllTaken();
    }
  }

  #answer(socket: Socket, { origin, sequence }: Line): void {
    const log = this.#fleet.logs.get(origin);
    if (log === undefined) return;
    this.#wanted.add(origin);
    if (log.sequence > sequence) for (const part of snapshotOf(log)) socket.write(part);
    else socket.write(framed({ kind: 'offer', lines: [{ origin, sequence }] }));
  }
}

/** Hands on every message that comes. */
export function onMessages(socket: Socket, handle: (message: Arrived) => void): void {
  const decoder = new FrameDecoder(FRAME_BYTES_MAX);
  socket.on('data', (chunk) => {
    for (const frame of decoder.push(chunk)) handle(decodeMessage(frame));
  });
}

/** The beginning of a server that lacks nothing. */
export function digestOf(lines: readonly Line[]): Uint8Array {
  return framed({ kind: 'digest', complete: true, missing: [], lines, goodbyes: [], more: false });
}

function* snapshotOf({ origin, sequence, facts, links, registrations }: OriginLog) {
  const items = [...registrations.values()];
  for (let start = 0; start === 0 || start < items.length; start += PART_ITEMS) {
    yield framed({
      kind: 'snapshot',
      origin,
      sequence,
      part: start / PART_ITEMS,
      facts,
      links: start === 0 ? [...links] : [],
      registrations: items.slice(start, start + PART_ITEMS),
      more: start + PART_ITEMS < items.length,
    });
  }
}

/** Is answered when all before it was taken in. */
const ASKING = framed({ kind: 'ping', stamp: 1 });

/** Of registrations as they are here, that many fit a frame. */
const PART_ITEMS = 2_000;
