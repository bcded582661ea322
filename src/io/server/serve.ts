// A server of this host, for programs that embed one: a place, a core, and the driver between them.
// The invariant: it is ready when its sockets listen, whether or not other servers are there; and
// when it has stopped nothing of it is left: no connection, no timer, no file.

import { randomBytes } from 'node:crypto';

import type { Tell } from '../../core/effect.ts';
import type { Input } from '../../core/input.ts';
import { LIMITS } from '../../core/server/limits.ts';
import type { Notice } from '../../core/notices.ts';
import { Server } from '../../core/server/server.ts';
import { fullestSessions } from '../../core/server/sessions/throttle.ts';
import type { Name, OriginId } from '../../protocol/ids.ts';
import { parseName } from '../../protocol/ids.ts';
import {
  isLoopback,
  isWildcard,
  LOOPBACK_HOSTS,
  parseHostPort,
  wellKnownPorts,
} from '../machine/addresses.ts';
import { Doors } from '../doors/doors.ts';
import { instanceOf } from '../machine/instance-key.ts';
import { Driver } from '../machine/driver.ts';
import { backgroundRuntime, createRuntime, nodeRuntime } from '../machine/node-runtime.ts';
import { AddressKeeper } from './address-keeper.ts';
import type { Arrival } from './arrival.ts';
import { arrive, patiently } from './arrival.ts';
import { HeldPlaces } from './held-places.ts';
import { tellSystemd } from './notify.ts';
import { limitsWithin, openFilesMax } from './open-files.ts';
import { vacate } from './place.ts';
import { SocketKeeper } from './socket-keeper.ts';
import { RarangiError } from '../rarangi-error.ts';
import { RationedNotices } from './rationed-notices.ts';
import type { Accept, Cancel, Runtime } from '../machine/runtime.ts';
import type { ServeOptions, ServeSettings } from './serve-options.ts';
import { serveSettingsOf } from './serve-options.ts';
import { ServerLock } from '../tls/server-lock.ts';

/** A server that runs. It keeps the process alive until it has stopped. */
export interface ServerHandle extends AsyncDisposable {
  readonly name: string;
  readonly side: 'a' | 'b';
  /** The id of this life of the server. */
  readonly origin: string;
  /** Where others reach it, `host:port`. */
  readonly address: string;
  /** What is bound, `host:port`. */
  readonly bound: string;
  /** The path of its UNIX socket, if it has one. */
  readonly socket: string | null;
  /** Its doors, each as `DNS at 127.0.0.1:17314, 127.0.0.1:17319`. */
  readonly doors: readonly string[];
  /** What locks its TCP. */
  readonly lock: 'none' | 'secret' | 'certificate';
  /** Says goodbye, hands its clients to its sibling, and resolves when all is closed. */
  stop(): Promise<void>;
  /**
   * Reads secret and certificates anew, forgets which addresses refused it, and closes the
   * connections that were opened with a secret or an issuer that is gone. Side B closes them two
   * seconds later than side A: so both may be told at once, and a client that has lost its session
   * with one has one with the other.
   */
  reload(): void;
  /** Gives the notice `summary`, in numbers; once a second at most. */
  summarise(): void;
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>;
  /** Whether it has stopped by itself, because of a bug of ours: start it anew. */
  readonly hasFailed: boolean;
}

/**
 * Starts a server. Resolves when its sockets listen; rejects with RARANGI_USAGE, and with
 * RARANGI_ABORTED when it is given up before.
 */
export async function serve(options: ServeOptions = {}): Promise<ServerHandle> {
  const given = serveSettingsOf(options);
  const notices = new RationedNotices({ onNotice: given.onNotice, runtime: backgroundRuntime });
  const asked = {
    ...given,
    onNotice: (notice: Notice) => {
      notices.tell(notice);
    },
  };
  const filesMax = openFilesMax();
  const limits = limitsWithin(filesMax, asked.limits);
  const lock = await patiently(asked, options.signal, () =>
    Promise.resolve().then(() => lockOf(asked, limits)),
  );
  const runtime = createRuntime({ dial: lock, accept: lock });
  const arrival = await arrive(asked, { runtime, signal: options.signal });
  const { settings, place } = arrival;
  let name: Name;
  try {
    name = settings.name ?? parseName(`${settings.host}-${place.side}`, 'name');
  } catch (error) {
    vacate(place);
    throw RarangiError.from(error, 'RARANGI_USAGE');
  }
  return new RunningServer(settings, {
    ...arrival,
    name,
    lock,
    limits,
    filesMax,
    runtime,
    notices,
  });
}

function lockOf(settings: ServeSettings, limits: Limits): ServerLock | null {
  const { environment, credentials: read, onNotice } = settings;
  if (read === null) return null;
  return new ServerLock({ environment, read, onNotice, limits });
}

type Limits = ReturnType<typeof limitsWithin>;

