// A large simulated world: hosts with two servers and their services each, in clusters with a few
// masters, and an account of what the servers send, receive and compute. Cores are the real ones;
// network.ts is between them. One seed, one run.

import { Catalogue } from '../../../src/core/catalogue/catalogue.ts';
import type { Effect, Send } from '../../../src/core/effect.ts';
import type { Input } from '../../../src/core/input.ts';
import { Server } from '../../../src/core/server/server.ts';
import { WELL_KNOWN_PORTS } from '../../../src/protocol/constants.ts';
import type { InstanceId, Name, OriginId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import type { Facts, Registration } from '../../../src/protocol/records.ts';
import { plainInstanceOf, registerOf } from '../../support/server-stage.ts';
import { Clock } from '../world/clock.ts';
import type { Prng } from '../world/prng.ts';
import { prngOf, randomBytesOf } from '../world/prng.ts';
import { bytesOf } from './bytes.ts';
import { Archive } from './log.ts';
import type { End } from './network.ts';
import { ScaleNetwork } from './network.ts';

/** How large a world is. */
export interface Size {
  readonly hosts: number;
  readonly clusters: number;
  /** Hosts in each cluster whose two servers are masters. */
  readonly masters: number;
  readonly instances: number;
}

/** What a server received, sent and computed since the account was opened. */
export interface Account {
  messages: number;
  bytesIn: number;
  bytesOut: number;
  /** Of this machine's time. */
  busyMs: number;
}

/** A host, as it was planned. */
export interface Host {
  readonly name: string;
  readonly cluster: string;
  readonly isMaster: boolean;
  /** The last of its cluster. */
  readonly isSample: boolean;
  readonly peers: readonly string[];
  readonly registrations: Registration[];
}

type Side = 'a' | 'b';

/** One life of a server. */
export interface ScaleServer {
  readonly host: Host;
  readonly side: Side;
  /** Whether it keeps a catalogue, though no client asks it. */
  readonly isSample: boolean;
  readonly core: Server;
  readonly ends: Map<number, End>;
  readonly congested: Set<number>;
  account: Account;
  alarmMs: number;
  isRunning: boolean;
}

/** Servers, services, the network and the time. */
export class ScaleWorld {
  readonly clock = new Clock();
  readonly network: ScaleNetwork;
  readonly hosts: readonly Host[];
  /** By the address at which each listens; those that run. */
  readonly servers = new Map<string, ScaleServer>();
  /** Bytes that have arrived, by kind of message. */
  readonly bytesByKind = new Map<string, number>();
  /** Told of every message that arrives at a server from another one. */
  onArrival: ((message: Message) => void) | null = null;
  readonly random: Prng;
  readonly #archive = new Archive();
  #connections = 0;

  constructor(seed: number, size: Size) {
    this.random = prngOf(seed);
    this.network = new ScaleNetwork(this.clock, this.random);
    this.hosts = plan(size, this.random);
  }

  /** Starts a server and, soon after it, the session of its host's services with it. */
  start(host: Host, side: Side): ScaleServer {
    const isSample = host.isSample && side === 'a';
    const server: ScaleServer = {
      host,
      side,
      isSample,
      core: new Server({
        environment: ENVIRONMENT,
        origin: randomBytesOf(this.random) as OriginId,
        facts: factsOf(host, side),
        peers: host.peers.flatMap((peer) => [addressOf(peer, 'a'), addressOf(peer, 'b')]),
        siblings: [addressOf(host.name, side === 'a' ? 'b' : 'a')],
        heartbeatMs: 400,
        silenceMs: 1_200,
        graceMs: 500,
        splitHoldMs: 15 * 60 * 1_000,
        // A thousand rings would take more than all else.
        historyRows: 0,
        keeping: {
          createLog: (origin, facts) => this.#archive.createLog(origin, facts),
          createCatalogue: (holders) =>
            isSample ? new SampleCatalogue(holders) : new NoCatalogue(holders),
        },
        instanceOf: plainInstanceOf,
        random: this.random,
      }),
      ends: new Map(),
      congested: new Set(),
      account: createAccount(),
      alarmMs: Infinity,
      isRunning: true,
    };
    this.servers.set(addressOf(host.name, side), server);
    this.#step(server, { kind: 'deadline', nowMs: this.clock.nowMs });
    this.clock.after(this.random() * REGISTER_MS_MAX, () => {
      this.#openSession(server);
    });
    return server;
  }

  /** SIGTERM. */
  stop(server: ScaleServer): void {
    this.#step(server, { kind: 'stop', nowMs: this.clock.nowMs });
  }

  /** A host loses its power, with all that runs there. */
  darken(host: Host): void {
    this.network.darken(host.name);
    for (const side of ['a', 'b'] as const) {
      const address = addressOf(host.name, side);
      const server = this.servers.get(address);
      if (server !== undefined) server.isRunning = false;
      this.servers.delete(address);
    }
  }

  /** One service of a host changes a tag of its registration, at one server or both. */
  update(host: Host, index: number, sides: readonly Side[]): Registration {
    const old = host.registrations[index];
    if (old === undefined) throw new RangeError(`no instance ${String(index)} at ${host.name}`);
    const revision = old.revision + 1;
    const tags = [{ key: 'revision' as Name, value: String(revision) }];
    const registration = { ...old, revision, tags };
    host.registrations[index] = registration;
    for (const side of sides) {
      const server = this.servers.get(addressOf(host.name, side));
      if (server !== undefined) this.#tell(server, registerOf(1, registration));
    }
    return registration;
  }

  /** Lets time pass until something holds, looking every so often; Infinity if it never does. */
  runUntil(
    holds: () => boolean,
    { everyMs, withinMs }: { everyMs: number; withinMs: number },
  ): number {
    const sinceMs = this.clock.nowMs;
    while (this.clock.nowMs - sinceMs < withinMs) {
      this.clock.run(everyMs);
      if (holds()) return this.clock.nowMs - sinceMs;
    }
    return Infinity;
  }

  /** Begins all accounts anew. */
  openAccounts(): void {
    this.bytesByKind.clear();
    for (const server of this.servers.values()) {
      server.account = createAccount();
      for (const end of server.ends.values()) end.bytesSent = 0;
    }
  }

  #step(server: ScaleServer, input: Input): void {
    if (!server.isRunning) return;
    const sinceMs = performance.now();
    const effects = server.core.step(input);
    server.account.busyMs += performance.now() - sinceMs;
    for (const effect of effects) this.#perform(server, effect);
    this.#arm(server);
  }

  /** An alarm that is put off stays where it is: when it rings, it is set anew. */
  #arm(server: ScaleServer): void {
    const dueMs = server.core.nextDeadlineMs();
    if (dueMs >= server.alarmMs) return;
    server.alarmMs = dueMs;
    const { nowMs } = this.clock;
    this.clock.after(Math.max(0, dueMs - nowMs), () => {
      if (server.alarmMs !== dueMs) return;
      server.alarmMs = Infinity;
      const isDue = server.core.nextDeadlineMs() <= this.clock.nowMs;
      if (isDue) this.#step(server, { kind: 'deadline', nowMs: this.clock.nowMs });
      else this.#arm(server);
    });
  }

  #perform(server: ScaleServer, effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(server, effect);
        break;
      case 'dial':
        this.#dial(server, effect.address);
        break;
      case 'close':
        this.#close(server, effect.connection);
        break;
      case 'stopped':
        server.isRunning = false;
        this.servers.delete(addressOf(server.host.name, server.side));
        for (const connection of [...server.ends.keys()]) this.#close(server, connection);
        break;
      case 'notice':
      case 'pause':
      case 'resume':
        break;
    }
  }

  #send(server: ScaleServer, { connections, message }: Send): void {
    let bytes = -1;
    for (const connection of connections) {
      const end = server.ends.get(connection);
      if (end === undefined) continue;
      if (bytes < 0) bytes = bytesOf(message);
      server.account.bytesOut += bytes;
      this.network.send(end, message, bytes);
      if (end.unarrivedBytes <= CONGESTED_BYTES || server.congested.has(connection)) continue;
      server.congested.add(connection);
      this.clock.after(0, () => {
        this.#step(server, { kind: 'congested', connection, nowMs: this.clock.nowMs });
      });
    }
  }

  #dial(server: ScaleServer, address: string): void {
    const [host = ''] = address.split(':');
    this.network.dial(server.host.name, host, (isReached) => {
      const listener = isReached ? this.servers.get(address) : undefined;
      const { nowMs } = this.clock;
      if (!server.isRunning) return;
      if (listener === undefined) {
        const reason = isReached ? 'connection refused' : 'timed out';
        this.#step(server, { kind: 'undialled', address, reason, nowMs });
        return;
      }
      const [near, far] = this.network.connect(server.host.name, host);
      const transport = 'tcp';
      const remote = server.host.name;
      const accepted = this.#addEnd(listener, far);
      const dialled = this.#addEnd(server, near);
      const [kind, toUs] = [
        'opened',
        { connection: dialled, remote: address, dialled: address },
      ] as const;
      this.#step(server, { kind, ...toUs, transport, nowMs });
      this.#step(listener, { kind, connection: accepted, remote, dialled: null, transport, nowMs });
    });
  }

  #addEnd(server: ScaleServer, end: End): number {
    this.#connections += 1;
    const connection = this.#connections;
    server.ends.set(connection, end);
    end.ears = {
      received: (message, bytes) => {
        this.#account(server, message, bytes);
        this.#step(server, { kind: 'received', connection, message, nowMs: this.clock.nowMs });
      },
      closed: () => {
        server.ends.delete(connection);
        const reason = 'closed by the other end';
        this.#step(server, { kind: 'closed', connection, reason, nowMs: this.clock.nowMs });
      },
      drained: () => {
        if (!server.congested.delete(connection)) return;
        this.#step(server, { kind: 'drained', connection, nowMs: this.clock.nowMs });
      },
    };
    return connection;
  }

  #account(server: ScaleServer, message: Message, bytes: number): void {
    server.account.messages += 1;
    server.account.bytesIn += bytes;
    this.bytesByKind.set(message.kind, (this.bytesByKind.get(message.kind) ?? 0) + bytes);
    this.onArrival?.(message);
  }

  #close(server: ScaleServer, connection: number): void {
    const end = server.ends.get(connection);
    server.ends.delete(connection);
    server.congested.delete(connection);
    if (end !== undefined) this.network.close(end);
  }

  /** One session for all services of a host: to the core it makes no difference. */
  #openSession(server: ScaleServer): void {
    const { nowMs } = this.clock;
    const from = {
      connection: SESSION,
      remote: 'services',
      dialled: null,
      transport: 'unix',
    } as const;
    this.#step(server, { kind: 'opened', ...from, nowMs });
    this.#tell(server, { kind: 'hello', protocol: 2, role: 'client', environment: ENVIRONMENT });
    for (const registration of server.host.registrations) {
      this.#tell(server, registerOf(1, registration));
    }
  }

  #tell(server: ScaleServer, message: Message): void {
    const { nowMs } = this.clock;
    this.#step(server, { kind: 'received', connection: SESSION, message, nowMs });
  }
}

