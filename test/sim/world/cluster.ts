// A simulated world: hosts, servers, services, the network between them and the time; and the truth
// about all of them, which the checkers compare with what the servers say. One seed, one run.

import type { Tell } from '../../../src/core/effect.ts';
import type { ConnectionId, Input } from '../../../src/core/input.ts';
import type { Pace } from '../../../src/core/kit/pace.ts';
import type { Notice } from '../../../src/core/notices.ts';
import type { ServerOptions } from '../../../src/core/server/options.ts';
import type { Server } from '../../../src/core/server/server.ts';
import type { State } from '../../../src/core/server/state.ts';
import { fullestSessions } from '../../../src/core/server/sessions/throttle.ts';
import { SPLIT_HOLD_MS, WELL_KNOWN_PORTS } from '../../../src/protocol/constants.ts';
import type { InstanceId, Name, OriginId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import type { Instance } from '../../../src/protocol/records.ts';
import { Caller } from './caller.ts';
import { keyOf, plainInstanceOf, registerOf } from '../../support/server-stage.ts';
import { Clock } from './clock.ts';
import type { Cores } from './cores.ts';
import { CORES } from './cores.ts';
import type { HostileSpec } from './hostile.ts';
import { SimHostile } from './hostile.ts';
import type { Cut, Traits } from './network.ts';
import { absolute, Network } from './network.ts';
import type { Prng, Streams } from './prng.ts';
import { Numbering, randomBytesOf, streamsOf } from './prng.ts';
import { Process } from './process.ts';
import type { ServiceSpec } from './service.ts';
import { SimService } from './service.ts';
import type { WatchSpec } from './watcher.ts';
import { SimWatcher } from './watcher.ts';
import { WatchedCore } from './watched-core.ts';

/** How a server is started. Its name is `HOST-SIDE`, in other environments with those before it. */
export interface ServerSpec {
  readonly host: string;
  readonly side: 'a' | 'b';
  readonly cluster?: string;
  readonly isMaster?: boolean;
  /** Hosts, both sides of which are tried; or addresses. */
  readonly peers?: readonly string[];
  readonly environment?: string;
  /** Timings other than the usual ones. */
  readonly pace?: Pace;
}

/** One life of a server. */
export interface SimServer {
  readonly spec: ServerSpec;
  readonly name: string;
  readonly environment: string;
  readonly core: Server;
  readonly process: Process<Input, Tell>;
  /** Says what its core did not ask for. */
  readonly say: (connection: ConnectionId, message: Message) => void;
  readonly notices: Told[];
  readonly bornMs: number;
}

/** A notice, and when it was given. */
export interface Told {
  readonly nowMs: number;
  readonly notice: Notice;
}

/** A cut into groups of hosts. */
export interface Groups {
  readonly sinceMs: number;
  /** For how long nothing had happened when it came. */
  readonly calmMs: number;
  readonly hosts: readonly ReadonlySet<string>[];
}

/** Bugs planted on purpose, to see whether the checkers notice. */
export interface Sabotage {
  /** Changes or drops what servers send. */
  readonly message?: (message: Message) => Message | null;
  /** Changes what a server believes, after every step. */
  readonly belief?: (state: State) => void;
  readonly options?: Partial<ServerOptions>;
  /** Cores, or a driver, that lack a rule: see mutant.ts. */
  readonly cores?: Cores;
}

/** The settings of a world. */
export interface ClusterOptions {
  readonly seed: number;
  readonly traits?: Partial<Traits>;
  readonly splitHoldMs?: number;
  readonly sabotage?: Sabotage;
}

/** Servers, services, the network and the time. */
export class Cluster {
  readonly clock = new Clock();
  /** For what is done to this world from outside. */
  readonly random: Prng;
  readonly network: Network;
  /** Every life of every server, in the order of their starts. */
  readonly servers: SimServer[] = [];
  readonly services: SimService[] = [];
  readonly watchers: SimWatcher[] = [];
  /** Every stay of every hostile neighbour. */
  readonly hostiles: SimHostile[] = [];
  /** Called with every notice of every server. */
  onNotice: ((server: SimServer, notice: Notice) => void) | null = null;
  /** Called with every address that a server dials. */
  onDial: ((address: string) => void) | null = null;
  /** Called with every message that a server sends, to how many, and its state by then. */
  onMessage: ((message: Message, connections: number, from: State) => void) | null = null;
  /** Called after every step of every server. */
  onStepped: ((server: SimServer) => void) | null = null;
  /** When this world was last disturbed, beyond its ordinary life. */
  disturbedMs = 0;
  /** For how long it was undisturbed before that. */
  calmMs = 0;
  /** When something fell silent: a way was cut, a host lost its power, a server stood still. */
  readonly silencedMs: number[] = [];
  /** For how long the slowest link may hear nothing: the longest silence, and a beat before it. */
  silentMs = silentMsOf(PACE);
  /** When something silent last came back. */
  mendedMs = 0;
  /** The groups of hosts that are cut off from each other. */
  groups: Groups | null = null;
  /** How long servers hold split origins. */
  readonly splitHoldMs: number;
  readonly #sabotage: Sabotage;
  readonly #cores: Cores;
  readonly #streams: Streams;
  readonly #names = new Numbering();

  constructor(options: ClusterOptions) {
    this.#sabotage = options.sabotage ?? {};
    this.#cores = this.#sabotage.cores ?? CORES;
    this.splitHoldMs = options.splitHoldMs ?? SPLIT_HOLD_MS;
    this.#streams = streamsOf(options.seed);
    this.random = this.#streams('outside');
    this.network = new Network(this.clock, this.#streams, { ...ORDINARY, ...options.traits });
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  run(forMs: number): void {
    this.clock.run(forMs);
  }

  start(spec: ServerSpec): SimServer {
    const environment = spec.environment ?? 'testing';
    const name = nameOf(spec);
    const life = this.#names.next(`server ${name}`);
    const options = this.#serverOptions(spec, { name, environment, life });
    this.silentMs = Math.max(this.silentMs, silentMsOf(options));
    const core = new this.#cores.server(options);
    const watched = this.#watch(core, () => {
      this.onStepped?.(server);
    });
    const process = this.#createProcess(spec, {
      core,
      watched,
      perform: ({ notice }) => {
        this.#note(server, notice);
      },
    });
    const server: SimServer = {
      spec,
      name,
      environment,
      core,
      process,
      say: (connection, message) => {
        watched.say(connection, message);
        process.give((nowMs) => ({ kind: 'deadline', nowMs }));
      },
      notices: [],
      bornMs: this.nowMs,
    };
    this.servers.push(server);
    const [address = ''] = options.facts.addresses;
    const socket = `${spec.host}/run/${environment}-${spec.side}.sock`;
    server.process.start([address, socket]);
    return server;
  }

  /** The servers that run, paused ones too. */
  running(): SimServer[] {
    return this.servers.filter((server) => server.process.state !== 'ended');
  }

  /** The running server of a name. */
  server(name: string): SimServer {
    const found = this.running().find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  }

  /** SIGTERM. */
  stop(name: string): void {
    this.disturb();
    this.server(name).process.give((nowMs) => ({ kind: 'stop', nowMs }));
  }

  /** SIGKILL. */
  kill(name: string): void {
    this.disturb();
    this.server(name).process.kill();
  }

  pause(name: string): void {
    this.silence();
    this.server(name).process.pause();
  }

  resume(name: string): void {
    this.mend();
    this.server(name).process.resume();
  }

  /** A host loses its power, with all that runs there. */
  darken(host: string): void {
    this.silence();
    for (const { process } of this.running()) if (process.host === host) process.vanish();
    for (const service of this.services) if (service.host === host) service.vanish();
    for (const watcher of this.watchers) if (watcher.host === host) watcher.process.vanish();
    for (const hostile of this.hostiles) {
      if (this.network.guests.get(hostile.spec.host) === host) hostile.leave('vanish');
    }
    this.network.darken(host);
  }

  /** A host has power again; nothing runs there yet. */
  light(host: string): void {
    this.mend();
    this.network.light(host);
  }

  /** Cuts a network into groups of hosts; the returned function heals it. */
  split(...hosts: readonly (readonly string[])[]): () => void {
    this.silence();
    const { calmMs } = this;
    const sets = hosts.map((group) => new Set(group));
    const heal = this.network.cut(
      (from, to) => sets.find((set) => set.has(from)) !== sets.find((set) => set.has(to)),
    );
    this.groups = { sinceMs: this.nowMs, calmMs, hosts: sets };
    return () => {
      this.mend();
      this.groups = null;
      heal();
    };
  }

  /** Makes any other cut; the returned function heals it. */
  cut(cut: Cut): () => void {
    this.silence();
    const heal = this.network.cut(cut);
    return () => {
      this.mend();
      heal();
    };
  }

  /** Starts a service on a host, with sessions to both servers there. */
  serve(spec: ServiceSpec): SimService {
    const { clock, network } = this;
    const label = this.#names.next(`service on ${spec.host}`);
    const random = this.#streams(label);
    const service = new SimService({ clock, network, random, cores: this.#cores }, spec);
    this.services.push(service);
    return service;
  }

  /** An operator on a host forgets another for good. */
  forget(from: string, host: string, environment = 'testing'): void {
    this.disturb();
    const token = randomBytesOf(this.random) as InstanceId;
    this.call(from, { kind: 'forget', request: 1, host: host as Name, token }, environment);
  }

  /** A client comes on another connection with a known instance, and with a key. */
  claim(
    host: string,
    { instance, revision }: Pick<SimService, 'instance' | 'revision'>,
    key = keyOf(instance),
  ): void {
    const registration = {
      instance,
      revision,
      service: 'db' as Name,
      address: host,
      port: 1,
      scheme: null,
      tags: [],
    };
    this.call(host, { ...registerOf(1, registration), key });
  }

  /** A client on a host says something to side A there, and hangs on. */
  call(host: string, message: Message, environment = 'testing'): void {
    const { clock, network } = this;
    const { driver } = this.#cores;
    const core = new Caller(`/run/${environment}-a.sock`, message);
    new Process({ clock, network, host, driver, core, perform: () => undefined }).start([]);
  }

  /**
   * A hostile neighbour comes to these hosts. It stands where the only one is and is cut off with it;
   * if there are several it has a way of its own to each of them.
   */
  intrude(
    hosts: readonly string[],
    given: Pick<HostileSpec, 'role' | 'seed' | 'gapMs'>,
  ): SimHostile {
    const { clock, network } = this;
    const host = `x${String(this.hostiles.length + 1)}`;
    const [only] = hosts;
    const isOpen = hosts.length > 1;
    if (only !== undefined && !isOpen) this.network.guests.set(host, only);
    const addresses = hosts.flatMap((at) => [addressOf(at, 'a'), addressOf(at, 'b')]);
    const testing = this.running().filter(({ environment }) => environment === 'testing');
    const words = {
      environment: 'testing',
      origins: testing.map(({ core }) => core.state.self.id),
      instances: this.services.map(({ instance }) => instance),
      services: [...new Set(this.services.map(({ service }) => service))],
      hosts: [...new Set(testing.map(({ spec }) => spec.host))],
    };
    const hostile = new SimHostile(
      { clock, network, cores: this.#cores },
      { ...given, host, addresses, isOpen, words },
    );
    this.hostiles.push(hostile);
    return hostile;
  }

  /** Whether something may still be believed that a hostile neighbour has said. */
  isLiedTo(): boolean {
    const sinceMs = this.nowMs - this.splitHoldMs - LIES_MS;
    return this.hostiles.some(({ leftMs }) => leftMs > sinceMs);
  }

  /** Watches a service from a host. */
  watch(spec: WatchSpec): SimWatcher {
    const { clock, network } = this;
    const label = this.#names.next(`watcher on ${spec.host}`);
    const random = this.#streams(label);
    const watcher = new SimWatcher({ clock, network, random, cores: this.#cores }, spec);
    this.watchers.push(watcher);
    return watcher;
  }

  /** The world is disturbed. */
  disturb(): void {
    this.calmMs = this.nowMs - this.disturbedMs;
    this.disturbedMs = this.nowMs;
  }

  /** Something silent comes back. */
  mend(): void {
    this.disturb();
    this.mendedMs = this.nowMs;
  }

  /** Something falls silent, for a while or for ever. */
  silence(): void {
    this.disturb();
    this.silencedMs.push(this.nowMs);
  }

  #serverOptions(
    spec: ServerSpec,
    own: { readonly name: string; readonly environment: string; readonly life: string },
  ): ServerOptions {
    const { environment } = own;
    const random = this.#streams(own.life);
    const other = spec.side === 'a' ? 'b' : 'a';
    return {
      environment: environment as Name,
      origin: randomBytesOf(random) as OriginId,
      facts: {
        name: own.name as Name,
        host: spec.host as Name,
        cluster: (spec.cluster ?? 'default') as Name,
        side: spec.side,
        role: spec.isMaster === true ? 'master' : 'leaf',
        addresses: [addressOf(spec.host, spec.side, environment)],
      },
      peers: (spec.peers ?? []).flatMap((peer) => {
        if (peer.includes(':')) return [peer];
        return (['a', 'b'] as const).map((side) => addressOf(peer, side, environment));
      }),
      siblings: [addressOf(spec.host, other, environment)],
      ...(spec.pace ?? PACE),
      graceMs: 500,
      splitHoldMs: this.splitHoldMs,
      instanceOf: plainInstanceOf,
      random,
      ...this.#sabotage.options,
    };
  }

  #watch(core: Server, onStepped: () => void): WatchedCore {
    const { message: change = itself, belief } = this.#sabotage;
    return new WatchedCore(core, {
      stepped: () => {
        belief?.(core.state);
        onStepped();
      },
      sent: (message, connections) => {
        this.onMessage?.(message, connections, core.state);
        return change(message);
      },
      dialled: (address) => {
        this.onDial?.(address);
      },
    });
  }

  #createProcess({ host }: ServerSpec, { core, watched, perform }: Run): Process<Input, Tell> {
    const { clock, network } = this;
    return new Process<Input, Tell>({
      clock,
      network,
      host,
      driver: this.#cores.driver,
      core: watched,
      perform,
      inputOf: (fault) => ({ kind: 'faulted', nowMs: clock.nowMs, ...fault }),
      relief: (unread) => fullestSessions(core.state, unread),
    });
  }

  #note(server: SimServer, notice: Notice): void {
    server.notices.push({ nowMs: this.nowMs, notice });
    this.onNotice?.(server, notice);
  }
}

