// Where the doors of a server listen. The invariant: by default a door is never open to more users
// than the UNIX socket; and a door that other machines can reach is encrypted and restricted,
// unless an option says the contrary.

import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';

import { addressOf } from '../../doors/dns/addresses.ts';
import type { Name } from '../../protocol/ids.ts';
import type { HostPort, Side } from '../machine/addresses.ts';
import {
  DOOR_NUMBERS,
  formatAddress,
  isLoopback,
  isWildcard,
  wellKnownPorts,
} from '../machine/addresses.ts';
import { errorCode, reasonOf } from '../machine/reasons.ts';
import type { SocketRights } from '../machine/socket-rights.ts';
import { OPEN_TO_ALL } from '../machine/socket-rights.ts';
import { RarangiError } from '../rarangi-error.ts';
import type { LockOptions } from '../tls/credentials.ts';
import type { DoorPlace } from './door.ts';
import type { DoorSettings } from './door-options.ts';

/** What decides where doors listen. */
export interface DoorSite {
  readonly environment: Name;
  readonly doors: DoorSettings;
  readonly bind: HostPort;
  /** As it was given: a path, `none`, or null. */
  readonly socket: string | null;
  readonly socketRights: SocketRights;
  readonly lock: LockOptions;
  /** Whether an address that is not there yet may come. */
  readonly isPatient: boolean;
}

/** The addresses of one kind of door. */
export interface DoorAddresses {
  /** IP addresses at which it has the numbers of its environment. */
  readonly numbered: readonly string[];
  /** Ports of the host that were named, `ip:port`. */
  readonly named: readonly string[];
}

/** Where this server listens, and the sides of its host. */
export interface DoorPlaces {
  readonly early: readonly DoorPlace[];
  readonly late: readonly DoorPlace[];
}

type Kind = keyof typeof DOOR_NUMBERS;

/** The addresses of a kind of door, resolved, with leave to listen there. Rejects RARANGI_USAGE. */
export async function doorAddressesOf(site: DoorSite, kind: Kind): Promise<DoorAddresses> {
  const listening = site.doors[kind];
  if (listening === 'none') return NOWHERE;
  if (listening === 'default') return await defaultAddresses(site);
  const numbered: string[] = [];
  const named: string[] = [];
  for (const { host, port } of listening) {
    const ip = await ipOf(host);
    mustBeAllowed(site, kind, { host, ip });
    if (port === null) numbered.push(numberedIp(site, kind, ip));
    else named.push(formatAddress(ip, port));
  }
  const addresses = { numbered, named };
  for (const address of addressesIn(site, kind, addresses)) await probe(site, kind, address);
  return addresses;
}

/** The places of a kind of door on TCP. DNS cannot say "not yet", so all of its places wait. */
export function tcpPlacesOf(
  { environment }: Pick<DoorSite, 'environment'>,
  kind: Kind,
  { side, addresses }: { readonly side: Side; readonly addresses: DoorAddresses },
): DoorPlaces {
  const { numbered, named } = addresses;
  const first = wellKnownPorts(environment)?.a ?? 0;
  const { sides, host } = DOOR_NUMBERS[kind];
  const own = first + sides + (side === 'a' ? 0 : 1);
  const ofSide = numbered.map((ip) => tcpPlace(formatAddress(ip, own), false));
  const ofHost = [...numbered.map((ip) => formatAddress(ip, first + host)), ...named];
  const places = ofHost.map((address) => tcpPlace(address, true));
  return kind === 'http'
    ? { early: ofSide, late: places }
    : { early: [], late: [...ofSide, ...places] };
}

/** The sockets of the HTTP door, beside that of the protocol. */
export function socketPlacesOf(
  { environment, doors, socketRights: rights }: DoorSite,
  { side, socket }: { readonly side: Side; readonly socket: string | null },
): DoorPlaces {
  if (socket === null || doors.http === 'none') return { early: [], late: [] };
  const folder = dirname(socket);
  const ofSide = { address: join(folder, httpSocketName(environment, side)), isOfHost: false };
  const ofHost = { address: join(folder, httpSocketName(environment, null)), isOfHost: true };
  return { early: [{ ...ofSide, rights }], late: [{ ...ofHost, rights }] };
}

/**
 * Where the HTTP of a side is, for clients that have to move there: URLs, and the path of a socket.
 */
export function httpWaysOf(
  site: DoorSite,
  side: Side,
  given: { readonly addresses: DoorAddresses; readonly socket: string | null },
): string[] {
  const { early: ports } = tcpPlacesOf(site, 'http', { side, addresses: given.addresses });
  const { early: sockets } = socketPlacesOf(site, { side, socket: given.socket });
  const isSecure = ({ address }: DoorPlace): boolean => !isLoopbackAddress(address);
  const url = (place: DoorPlace): string => {
    return `${isSecure(place) && !site.doors.isHttpInsecure ? 'https' : 'http'}://${place.address}`;
  };
  return [...ports.map(url), ...sockets.map(({ address }) => address)];
}

/** Rights do not matter there. */
function tcpPlace(address: string, isOfHost: boolean): DoorPlace {
  return { address, isOfHost, rights: OPEN_TO_ALL };
}

function httpSocketName(environment: string, side: Side | null): string {
  return `${environment}${side === null ? '' : `-${side}`}.http.sock`;
}

function isLoopbackAddress(address: string): boolean {
  return isLoopback(address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, ''));
}