/** The logs of this simulation share their records already. */
class SampleCatalogue extends Catalogue {
  override shared(registration: Registration): Registration {
    return registration;
  }
}

/**
 * Stands in for the catalogue of a server: it follows from the logs, no client asks, and two
 * thousand catalogues of twenty thousand instances are eight gigabytes.
 */
class NoCatalogue extends SampleCatalogue {
  override put(): void {
    // Nothing is kept.
  }

  override delete(): void {
    // Nothing was kept.
  }

  override review(): void {
    // Nothing is to be looked at.
  }
}

function plan(size: Size, random: Prng): Host[] {
  const nameOf = (index: number): string => `h${String(index).padStart(4, '0')}`;
  const each = size.instances / size.hosts;
  return Array.from({ length: size.hosts }, (_, index): Host => {
    const [cluster, place] = [index % size.clusters, Math.floor(index / size.clusters)];
    const isMaster = place < size.masters;
    // One `--peer` for each: a leaf's is a master of its cluster, a master's the very first one.
    const first = index === 0 ? 1 : 0;
    const peer = isMaster ? first : cluster + (place % size.masters) * size.clusters;
    return {
      name: nameOf(index),
      cluster: `c${String(cluster)}`,
      isMaster,
      isSample: index >= size.hosts - size.clusters,
      peers: [nameOf(peer)],
      registrations: Array.from({ length: each }, (_unused, number) => ({
        instance: randomBytesOf(random) as InstanceId,
        revision: 1,
        service: `service-${String((index * each + number) % SERVICES)}` as Name,
        address: nameOf(index),
        port: 1_024 + number,
        scheme: null,
        tags: [],
      })),
    };
  });
}

function factsOf(host: Host, side: Side): Facts {
  return {
    name: `${host.name}-${side}` as Name,
    host: host.name as Name,
    cluster: host.cluster as Name,
    side,
    role: host.isMaster ? 'master' : 'leaf',
    addresses: [addressOf(host.name, side)],
  };
}

/** Where a side of a host listens. */
export function addressOf(host: string, side: Side): string {
  return `${host}:${String((WELL_KNOWN_PORTS.get(ENVIRONMENT) ?? 0) + (side === 'a' ? 0 : 1))}`;
}

function createAccount(): Account {
  return { messages: 0, bytesIn: 0, bytesOut: 0, busyMs: 0 };
}

const ENVIRONMENT = 'testing' as Name;

/** The number of the connection over which a host's services talk to a server. */
const SESSION = 0;

/** Services find a server that was started within this. */
const REGISTER_MS_MAX = 500;

/** Different names of services in a world. */
const SERVICES = 500;

/** The bytes that the shell lets wait in a socket before it says so. */
const CONGESTED_BYTES = 1024 * 1024;