interface Parts extends Pick<Arrival, 'place' | 'addresses' | 'followed'> {
  readonly name: Name;
  readonly lock: ServerLock | null;
  /** Those that hold, and how many files may be open. */
  readonly limits: Limits;
  readonly filesMax: number;
  readonly runtime: Runtime;
  readonly notices: RationedNotices;
}

class RunningServer implements ServerHandle {
  readonly name: Name;
  readonly side: 'a' | 'b';
  readonly origin: OriginId;
  address: string;
  bound: string;
  readonly doors: readonly string[];
  readonly lock: 'none' | 'secret' | 'certificate';
  readonly stopped: Promise<void>;
  readonly #core: Server;
  readonly #driver: Driver<Input, Tell>;
  readonly #doors: Doors;
  readonly #addressKeeper: AddressKeeper;
  readonly #socketKeeper: SocketKeeper;
  readonly #lock: ServerLock | null;
  readonly #onNotice: (notice: Notice) => void;
  #summarisedMs = -Infinity;
  #cancelWithdrawal: Cancel = () => undefined;

  constructor(settings: ServeSettings, parts: Parts) {
    const { place, name, lock, limits, runtime, notices } = parts;
    this.name = name;
    this.lock = lock?.kind ?? 'none';
    this.#lock = lock;
    this.side = place.side;
    this.origin = randomBytes(16).toString('hex') as OriginId;
    this.address = place.address;
    this.bound = place.listener.address;
    this.#onNotice = settings.onNotice;
    this.#core = this.#createCore(settings, { place, limits });
    lock?.guard({
      hosts: () => this.#core.serverHosts(),
      refused: () => {
        this.#core.state.tally.add('refused', ['not-trusted']);
      },
    });
    this.#driver = new Driver<Input, Tell>({
      core: this.#core,
      runtime,
      perform: ({ notice, cause }) => {
        notices.tell(notice, cause);
        this.#heed(notice, settings);
      },
      onStop: () => void this.#doors.close(),
      inputOf: (fault) => ({ kind: 'faulted', nowMs: nodeRuntime.nowMs(), ...fault }),
      relief: (unread) => fullestSessions(this.#core.state, unread),
    });
    this.#doors = this.#createDoors(settings, parts);
    this.doors = this.#doors.words;
    this.stopped = this.#driver.stopped
      .then(() => this.#doors.close())
      .then(() => {
        notices.end();
      });
    this.#tellStart(settings, parts);
    this.#driver.start();
    const accept: Accept = (connection) => this.#driver.accept(connection);
    place.listener.accept(accept);
    this.#addressKeeper = this.#keepAddress(parts, accept);
    const { findSocketPath: findPath, socket, socketless } = place;
    const { socketRights: rights, onNotice } = settings;
    this.#socketKeeper = new SocketKeeper({
      ...{ findPath, rights, socket, socketless, accept, onNotice },
      onBound: (path) => {
        this.#doors.listenBeside(path);
      },
      onSocketless: (reason) => {
        this.#tellSocketless(settings, reason);
      },
    });
    tellSystemd('READY', onNotice);
    this.#doors.open();
  }

  async stop(): Promise<void> {
    tellSystemd('STOPPING', this.#onNotice);
    // Clients that come from now on find the sibling.
    this.#addressKeeper.close();
    this.#socketKeeper.close();
    this.#lock?.close();
    this.#cancelWithdrawal();
    this.#driver.submit({ kind: 'stop', nowMs: nodeRuntime.nowMs() });
    await this.stopped;
  }

  get socket(): string | null {
    return this.#socketKeeper.path;
  }

  get hasFailed(): boolean {
    return this.#driver.hasFailed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  reload(): void {
    this.#onNotice({ name: 'reloaded', fields: {} });
    this.#lock?.reload();
    this.#cancelWithdrawal();
    if (this.#lock !== null) {
      const atMs = nodeRuntime.nowMs() + WITHDRAWAL_MS[this.side];
      this.#cancelWithdrawal = nodeRuntime.setAlarm(atMs, () => this.#lock?.withdraw());
    }
    this.#doors.reload();
    this.#driver.submit({ kind: 'reload', nowMs: nodeRuntime.nowMs() });
  }

  summarise(): void {
    const nowMs = nodeRuntime.nowMs();
    if (nowMs < this.#summarisedMs + SUMMARY_EVERY_MS) return;
    this.#summarisedMs = nowMs;
    const { rss: bytes } = process.memoryUsage();
    this.#onNotice({ name: 'summary', fields: { ...this.#core.counts(), bytes } });
  }

  #createDoors(settings: ServeSettings, { place, addresses }: Parts): Doors {
    const { environment, doors, lock } = settings;
    const held = new HeldPlaces((places) => {
      this.#driver.submit({ kind: 'held', nowMs: nodeRuntime.nowMs(), places });
    });
    return new Doors(
      settings,
      { side: place.side, socket: place.socket?.path ?? null, addresses },
      {
        environment,
        facts: this.#core.state.options.facts,
        settings: doors,
        lock,
        runtime: backgroundRuntime,
        connect: (end) => this.#driver.acceptInner(end),
        state: () => this.#core.state,
        tell: (notice) => {
          this.#onNotice(notice);
        },
        setHeld: (place, isHeld) => {
          held.set(place, isHeld);
        },
        count: (counted, labels) => {
          this.#core.state.tally.addOfDoor(counted, labels);
        },
        unwrittenBytesOf: (connection) => this.#driver.unwrittenBytesOf(connection),
      },
    );
  }

  #keepAddress({ place, followed, runtime }: Parts, accept: Accept): AddressKeeper {
    const { listener, address, siblings } = place;
    return new AddressKeeper({
      ...{ followed, listener, address, siblings, accept, runtime },
      onListener: (bound) => {
        this.bound = bound.address;
      },
      onChange: (standing) => {
        this.address = standing.address;
        this.#driver.submit({ kind: 'addressed', nowMs: nodeRuntime.nowMs(), ...standing });
      },
      onNotice: (notice) => {
        this.#onNotice(notice);
      },
    });
  }

  /** What a notice means to the doors. */
  #heed({ name, fields }: Notice, { host }: ServeSettings): void {
    if (name === 'view-complete') this.#doors.becomeReady();
    // After a goodbye nothing is said of the link: it is lost with the sibling.
    if (name === 'origin-left' && fields.host === host) this.#doors.hasten();
    if (name !== 'link-down' && name !== 'link-released') return;
    for (const { log } of this.#core.state.reach.directory.ofHost(host)) {
      if (log.facts.name === fields.peer) this.#doors.hasten();
    }
  }

  #createCore(settings: ServeSettings, { place, limits }: Pick<Parts, 'place' | 'limits'>): Server {
    const { side, address, siblings, siblingsAt } = place;
    const { environment, host, cluster, role, peers } = settings;
    const { heartbeatMs, silenceMs, graceMs, splitHoldMs } = settings;
    return new Server({
      environment,
      origin: this.origin,
      facts: { name: this.name, host, cluster, side, role, addresses: [address] },
      peers,
      siblings,
      siblingsAt,
      heartbeatMs,
      silenceMs,
      graceMs,
      splitHoldMs,
      instanceOf,
      lock: this.lock,
      limits,
      historyRows: settings.historyRows,
      areFilesFew: areFilesFew(settings, limits),
      random: () => nodeRuntime.random(),
    });
  }

  #tellSocketless(settings: ServeSettings, reason: string): void {
    const instead = wayWithoutSocket(settings, this);
    this.#onNotice({ name: 'no-socket', fields: { reason, instead } });
  }

  #tellStart(settings: ServeSettings, { place, limits, filesMax }: Parts): void {
    const { environment, host } = settings;
    const { socketless } = place;
    const fields = { name: this.name, host, environment, side: this.side, address: this.address };
    this.#onNotice({ name: 'server-started', fields });
    if (isLoopbackAdvertised(settings, this.bound)) {
      this.#onNotice({ name: 'loopback-advertised', fields: { address: this.address } });
    }
    if (socketless !== null) this.#tellSocketless(settings, socketless);
    if (areFilesFew(settings, limits)) {
      const { connections } = limits;
      this.#onNotice({ name: 'few-open-files', fields: { files: filesMax, connections } });
    }
  }
}