/** On loopback, where all users of this host may come by the socket as well. */
async function defaultAddresses(site: DoorSite): Promise<DoorAddresses> {
  const { environment, bind, socket, socketRights } = site;
  const isForAll = (socketRights.mode & EVERYBODY_MASK) === EVERYBODY_MASK;
  if (socket === 'none' || bind.port !== null || !isForAll) return NOWHERE;
  if (wellKnownPorts(environment) === null) return NOWHERE;
  const ip = await ipOf(bind.host);
  return { numbered: [isLoopback(ip) ? ip : '127.0.0.1'], named: [] };
}

async function ipOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw RarangiError.usage(
      `cannot listen on ${host}: ${reasonOf(error)}`,
      'use an address of this machine',
      error,
    );
  }
}

function numberedIp({ environment }: DoorSite, kind: Kind, ip: string): string {
  if (wellKnownPorts(environment) !== null) return ip;
  throw RarangiError.usage(
    `environment ${environment} has no well-known ports, so --${kind} ${ip} needs a port`,
    `write: --${kind} ${formatAddress(ip, 0).slice(0, -1)}PORT`,
  );
}

interface Asked {
  /** As it was given, and what it means. */
  readonly host: string;
  readonly ip: string;
}

function mustBeAllowed(site: DoorSite, kind: Kind, { host, ip }: Asked): void {
  if (kind === 'dns' && isWildcard(ip)) {
    throw RarangiError.usage(
      `DNS cannot listen on ${host}: the system does not say which address a query came to`,
      'list the addresses: --dns ADDR --dns ADDR',
    );
  }
  if (isLoopback(ip)) return;
  if (kind === 'dns') mustNameAskers(site, ip);
  else mustBeLocked(site);
}

function mustNameAskers({ doors }: DoorSite, ip: string): void {
  if (doors.dnsFrom !== null) return;
  throw RarangiError.usage(
    `DNS has no secrets: whatever listens on ${ip} answers who can reach it. ` +
      `Say who may ask: --dns-from ${networkAround(ip)}, or --dns-from any`,
    'see: rarangi-dns(7)',
  );
}

function mustBeLocked({ doors, lock }: DoorSite): void {
  if (doors.isHttpInsecure) return;
  if (doors.httpTls === null && lock.tls === undefined) {
    throw RarangiError.usage(
      'HTTP beyond loopback needs a certificate: --http-cert and --http-key; ' +
        'or, in the clear, --http-insecure',
      'see: rarangi-http(7)',
    );
  }
  const hasProof = lock.secretFile !== undefined || lock.tls !== undefined;
  if (hasProof || doors.httpTokenFile !== null) return;
  throw RarangiError.usage(
    'HTTP beyond loopback needs a token: rarangi secret --token FILE prints that of a secret; ' +
      'or --http-token-file',
    'see: rarangi-http(7)',
  );
}

/** The network of an interface of this machine, or a likely guess. */
function networkAround(ip: string): string {
  const own = Object.values(networkInterfaces()).flat();
  const [, digits] = own.find((one) => one?.address === ip)?.cidr?.split('/') ?? [];
  const address = addressOf(ip);
  if (address === null || address.kind === 'host') return ip;
  const isV4 = address.kind === 'v4';
  const bits = Number(digits ?? (isV4 ? 16 : 64));
  const masked = address.bytes.map((byte, index) => {
    const kept = Math.min(Math.max(bits - 8 * index, 0), 8);
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return `${isV4 ? masked.join('.') : v6TextOf(masked)}/${String(bits)}`;
}

/** An IPv6 address in its short form. */
function v6TextOf(bytes: readonly number[]): string {
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function addressesIn(site: DoorSite, kind: Kind, addresses: DoorAddresses): readonly string[] {
  const { early, late } = tcpPlacesOf(site, kind, { side: 'a', addresses });
  return [...early, ...late].map(({ address }) => address);
}

/**
 * An address that cannot be had at all is told at the start; one in use may be free tomorrow, and one
 * that is not there yet may come: a door is tried again and again.
 */
async function probe(site: DoorSite, kind: Kind, address: string): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  const error = await new Promise<unknown>((resolve) => {
    const server = createServer();
    server.on('error', resolve);
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
  if (error === null || errorCode(error) === 'EADDRINUSE') return;
  if (site.isPatient && errorCode(error) === 'EADDRNOTAVAIL') return;
  const message = `cannot listen on ${address}: ${reasonOf(error)}`;
  if (errorCode(error) !== 'EACCES' || port >= PRIVILEGED_END) {
    throw RarangiError.usage(message, 'use an address and a port that this user may use');
  }
  const first = wellKnownPorts(site.environment)?.a;
  const way =
    first === undefined ? 'another port' : `127.0.0.1:${String(first + DOOR_NUMBERS.dns.host)}`;
  const forward = `; or let this host's resolver forward to ${way}: rarangi-dns(7)`;
  throw RarangiError.usage(
    `${message}. Ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE ` +
      `and the same in CapabilityBoundingSet=${kind === 'dns' ? forward : ': rarangi-http(7)'}`,
    'or use a port from 1024 on',
  );
}

const NOWHERE: DoorAddresses = { numbered: [], named: [] };

/** A user who may write to a socket may connect to it. */
const EVERYBODY_MASK = 0o222;

/** Below it a port needs a right of its own. */
const PRIVILEGED_END = 1_024;
