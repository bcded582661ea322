// The faults of a run: servers killed, stopped and paused, hosts without power, cuts of every kind;
// and ordinary life meanwhile: services that come, change, hang and go. The seed chooses which
// kinds a run has, and how often. Every fault is mended again, sooner or later, and at the end all
// at once.

import type { Cluster, ServerSpec } from './cluster.ts';
import { addressOf, nameOf } from './cluster.ts';
import type { Cut } from './network.ts';
import { restartPair } from './pair.ts';
import { replaceMasters, withoutWay } from './replacing.ts';
import type { Prng } from './prng.ts';
import type { Door } from './service.ts';

const SERVICES = ['web', 'db', 'cache'] as const;
const WATCHERS_MAX = 12;
const STARVED_ROUNDS = 4;
const FORGET_MS = 60_000;
const PAIR_PAUSE_MS_MAX = 2_000;
const STAY_MS_MAX = 30_000;

/** The kinds that only wide runs have: see run.ts. */
export const LATER = {
  forget: 1,
  starve: 2,
  sleepHost: 2,
  deafen: 2,
  watchAfar: 1,
} as const;

/** The kinds that only runs of fleets have: real fleets have shown them. */
export const FLEET = {
  restartPair: 3,
  serveOwn: 1,
  flicker: 3,
} as const;

/** The kinds that only runs of fleets that differ have. */
export const MIXED = {
  replaceMasters: 1,
} as const;

/** The kinds that only runs with hostile neighbours have. */
export const HOSTILE = {
  intrude: 6,
} as const;

/** The kinds of events, with how often each is chosen. */
export const FAULTS = {
  kill: 3,
  stop: 3,
  pause: 2,
  darken: 2,
  cutHost: 2,
  cutOneWay: 2,
  cutPair: 2,
  split: 3,
  serve: 4,
  killService: 4,
  stopService: 2,
  updateService: 3,
  hangService: 1,
  deregisterService: 2,
  renameService: 1,
  watch: 1,
  ...LATER,
  ...FLEET,
  ...MIXED,
  ...HOSTILE,
} as const;

/** A kind of fault, or of ordinary life. */
export type FaultKind = keyof typeof FAULTS;

/** The settings of the faults. */
export interface MischiefOptions {
  readonly world: Cluster;
  readonly specs: readonly ServerSpec[];
  readonly kinds: readonly FaultKind[];
  readonly random: Prng;
  /** Chooses what hostile neighbours do: worlds without any are the same as ever. */
  readonly hostileRandom: Prng;
  /** Called with every event. */
  readonly log: (what: string) => void;
}

/** Does one thing after another to a world. */
export class Mischief {
  readonly #options: MischiefOptions;
  readonly #hosts: readonly string[];
  /** The present faults, and how to mend each. */
  readonly #broken = new Set<() => void>();
  /** Hosts of masters that others have replaced for good. */
  readonly #replaced = new Set<string>();
  /** Hosts that were told of the new masters: for those that know no other way, the only one. */
  readonly #told = new Set<string>();
  readonly #actions: Readonly<Record<FaultKind, () => void>>;