/** How clients of this host come to a server without a socket: they look at 127.0.0.1 and ::1 themselves. */
function wayWithoutSocket({ environment }: ServeSettings, at: Addresses): string {
  const { host, port } = parseHostPort(at.bound, 'bound address');
  const { a, b } = wellKnownPorts(environment) ?? { a: null, b: null };
  const isLookedFor =
    (LOOPBACK_HOSTS.includes(host) || isWildcard(host)) && (port === a || port === b);
  return isLookedFor ? 'find the server by its port' : `need --server ${at.address}`;
}

interface Addresses {
  readonly bound: string;
  readonly address: string;
}

/** Whether a server that others can reach advertises a loopback address. */
function isLoopbackAdvertised({ advertise }: ServeSettings, bound: string): boolean {
  if (advertise === null || isLoopback(parseHostPort(bound, 'bound address').host)) return false;
  return advertise.host === 'localhost' || isLoopback(advertise.host);
}

function areFilesFew(settings: ServeSettings, { connections }: Limits): boolean {
  return connections < (settings.limits.connections ?? LIMITS.connections.max);
}

/** A user who may send signals must not fill the log. */
const SUMMARY_EVERY_MS = 1_000;

/** How long after a reload a side closes connections that are not trusted any more. */
const WITHDRAWAL_MS = { a: 0, b: 2_000 } as const;
