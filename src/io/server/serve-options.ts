// The options of a server, checked before anything is bound. The invariant: after this file every
// name is a name, every address can be dialled, and every failure is a RARANGI_USAGE that names the
// option that is wrong.

import { hostname } from 'node:os';

import { HISTORY_ROWS } from '../../core/server/history.ts';
import { LIMITS } from '../../core/server/limits.ts';
import type { Notice } from '../../core/notices.ts';
import type { ServerOptions, SetLimit } from '../../core/server/options.ts';
import { isAddress } from '../../protocol/address.ts';
import {
  DEFAULT_ENVIRONMENT,
  GRACE_MS,
  HEARTBEAT_MS_MAX,
  HEARTBEAT_MS_MIN,
  LINK_HEARTBEAT_MS,
  LINK_SILENCE_MS,
  SILENCE_MS_MAX,
  SPLIT_HOLD_MS,
} from '../../protocol/constants.ts';
import type { Name } from '../../protocol/ids.ts';
import { parseName } from '../../protocol/ids.ts';
import type { HostPort } from '../machine/addresses.ts';
import { expandAddress, isWildcard, parseHostPort, wellKnownPorts } from '../machine/addresses.ts';
import type { LockOptions, ReadCredentials } from '../tls/credentials.ts';
import { credentialsOf } from '../tls/credentials.ts';
import { isAwaited } from './notify.ts';
import { callApart } from '../emitter.ts';
import type { DoorOptions, DoorSettings } from '../doors/door-options.ts';
import { doorSettingsOf } from '../doors/door-options.ts';
import { RarangiError } from '../rarangi-error.ts';
import type { SocketRights } from '../machine/socket-rights.ts';
import { socketRightsOf } from '../machine/socket-rights.ts';

/** The options of a server. Durations in milliseconds. */
export interface ServeOptions extends LockOptions, DoorOptions {
  /** `development` if absent. */
  readonly environment?: string;
  /** The group of nearby hosts that this host belongs to; `default` if absent. */
  readonly cluster?: string;
  /** `ADDR[:PORT]` or `INTERFACE[:PORT]`; `127.0.0.1` if absent. Without a port: a well-known one, side A's or B's. */
  readonly bind?: string;
  /** `ADDR[:PORT]` or `INTERFACE[:PORT]` at which others reach it; the bound address if absent. */
  readonly advertise?: string;
  /** `HOST[:PORT]` of the first servers to ask. */
  readonly peers?: readonly string[];
  /** Whether other servers link to it. */
  readonly master?: boolean;
  /** `HOST-a` or `HOST-b` if absent. */
  readonly name?: string;
  /** The name of this host; what the system says if absent. */
  readonly host?: string;
  /** The path of its UNIX socket, or `none`. */
  readonly socket?: string;
  /** Who may connect to the socket; 0o666 if absent: all users of this host. */
  readonly socketMode?: number;
  /** The group of the socket, by name or number; that of this process if absent. */
  readonly socketGroup?: string;
  /** Allows to listen on more than loopback without a secret. */
  readonly insecure?: boolean;
  readonly heartbeatMs?: number;
  readonly silenceMs?: number;
  readonly graceMs?: number;
  readonly splitHoldMs?: number;
  /** The most connections of clients; see rarangi-serve(1) for this and the next ones. */
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  readonly maxRegistrations?: number;
  readonly maxBytes?: number;
  /** How many events it remembers; 10,000 if absent, a million at most. */
  readonly historyRows?: number;
  /**
   * Called with every fact for operators. An error in it is uncaught, and does not harm the server.
   */
  readonly onNotice?: (notice: Notice) => void;
  /** Gives up the start while the server waits for its address; a running server ignores it. */
  readonly signal?: AbortSignal;
}

/** The options with nothing left to ask. */
export interface ServeSettings {
  readonly environment: Name;
  readonly cluster: Name;
  readonly host: Name;
  /** Null: made of the host and the side. */
  readonly name: Name | null;
  readonly role: 'master' | 'leaf';
  readonly bind: HostPort;
  readonly advertise: HostPort | null;
  readonly peers: readonly string[];
  /** Null: the place where sockets are by default. */
  readonly socket: string | null;
  readonly socketRights: SocketRights;
  /** Null: TCP is not locked. */
  readonly credentials: ReadCredentials | null;
  readonly isInsecure: boolean;
  /** Whether an address that is not there yet is waited for: systemd waits too. */
  readonly isPatient: boolean;
  /** What locks it, by the paths of its files. */
  readonly lock: LockOptions;
  readonly doors: DoorSettings;
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  readonly graceMs: number;
  readonly splitHoldMs: number;
  readonly limits: NonNullable<ServerOptions['limits']>;
  readonly historyRows: number;
  readonly onNotice: (notice: Notice) => void;
}

/** Checks the options of a server. Throws RARANGI_USAGE. */
export function serveSettingsOf(options: ServeOptions): ServeSettings {
  try {
    return checked(options);
  } catch (error) {
    throw RarangiError.from(error, 'RARANGI_USAGE');
  }
}