  constructor(options: MischiefOptions) {
    this.#options = options;
    this.#hosts = [...new Set(options.specs.map(({ host }) => host))];
    this.#actions = {
      kill: () => {
        this.#takeDown('kill');
      },
      stop: () => {
        this.#takeDown('stop');
      },
      pause: () => {
        this.#pause();
      },
      darken: () => {
        this.#darken();
      },
      cutHost: () => {
        const host = this.#pick(this.#hosts);
        this.#cut(`cut ${host} off`, (from, to) => from === host || to === host);
      },
      cutOneWay: () => {
        const [one, other] = [this.#pick(this.#hosts), this.#pick(this.#hosts)];
        this.#cut(`cut ${one} to ${other}`, (from, to) => from === one && to === other);
      },
      cutPair: () => {
        const pair = [this.#pick(this.#hosts), this.#pick(this.#hosts)];
        this.#cut(`cut ${pair.join(' and ')}`, (from, to) => {
          return from !== to && pair.includes(from) && pair.includes(to);
        });
      },
      split: () => {
        this.#split();
      },
      serve: () => {
        this.serve();
      },
      killService: () => {
        this.#service()?.kill();
      },
      stopService: () => {
        this.#service()?.stop();
      },
      updateService: () => {
        this.#service()?.update();
      },
      hangService: () => {
        this.#hangService();
      },
      deregisterService: () => {
        this.#service()?.deregister();
      },
      renameService: () => {
        this.#service()?.rename(this.#pick(SERVICES));
      },
      watch: () => {
        this.watch();
      },
      forget: () => {
        const [from, host] = [this.#pick(this.#hosts), this.#pick(this.#hosts)];
        if (this.#told.has(host)) return;
        this.#log(`an operator on ${from} forgets ${host}`);
        this.#options.world.forget(from, host);
      },
      starve: () => {
        this.#starve();
      },
      sleepHost: () => {
        this.#sleepHost();
      },
      deafen: () => {
        const host = this.#pick(this.#hosts);
        const isDeaf = this.#options.random() < 0.5;
        this.#cut(`${host} is ${isDeaf ? 'deaf' : 'mute'}`, (from, to) => {
          return from !== to && (isDeaf ? to : from) === host;
        });
      },
      watchAfar: () => {
        this.#watchAfar();
      },
      restartPair: () => {
        this.#restartPair();
      },
      serveOwn: () => {
        this.serve('own');
      },
      flicker: () => {
        this.#flicker();
      },
      replaceMasters: () => {
        this.#replaceMasters();
      },
      intrude: () => {
        this.intrude();
      },
    };
  }

  /** Does one thing. */
  act(): void {
    const { kinds, random } = this.#options;
    const total = kinds.reduce((sum, kind) => sum + FAULTS[kind], 0);
    let left = random() * total;
    for (const kind of kinds) {
      left -= FAULTS[kind];
      if (left >= 0) continue;
      this.#actions[kind]();
      return;
    }
  }

  /** Mends all that is broken. */
  mendAll(): void {
    for (const mend of [...this.#broken]) mend();
    // A server that was cut off when a host went for good has frozen it, and one that started since
    // then cannot know that the host is gone: both wait for an operator's word.
    const { world, specs } = this.#options;
    const told = new Map<string, string>();
    for (const { host, side, environment = 'testing' } of specs) {
      if (side === 'a' && !this.#isDark(host)) told.set(environment, host);
    }
    world.clock.after(FORGET_MS, () => {
      for (const [environment, from] of told) {
        for (const host of this.#replaced) world.forget(from, host, environment);
      }
    });
  }

  /** Starts a service somewhere. */
  serve(by?: Door): void {
    const { world, specs, random } = this.#options;
    const { host, environment = 'testing' } = this.#pick(specs);
    if (this.#isDark(host)) return;
    const service = this.#pick(SERVICES);
    const door = by ?? (random() < 0.5 ? 'socket' : 'tcp');
    const { instance } = world.serve({ host, service, environment, door });
    this.#log(`service ${instance.slice(0, 8)} (${service}) begins on ${host}`);
  }

  /** Starts a watcher somewhere, up to a number: watchers never end. */
  watch(): void {
    const { world, specs, log } = this.#options;
    const { host, environment = 'testing' } = this.#pick(specs);
    if (this.#isDark(host) || world.watchers.length >= WATCHERS_MAX) return;
    const service = this.#pick(SERVICES);
    world.watch({ host, environment, service, log });
    this.#log(`a watcher of ${service} begins on ${host}`);
  }

  /** Starts a watcher that knows nothing but the servers of another host. */
  #watchAfar(): void {
    const { world, specs, random, log } = this.#options;
    const { host: at, environment = 'testing' } = this.#pick(specs);
    if (this.#replaced.has(at)) return;
    const others = this.#hosts.filter((other) => other !== at);
    const host = others[Math.floor(random() * others.length)];
    if (host === undefined || this.#isDark(host) || world.watchers.length >= WATCHERS_MAX) return;
    const service = this.#pick(SERVICES);
    const addresses = (['a', 'b'] as const).map((side) => addressOf(at, side, environment));
    world.watch({ host, environment, service, at, addresses, log });
    this.#log(`a watcher of ${service} begins on ${host}, with the servers of ${at}`);
  }

  /** An event loop that gets too little time, again and again. */
  #starve(): void {
    const { world, random } = this.#options;
    const server = this.#pick(world.running().filter(({ process }) => process.state === 'running'));
    if (server === undefined) return;
    this.#log(`${server.name} is starved`);
    const { process } = server;
    const wake = (): void => {
      if (process.state !== 'paused') return;
      world.mend();
      process.resume();
    };
    for (let atMs = 0, round = 0; round < STARVED_ROUNDS; round += 1) {
      world.clock.after(atMs, () => {
        world.silence();
        process.pause();
        this.#break(wake, 50 + 950 * random());
      });
      atMs += 1_000 + 500 * random();
    }
  }

  /** All that runs on a host stands still, and goes on. */
  #sleepHost(): void {
    const { world } = this.#options;
    const host = this.#pick(this.#hosts);
    this.#log(`${host} sleeps`);
    world.silence();
    const asleep = [...world.running(), ...world.services, ...world.watchers]
      .map(({ process }) => process)
      .filter((process) => process.host === host && process.state === 'running');
    for (const process of asleep) process.pause();
    this.#break(() => {
      this.#log(`${host} wakes`);
      world.mend();
      for (const process of asleep) process.resume();
    }, this.#duration(20_000));
  }

  #takeDown(how: 'kill' | 'stop'): void {
    const { world } = this.#options;
    const running = world.running().filter(({ process }) => process.state === 'running');
    const server = this.#pick(running);
    if (server === undefined) return;
    this.#log(`${how} ${server.name}`);
    world[how](server.name);
    const start = (): void => {
      if (server.process.state !== 'ended') world.kill(server.name);
      this.#start(server.spec);
    };
    this.#break(start, this.#duration(10_000));
  }

  /** An upgrade: one server of a host, then the other; one of them may be killed instead. */
  #restartPair(): void {
    const { world, random } = this.#options;
    const host = this.#pick(this.#hosts);
    const pair = world.running().filter(({ spec, environment, process }) => {
      return spec.host === host && environment === 'testing' && process.state === 'running';
    });
    const [first, second] = random() < 0.5 ? pair : pair.reverse();
    if (first === undefined || second === undefined) return;
    const kill = [first, second, null][Math.floor(3 * random())] ?? null;
    const pauseMs = PAIR_PAUSE_MS_MAX * random() ** 3;
    const bootMs = 50 + 300 * random();
    this.#log(`restart ${first.name}, ${pauseMs.toFixed(0)} ms later ${second.name}`);
    if (kill !== null) this.#log(`SIGKILL for ${kill.name}`);
    const start = (spec: ServerSpec): void => {
      this.#start(spec);
    };
    restartPair(world, { first, second, kill, pauseMs, bootMs, start });
  }

  /** A service lives for a moment, and its host is cut off for about as long: its news comes late. */
  #flicker(): void {
    const { world, specs, random } = this.#options;
    const { host, environment = 'testing' } = this.#pick(specs);
    if (this.#isDark(host)) return;
    this.#cut(`${host} flickers`, (from, to) => from === host || to === host, 20 + 480 * random());
    const service = world.serve({ host, environment, service: this.#pick(SERVICES) });
    this.#log(`service ${service.instance.slice(0, 8)} lives for a moment on ${host}`);
    const livesMs = 5 + 300 * random() ** 2;
    world.clock.after(livesMs * random(), () => {
      service.update();
    });
    world.clock.after(livesMs, () => {
      if (service.isOffered) service.kill();
    });
  }

  /** All masters go for good; others come at other addresses, which one leaf is told of. */
  #replaceMasters(): void {
    const { world, specs } = this.#options;
    const isReal = ({ environment }: ServerSpec): boolean => environment === undefined;
    const masters = specs.filter((spec) => isReal(spec) && spec.isMaster === true);
    const old = [...new Set(masters.map(({ host }) => host))];
    const leaves = this.#hosts.filter((host) => !old.includes(host) && !this.#isDark(host));
    const leaf = leaves[Math.floor(this.#options.random() * leaves.length)];
    if (this.#replaced.size > 0 || leaf === undefined) return;
    const hosts = [leaf, ...withoutWay(world, leaf, leaves)];
    this.#log(`the masters ${old.join('+')} are replaced, and told so are ${hosts.join('+')}`);
    for (const host of old) this.#replaced.add(host);
    for (const host of hosts) this.#told.add(host);
    const told = specs.filter((spec) => isReal(spec) && hosts.includes(spec.host));
    replaceMasters(world, { old, told });
  }

  /** Somebody comes who was let in and says what it likes; later it leaves, or its power fails. */
  intrude(): void {
    const { world, hostileRandom: random } = this.#options;
    const hosts = this.#hosts.filter((host) => !this.#isDark(host));
    const count = random() < 0.5 ? 1 : 2 + Math.floor(2 * random());
    const first = Math.floor(random() * hosts.length);
    const at = [...hosts.slice(first), ...hosts.slice(0, first)].slice(0, count);
    const [role, seed] = [
      random() < 0.75 ? 'peer' : 'client',
      Math.floor(random() * 2 ** 32),
    ] as const;
    const [how, stayMs] = [random() < 0.5 ? 'kill' : 'vanish', STAY_MS_MAX * random()] as const;
    const gapMs = 20 * 100 ** random();
    if (at.length === 0 || world.hostiles.some(({ leftMs }) => leftMs === Infinity)) return;
    const hostile = world.intrude(at, { role, seed, gapMs });
    const { host } = hostile.spec;
    this.#log(`a hostile ${role} ${host} comes to ${at.join('+')}, every ${gapMs.toFixed(0)} ms`);
    this.#break(() => {
      this.#log(`${how}: the hostile ${host} leaves`);
      world.silence();
      hostile.leave(how);
    }, stayMs);
  }

  #pause(): void {
    const { world } = this.#options;
    const running = world.running().filter(({ process }) => process.state === 'running');
    const server = this.#pick(running);
    if (server === undefined) return;
    this.#log(`pause ${server.name}`);
    world.pause(server.name);
    this.#break(() => {
      if (server.process.state !== 'paused') return;
      this.#log(`resume ${server.name}`);
      world.mend();
      server.process.resume();
    }, this.#duration(15_000));
  }

  #darken(): void {
    const { world, specs } = this.#options;
    const host = this.#pick(this.#hosts);
    if (this.#isDark(host)) return;
    this.#log(`${host} loses its power`);
    world.darken(host);
    this.#break(() => {
      if (this.#replaced.has(host)) return;
      this.#log(`${host} has power again`);
      world.light(host);
      for (const spec of specs) if (spec.host === host) this.#start(spec);
    }, this.#duration(20_000));
  }

  #split(): void {
    const { world, random } = this.#options;
    const groups: [string[], string[]] = [[], []];
    for (const host of this.#hosts) groups[random() < 0.5 ? 0 : 1].push(host);
    if (groups.some((group) => group.length === 0) || world.groups !== null) return;
    this.#log(`split ${groups.map((group) => group.join('+')).join(' | ')}`);
    const heal = world.split(...groups);
    this.#break(() => {
      this.#log('heal the split');
      heal();
    }, this.#duration(30_000));
  }

  #cut(what: string, cut: Cut, forMs = this.#duration(20_000)): void {
    this.#log(what);
    const heal = this.#options.world.cut(cut);
    this.#break(() => {
      this.#log(`mend: ${what}`);
      heal();
    }, forMs);
  }

  #hangService(): void {
    const service = this.#service();
    if (service === undefined) return;
    this.#log(`service ${service.instance.slice(0, 8)} hangs`);
    service.process.pause();
    this.#break(() => {
      service.process.resume();
    }, this.#duration(10_000));
  }

  #start(spec: ServerSpec): void {
    const { world } = this.#options;
    const isRunning = world.running().some(({ name }) => name === nameOf(spec));
    if (isRunning || this.#isDark(spec.host)) return;
    this.#log(`start ${nameOf(spec)}`);
    world.disturb();
    world.start({ ...spec, peers: this.#peersNow(spec) });
  }

  /** A server that starts reads its configuration, which no longer has replaced masters. */
  #peersNow({ peers = [], environment }: ServerSpec): readonly string[] {
    if (environment !== undefined) return peers;
    return peers.map((peer) => (this.#replaced.has(peer) ? `n${peer}` : peer));
  }

  /** Mends something after a while, or at the end. */
  #break(mend: () => void, afterMs: number): void {
    const once = (): void => {
      if (this.#broken.delete(once)) mend();
    };
    this.#broken.add(once);
    this.#options.world.clock.after(afterMs, once);
  }

  #service() {
    const service = this.#pick(this.#options.world.services.filter(({ isOffered }) => isOffered));
    if (service !== undefined) this.#log(`to service ${service.instance.slice(0, 8)}`);
    return service;
  }

  #isDark(host: string): boolean {
    return this.#replaced.has(host) || this.#options.world.network.isCut(host, host);
  }

  #duration(mostMs: number): number {
    return 50 + mostMs * this.#options.random() ** 2;
  }

  #pick<T>(items: readonly [T, ...T[]] | readonly string[] | readonly ServerSpec[]): T;
  #pick<T>(items: readonly T[]): T | undefined;
  #pick(items: readonly unknown[]): unknown {
    return items[Math.floor(this.#options.random() * items.length)];
  }

  #log(what: string): void {
    this.#options.log(what);
  }
}
