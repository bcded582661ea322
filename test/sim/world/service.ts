// A simulated service: the library's client core, which holds a session with both servers of its
// host, and the truth about the instance that it offers.

import type { ClientCommand } from '../../../src/core/client/client.ts';
import type { Report, Stop } from '../../../src/core/client/effect.ts';
import type { ClientReport } from '../../../src/core/client/registry.ts';
import { WELL_KNOWN_PORTS } from '../../../src/protocol/constants.ts';
import type { Identity, InstanceId, Name } from '../../../src/protocol/ids.ts';
import { keyOf } from '../../support/server-stage.ts';
import type { Cores } from './cores.ts';
import type { Clock } from './clock.ts';
import type { Network } from './network.ts';
import type { Prng } from './prng.ts';
import { randomBytesOf } from './prng.ts';
import { Process } from './process.ts';

/** The settings of a service. */
export interface ServiceSpec {
  readonly host: string;
  readonly service: string;
  readonly environment?: string;
  /** Over sockets the kernel reports a death; over TCP silence does too. */
  readonly door?: Door;
}

/** The way of clients to the servers of their host; `own` is TCP to the host's own address. */
export type Door = 'socket' | 'tcp' | 'own';

/** The world that a service lives in. */
export interface Surroundings {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Prng;
  readonly cores: Cores;
}

/** One running offer, from its start to its end. */
export class SimService {
  readonly spec: ServiceSpec;
  readonly environment: string;
  /** Another one from when a server has said that it is lost. */
  instance: InstanceId;
  readonly process: Process<ClientCommand | Stop, Report<ClientReport>>;
  /** Its present offer. */
  service: string;
  revision = 1;
  /** When it was given up: its process ended, or it said so. Infinity while it is offered. */
  endedMs = Infinity;
  readonly bornMs: number;
  /** Its cause when it gave its registration up; null as long as it did not. */
  gaveUp: 'deregistered' | 'unhealthy' | null = null;
  wasRenamed = false;
  readonly #clock: Clock;
  readonly #random: Prng;

  constructor({ clock, network, random, cores }: Surroundings, spec: ServiceSpec) {
    this.spec = spec;
    this.service = spec.service;
    this.environment = spec.environment ?? 'testing';
    this.instance = randomBytesOf(random) as InstanceId;
    this.#clock = clock;
    this.#random = random;
    this.bornMs = clock.nowMs;
    const core = new cores.client({
      environment: this.environment as Name,
      addresses: addressesOf(spec.door ?? 'socket', spec.host, this.environment),
      sessionsMax: 2,
      random,
      isOwnHost: (host) => host === spec.host,
    });
    this.process = new Process({
      clock,
      network,
      host: spec.host,
      core,
      driver: cores.driver,
      perform: ({ report }) => {
        if (report.kind === 'disowned') this.#renew(report.instance);
      },
    });
    const offer = {
      service: spec.service as Name,
      address: '',
      port: 1_024 + Math.floor(random() * 60_000),
      scheme: null,
      tags: [],
    };
    const identity = identityOf(this.instance);
    this.process.start([]);
    this.process.give((nowMs) => ({ kind: 'register', identity, offer, nowMs }));
  }

  get host(): string {
    return this.spec.host;
  }

  /** Whether it runs and holds what it has registered. */
  get isOffered(): boolean {
    return this.endedMs === Infinity && this.process.state === 'running';
  }

  /** Changes a tag of its registration; `bytes` more are only for their weight. */
  update(bytes = 0): void {
    if (!this.isOffered) return;
    const { instance } = this;
    this.revision += 1;
    const tags = [{ key: 'revision' as Name, value: String(this.revision) }];
    for (let left = bytes; left > 0; left -= TAG_BYTES) {
      tags.push({ key: `ballast${String(left)}` as Name, value: '.'.repeat(TAG_BYTES) });
    }
    this.process.give((nowMs) => ({ kind: 'update', instance, change: { tags }, nowMs }));
  }

  /** Offers something else from now on, under the same instance. */
  rename(service: string): void {
    if (!this.isOffered) return;
    const { instance } = this;
    this.service = service;
    this.wasRenamed = true;
    this.revision += 1;
    const change = { service: service as Name };
    this.process.give((nowMs) => ({ kind: 'update', instance, change, nowMs }));
  }

  /** Gives its registration up, and runs on. */
  deregister(): void {
    const { instance } = this;
    if (this.endedMs === Infinity) this.gaveUp = 'unhealthy';
    this.#ended();
    this.process.give((nowMs) => ({ kind: 'deregister', instance, cause: 'unhealthy', nowMs }));
  }

  /** Gives its registration up, then ends. */
  stop(): void {
    if (this.endedMs === Infinity) this.gaveUp = 'deregistered';
    this.#ended();
    this.process.give((nowMs) => ({ kind: 'stop', nowMs }));
  }

  /** SIGKILL. */
  kill(): void {
    this.#ended();
    this.process.kill();
  }

  /** Its host has lost its power. */
  vanish(): void {
    this.#ended();
    this.process.vanish();
  }

  /** As the library does: the offer goes on under another id. */
  #renew(instance: InstanceId): void {
    if (!this.isOffered || instance !== this.instance) return;
    this.instance = randomBytesOf(this.#random) as InstanceId;
    this.revision = 1;
    const identity = identityOf(this.instance);
    this.process.give((nowMs) => ({ kind: 'renew', instance, identity, nowMs }));
  }

  #ended(): void {
    this.endedMs = Math.min(this.endedMs, this.#clock.nowMs);
  }
}

function identityOf(instance: InstanceId): Identity {
  return { instance, key: keyOf(instance) };
}

/** Where the servers of a host are, as seen from there. */
export function addressesOf(door: Door, host: string, environment: string): string[] {
  if (door === 'socket') return ['a', 'b'].map((side) => `/run/${environment}-${side}.sock`);
  const port = WELL_KNOWN_PORTS.get(environment) ?? 0;
  const address = door === 'own' ? host : '127.0.0.1';
  return [port, port + 1].map((number) => `${address}:${String(number)}`);
}

/** No tag may be longer. */
const TAG_BYTES = 1_000;