function checked(options: ServeOptions): ServeSettings {
  const environment = parseName(options.environment ?? DEFAULT_ENVIRONMENT, 'environment');
  const bind = bindOf(options.bind ?? '127.0.0.1', environment);
  const { onNotice = ignore } = options;
  return {
    environment,
    cluster: parseName(options.cluster ?? 'default', 'cluster'),
    host: hostOf(options.host),
    name: options.name === undefined ? null : parseName(options.name, 'name'),
    role: options.master === true ? 'master' : 'leaf',
    bind,
    advertise: advertiseOf(options.advertise, bind),
    peers: peersOf(options.peers ?? [], environment),
    socket: options.socket ?? null,
    socketRights: socketRightsOf(options),
    credentials: credentialsOf(options, environment, ['client', 'server']),
    isInsecure: options.insecure === true,
    isPatient: isAwaited(),
    lock: lockOf(options),
    doors: doorSettingsOf(options, environment),
    ...paceOf(options),
    limits: limitsOf(options),
    historyRows: historyRowsOf(options),
    onNotice: (notice) => {
      callApart(onNotice, notice);
    },
  };
}

function lockOf({ secretFile, tls }: LockOptions): LockOptions {
  return {
    ...(secretFile === undefined ? {} : { secretFile }),
    ...(tls === undefined ? {} : { tls }),
  };
}

type Pace = Pick<ServeSettings, 'heartbeatMs' | 'silenceMs' | 'graceMs' | 'splitHoldMs'>;

function paceOf(options: ServeOptions): Pace {
  const heartbeatMs = timingOf(options.heartbeatMs ?? LINK_HEARTBEAT_MS, 'heartbeat', BEATS_MS);
  const silenceMs = timingOf(options.silenceMs ?? LINK_SILENCE_MS, 'silence', SILENCES_MS);
  if (silenceMs < 2 * heartbeatMs) {
    throw RarangiError.usage(
      `silence of ${silenceMs} ms is less than two heartbeats of ${heartbeatMs} ms`,
      'allow a heartbeat to be lost: a silence of three heartbeats is a good choice',
    );
  }
  const graceMs = durationOf(options.graceMs ?? GRACE_MS, 'grace');
  const splitHoldMs = durationOf(options.splitHoldMs ?? SPLIT_HOLD_MS, 'split-hold');
  return { heartbeatMs, silenceMs, graceMs, splitHoldMs };
}

function limitsOf(options: ServeOptions): ServeSettings['limits'] {
  const given = {
    connections: options.maxConnections,
    'connections-per-address': options.maxConnectionsPerAddress,
    registrations: options.maxRegistrations,
    bytes: options.maxBytes,
  };
  const limits: Partial<Record<SetLimit, number>> = {};
  for (const name of Object.keys(given) as (keyof typeof given)[]) {
    const max = given[name];
    if (max === undefined) continue;
    if (!Number.isSafeInteger(max) || max < 1) {
      throw RarangiError.usage(
        `a limit of ${max} ${LIMITS[name].noun} is not possible`,
        'use a whole number from 1 on',
      );
    }
    limits[name] = max;
  }
  return limits;
}

function historyRowsOf({ historyRows = HISTORY_ROWS }: ServeOptions): number {
  if (Number.isSafeInteger(historyRows) && historyRows >= 0 && historyRows <= HISTORY_ROWS_MAX) {
    return historyRows;
  }
  throw RarangiError.usage(
    `a history of ${historyRows} events is not possible`,
    `use a whole number from 0 to ${HISTORY_ROWS_MAX}: 10,000 take some 2.5 MB`,
  );
}

function bindOf(text: string, environment: Name): HostPort {
  const bind = parseHostPort(text, 'bind');
  if (bind.port === null && wellKnownPorts(environment) === null) {
    throw RarangiError.usage(
      `environment ${environment} has no well-known ports, so bind ${text} needs a port`,
      `write: --bind ${text}:PORT`,
    );
  }
  return bind;
}

function hostOf(given: string | undefined): Name {
  if (given !== undefined) return parseName(given, 'host');
  try {
    return parseName(hostname(), 'the name of this machine');
  } catch (error) {
    const { message } = error as Error;
    throw RarangiError.usage(message, 'name this host with: --host NAME');
  }
}

function advertiseOf(given: string | undefined, bind: HostPort): HostPort | null {
  if (given === undefined) {
    if (isAddress(bind.host)) return null;
    const what = isWildcard(bind.host) ? 'stands for every address' : 'is no address';
    throw RarangiError.usage(
      `bind ${bind.host} ${what} of this machine, so other servers do not know which to use`,
      'say where other servers and clients reach this one: --advertise ADDR',
    );
  }
  const advertise = parseHostPort(given, 'advertise');
  if (isAddress(advertise.host)) return advertise;
  throw RarangiError.usage(
    `advertise ${given} is not an address at which others can reach this server`,
    'give an address of this machine',
  );
}

function peersOf(given: readonly string[], environment: Name): readonly string[] {
  return [...new Set(given.flatMap((text) => expandAddress(text, { what: 'peer', environment })))];
}

function durationOf(value: number, what: string): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw RarangiError.usage(`${what} ${value} is not a number of milliseconds`, 'use more than 0');
}

type Bounds = readonly [leastMs: number, mostMs: number];

/** A timing that is said on the wire: whole milliseconds within the bounds of its type there. */
function timingOf(value: number, what: string, [leastMs, mostMs]: Bounds): number {
  const whole = Math.round(durationOf(value, what));
  if (whole >= leastMs && whole <= mostMs) return whole;
  throw RarangiError.usage(
    `${what} of ${value} ms is out of bounds`,
    `use ${leastMs} ms at least and ${mostMs} ms at most`,
  );
}

/** Some 250 MB. */
const HISTORY_ROWS_MAX = 1_000_000;

const BEATS_MS: Bounds = [HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX];
const SILENCES_MS: Bounds = [2 * HEARTBEAT_MS_MIN, SILENCE_MS_MAX];

function ignore(): void {
  // Nobody wants to know.
}
