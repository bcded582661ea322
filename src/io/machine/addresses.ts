// Addresses as people write them and as the core knows them: `host:port`, `[v6]:port`, or, with a
// `/` in it, the path of a socket. The invariant: `endpointOf` reads the results of `parse…`
// and `expand…` without a check. Names are kept as they are; they are resolved at every dial.

import { isIP } from 'node:net';
import { join } from 'node:path';
import { addressFaultOf, addressKindOf } from '../../protocol/address.ts';
import { WELL_KNOWN_PORTS } from '../../protocol/constants.ts';

/** A host and, if it was written, a port. IPv6 without its brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number | null;
}

/** What to connect to, or to listen on. */
export type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

/** Both ports of an environment. */
export interface PortPair {
  readonly a: number;
  readonly b: number;
}

/** A side of a host. */
export type Side = 'a' | 'b';

/** The well-known ports of an environment; null for one of your own. */
export function wellKnownPorts(environment: string): PortPair | null {
  const a = WELL_KNOWN_PORTS.get(environment);
  return a === undefined ? null : { a, b: a + 1 };
}

/** How far the ports of the doors are from the first one of their environment. */
export const DOOR_NUMBERS = { http: { sides: 2, host: 8 }, dns: { sides: 4, host: 9 } } as const;

/** Whether a port is one at which doors of an environment listen, and no server. */
export function isDoorPort(port: number): boolean {
  const { http, dns } = DOOR_NUMBERS;
  const numbers = [http, dns].flatMap(({ sides, host }) => [sides, sides + 1, host]);
  return [...WELL_KNOWN_PORTS.values()].some((first) => numbers.includes(port - first));
}

/** Where clients look for servers of this host by themselves, besides sockets. */
export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '::1'];

/** The folders in which sockets are looked for, the system's first. */
export function socketFolders(): readonly string[] {
  const own = process.env['XDG_RUNTIME_DIR'];
  const folders = [SYSTEM_FOLDER];
  if (own?.startsWith('/') === true) folders.push(join(own, 'rarangi'));
  return folders;
}

/** The name of a server's socket in its folder. */
export function socketName(environment: string, side: Side): string {
  return `${environment}-${side}.sock`;
}

/** `host:port`, with brackets around IPv6. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The family of an IP address. The pattern by which Node.js knows one of IPv6 is 140 kB of machine
 * code once it was used twice.
 */
export function familyOf(ip: string): 4 | 6 {
  return ip.includes(':') ? 6 : 4;
}

/** Reads `HOST[:PORT]`; `what` names it in the RangeError that says what is wrong. */
export function parseHostPort(text: string, what: string): HostPort {
  refuseUri(text, what);
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d+))?$/.exec(text);
  if (match === null) {
    const hint = isIP(text) === 6 ? `: write [${text}], and a port after it` : '';
    throw new RangeError(`${what} ${quoted(text)} is not HOST[:PORT]${hint}`);
  }
  const [, bracketed, plain, digits] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) {
    throw new RangeError(`${what} ${quoted(text)} has no IPv6 address in its brackets`);
  }
  const host = bracketed ?? plain ?? '';
  if (bracketed === undefined && !isHost(host)) {
    const fault = `does not begin with an address or a host name${numberHint(host)}`;
    throw new RangeError(`${what} ${quoted(text)} ${fault}`);
  }
  return { host, port: digits === undefined ? null : parsePort(digits, { text, what }) };
}

/**
 * The addresses that `HOST[:PORT]` or a path stands for: without a port the well-known ones of the
 * environment at that host, side A first. Throws RangeError.
 */
export function expandAddress(
  text: string,
  { what, environment }: { readonly what: string; readonly environment: string },
): readonly string[] {
  refuseUri(text, what);
  if (text.includes('/')) return [text];
  const { host, port } = parseHostPort(text, what);
  if (port === 0) throw new RangeError(`${what} ${quoted(text)} has port 0, where nobody listens`);
  if (port !== null) return [formatAddress(host, port)];
  const ports = wellKnownPorts(environment);
  if (ports !== null) return [formatAddress(host, ports.a), formatAddress(host, ports.b)];
  throw new RangeError(
    `${what} ${quoted(text)} needs a port: environment ${environment} has no well-known one`,
  );
}

function refuseUri(text: string, what: string): void {
  const [, rest] = /^\w+:\/\/([^/]*)/.exec(text) ?? [];
  if (rest === undefined) return;
  const { port } = parseHostPort(rest, what);
  const meant = port !== null && isDoorPort(port) ? rest.replace(/:\d+$/, '') : rest;
  throw new RangeError(`${what} ${quoted(text)} is a URI: write ${meant}`);
}

/** What an address means to the sockets of the system. */
export function endpointOf(address: string): Endpoint {
  if (address.includes('/')) return { path: address };
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(address.slice(colon + 1)) };
}

/** The other end of a connection over TCP; `otherwise` for one that is gone, or has no address. */
export function remoteOf(
  {
    remoteAddress,
    remotePort,
  }: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined },
  otherwise = 'an unknown address',
): string {
  if (remoteAddress === undefined || remotePort === undefined) return otherwise;
  return formatAddress(remoteAddress.replace(/^::ffff:/i, ''), remotePort);
}

/** The address without its port, and without brackets. */
export function hostIn(address: string): string {
  return address.slice(0, Math.max(address.lastIndexOf(':'), 0)).replace(/^\[|\]$/g, '');
}

/** Whether an IP address is one that only this machine can reach. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || /^::ffff:127\./i.test(ip);
}

/** Whether an IP address stands for every address of this machine. */
export function isWildcard(ip: string): boolean {
  return addressKindOf(ip) === 'wildcard';
}

function numberHint(host: string): string {
  return addressKindOf(host) === 'number' ? `: ${addressFaultOf(host)?.hint ?? ''}` : '';
}

/** With a dot at its end a name is looked up as it is, without what resolv.conf has to add. */
function isHost(text: string): boolean {
  const kind = addressKindOf(text.endsWith('.') ? text.slice(0, -1) : text);
  return kind !== 'other' && kind !== 'number';
}

function parsePort(digits: string, at: { readonly text: string; readonly what: string }): number {
  const port = Number(digits);
  if (String(port) !== digits) {
    throw new RangeError(`${at.what} ${quoted(at.text)} has a port with a leading zero`);
  }
  if (port <= PORT_MAX) return port;
  throw new RangeError(`${at.what} ${quoted(at.text)} has a port beyond ${PORT_MAX}`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

const PORT_MAX = 65_535;

/** Where servers of the system have their sockets. */
export const SYSTEM_FOLDER = '/run/rarangi';
