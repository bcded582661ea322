// Taking a place on this host: a port, a side, a socket. The bind itself decides who has a port;
// nobody probes. The invariant: an address has two servers of an environment, and a third is told
// so; a socket is a convenience, and a server runs without one.

import { lookup } from 'node:dns/promises';
import { join } from 'node:path';

import {
  formatAddress,
  isLoopback,
  isWildcard,
  parseHostPort,
  socketFolders,
  socketName,
  wellKnownPorts,
} from '../machine/addresses.ts';
import type { PortPair, Side } from '../machine/addresses.ts';
import { errorCode, reasonOf } from '../machine/reasons.ts';
import { RarangiError } from '../rarangi-error.ts';
import type { Listener, Runtime } from '../machine/runtime.ts';
import type { ServeSettings } from './serve-options.ts';
import type { TakenSocket } from '../machine/sockets.ts';
import { SocketError, takeSocket, writableFolder } from '../machine/sockets.ts';
import { bothTaken } from './both-taken.ts';

/** Where a server is. */
export interface Binding {
  readonly side: Side;
  readonly listener: Listener;
  readonly socket: TakenSocket | null;
  /** Finds where the socket belongs; null if there is never to be one. */
  readonly findSocketPath: FindPath | null;
  /** Why there is no socket although there could be one; null if nothing is wrong. */
  readonly socketless: string | null;
  /** Where others reach it, `host:port`. */
  readonly address: string;
  /** Where the other server of this host would be. */
  readonly siblings: readonly string[];
  /**
   * Where a server of this machine listens that has no well-known port and is found by its socket.
   */
  readonly siblingsAt: string;
}

/** Finds a path, which may be another one later; null while there is none. */
export type FindPath = () => string | null;

/** Takes a place in a world. Rejects with RARANGI_USAGE when there is none to be had. */
export async function takePlace(settings: ServeSettings, runtime: Runtime): Promise<Binding> {
  const ip = await resolvedIp(settings);
  const ports = settings.bind.port === null ? wellKnownPorts(settings.environment) : null;
  return ports === null
    ? await takeExactPort(settings, { ip, runtime })
    : await takeWellKnownPort(settings, { ip, ports, runtime });
}

async function resolvedIp({ bind, isInsecure, credentials }: ServeSettings): Promise<string> {
  let ip: string;
  try {
    ip = (await lookup(bind.host)).address;
  } catch (error) {
    throw cannotBind(bind.host, error, 'use an address of this machine');
  }
  if (isLoopback(ip) || isInsecure || credentials !== null) return ip;
  throw RarangiError.usage(
    `other machines can reach ${bind.host}, and this server has no secret`,
    'give it a secret with: --secret-file FILE; or, in a network that you trust: --insecure',
  );
}

interface Spot {
  readonly ip: string;
  readonly runtime: Runtime;
}

async function takeWellKnownPort(
  settings: ServeSettings,
  { ip, ports, runtime }: Spot & { readonly ports: PortPair },
): Promise<Binding> {
  const siblingsAt = reachableAt(ip);
  for (const side of ['a', 'b'] as const) {
    const listener = await listenUnlessTaken(formatAddress(ip, ports[side]), runtime);
    if (listener === null) continue;
    const { isTaken: _, ...found } = await findSocket(settings, { ip, sides: [side] });
    const siblings = [formatAddress(siblingsAt, side === 'a' ? ports.b : ports.a)];
    const address = advertised(settings, listener);
    return { ...found, side, listener, siblings, siblingsAt, address };
  }
  throw await bothTaken(settings, { ip: siblingsAt, ports, runtime });
}

async function takeExactPort(settings: ServeSettings, { ip, runtime }: Spot): Promise<Binding> {
  const address = formatAddress(ip, settings.bind.port ?? 0);
  const listener = await listenUnlessTaken(address, runtime);
  if (listener === null) {
    throw RarangiError.usage(
      `cannot bind ${address}: the address is in use`,
      'choose another port, or stop the program that has it',
    );
  }
  const { isTaken: _, ...found } = await findSocket(settings, { ip, sides: ['a', 'b'] });
  const siblings = socketFolders().map((folder) =>
    join(folder, socketName(settings.environment, found.side === 'a' ? 'b' : 'a')),
  );
  return {
    ...found,
    listener,
    siblings: found.findSocketPath === null ? [] : siblings,
    siblingsAt: reachableAt(ip),
    address: advertised(settings, listener),
  };
}

/** Null when another program has it. */
async function listenUnlessTaken(address: string, runtime: Runtime): Promise<Listener | null> {
  try {
    return await runtime.listen(address);
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return null;
    throw cannotBind(address, error, 'use an address and a port that this user may use');
  }
}

interface FoundSocket extends Pick<Binding, 'side' | 'socket' | 'findSocketPath' | 'socketless'> {
  /** A live server has it. */
  readonly isTaken: boolean;
}

/** The socket of the first side whose socket has no live listener. */
async function findSocket(
  settings: ServeSettings,
  { ip, sides }: { readonly ip: string; readonly sides: readonly [Side, ...Side[]] },
): Promise<FoundSocket> {
  const [firstSide] = sides;
  const none = {
    side: firstSide,
    socket: null,
    findSocketPath: null,
    socketless: null,
    isTaken: false,
  };
  if (settings.socket === 'none') return none;
  if (settings.socket !== null) {
    const path = settings.socket;
    // A server that has it may leave it.
    return { ...(await trySocket(firstSide, path, settings)), findSocketPath: () => path };
  }
  if (isLoopback(ip) && !DEFAULT_LOOPBACKS.has(ip)) return none;
  const folder = writableFolder();
  if (folder === null) {
    const findSocketPath = (): string | null => {
      const later = writableFolder();
      return later === null ? null : join(later, socketName(settings.environment, firstSide));
    };
    const socketless = `this user cannot write into ${socketFolders().join(' or ')}`;
    return { ...none, findSocketPath, socketless };
  }
  let found: FoundSocket = none;
  for (const side of sides) {
    found = await trySocket(side, join(folder, socketName(settings.environment, side)), settings);
    if (!found.isTaken) return found;
  }
  return found;
}

async function trySocket(
  side: Side,
  path: string,
  { socketRights }: ServeSettings,
): Promise<FoundSocket> {
  try {
    const socket = await takeSocket(path, socketRights);
    return { side, socket, findSocketPath: () => path, socketless: null, isTaken: false };
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const findSocketPath = error.isLive ? null : () => path;
    return { side, socket: null, findSocketPath, socketless: error.message, isTaken: error.isLive };
  }
}

function advertised({ advertise }: ServeSettings, { address }: Listener): string {
  if (advertise === null) return address;
  const { port } = parseHostPort(address, 'bound address');
  return formatAddress(advertise.host, advertise.port ?? port ?? 0);
}

/** Where this machine reaches what is bound to an address: a wildcard by loopback. */
function reachableAt(ip: string): string {
  if (!isWildcard(ip)) return ip;
  return ip.includes(':') ? '::1' : '127.0.0.1';
}

/** Leaves a place that was taken. */
export function vacate({ listener, socket }: Binding): void {
  listener.close();
  socket?.close();
}

function cannotBind(address: string, cause: unknown, hint: string): RarangiError {
  return RarangiError.usage(`cannot bind ${address}: ${reasonOf(cause)}`, hint, cause);
}

/** On any other loopback address a server plays another host, and the sockets are not its own. */
const DEFAULT_LOOPBACKS: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);