/** What works in the process of a server. */
interface Run {
  readonly core: Server;
  readonly watched: WatchedCore;
  readonly perform: (effect: Tell) => void;
}

function itself(message: Message): Message {
  return message;
}

/** The answer of a server to a lookup of everything. */
export function instancesAt(server: SimServer): Instance[] {
  const { catalogue } = server.core.state;
  return catalogue.serviceNames().flatMap((name) => catalogue.instancesOf(name));
}

/** Where a side of a host listens. */
export function addressOf(host: string, side: 'a' | 'b', environment = 'testing'): string {
  const port = (WELL_KNOWN_PORTS.get(environment) ?? 0) + (side === 'a' ? 0 : 1);
  return absolute(host, `${host}:${String(port)}`);
}

/** The name of a server of the environment `testing`. */
export function nameOf(spec: Pick<ServerSpec, 'host' | 'side' | 'environment'>): string {
  const name = `${spec.host}-${spec.side}`;
  return spec.environment === undefined ? name : `${spec.environment}-${name}`;
}

function silentMsOf({ heartbeatMs, silenceMs }: Pace): number {
  return silenceMs + heartbeatMs;
}

/** After the hold all that such a neighbour has made up is let go within this. */
const LIES_MS = 5_000;

/** The default timings of servers. */
const PACE: Pace = { heartbeatMs: 400, silenceMs: 1_200 };

/** Congestion begins at a sixteenth of the shell's limit: it is met in small clusters too. */
const ORDINARY: Traits = {
  delayMs: [0.2, 1],
  pieces: 0,
  bytesPerMs: 100_000,
  kernelBytes: 64 * 1_024,
};
