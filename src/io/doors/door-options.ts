// The options of a server's doors, checked before anything is bound. The invariant: after this file
// every address has its form, every network can be compared, and every door that is open to other
// machines has what it needs; every failure is a RARANGI_USAGE that says what to do.

import { isIP } from 'node:net';

import { zoneTextOf } from '../../doors/dns/zone.ts';
import type { Name } from '../../protocol/ids.ts';
import type { HostPort } from '../machine/addresses.ts';
import { parseHostPort } from '../machine/addresses.ts';
import { RarangiError } from '../rarangi-error.ts';

/** What a server may be told of its doors: rarangi-serve(1) says the same of its flags. */
export interface DoorOptions {
  /** No door at all. */
  readonly doors?: 'none';
  /** `ADDR[:PORT]` at which HTTP listens, or `none` alone. */
  readonly http?: readonly string[];
  /** `ADDR[:PORT]` at which DNS listens, or `none` alone. */
  readonly dns?: readonly string[];
  /** Networks that may ask DNS beyond loopback, as `172.17.0.0/16`, or `any` alone. */
  readonly dnsFrom?: readonly string[];
  /** The zone; `ENVIRONMENT.rarangi.internal` if absent. */
  readonly dnsZone?: string;
  /** The TTL of what exists, up to a minute; 0 if absent. */
  readonly dnsTtlMs?: number;
  /** The paths of a certificate and its key in PEM, for HTTP beyond loopback. */
  readonly httpCert?: string;
  readonly httpKey?: string;
  /** The path of a file with tokens, one a line. */
  readonly httpTokenFile?: string;
  /** Further names that this server may be called by. */
  readonly httpName?: readonly string[];
  /** Web origins that may read. */
  readonly httpOrigin?: readonly string[];
  /** Allows plain HTTP beyond loopback. */
  readonly httpInsecure?: boolean;
}

/** Where a kind of door listens: by its numbers, nowhere, or where it was told to. */
export type Listening = 'default' | 'none' | readonly HostPort[];

/** A network: an address and how many of its bits count. */
export interface Network {
  readonly ip: string;
  readonly bits: number;
}

/** The options of doors with nothing left to ask. */
export interface DoorSettings {
  readonly http: Listening;
  readonly dns: Listening;
  /** Networks that may ask DNS beyond loopback; null: none. */
  readonly dnsFrom: readonly Network[] | 'any' | null;
  /** In lower case, without the last dot. */
  readonly dnsZone: string;
  readonly dnsTtlMs: number;
  readonly httpTls: { readonly cert: string; readonly key: string } | null;
  readonly httpTokenFile: string | null;
  readonly httpNames: readonly string[];
  readonly httpOrigins: readonly string[];
  readonly isHttpInsecure: boolean;
}

/** Checks the options of the doors. Throws RARANGI_USAGE or RangeError. */
export function doorSettingsOf(options: DoorOptions, environment: Name): DoorSettings {
  return {
    http: listeningOf(options, 'http'),
    dns: listeningOf(options, 'dns'),
    dnsFrom: networksOf(options.dnsFrom ?? []),
    dnsZone: zoneTextOf(environment, options.dnsZone),
    dnsTtlMs: ttlOf(options.dnsTtlMs ?? 0),
    httpTls: tlsOf(options),
    httpTokenFile: options.httpTokenFile ?? null,
    httpNames: (options.httpName ?? []).map(hostNameOf),
    httpOrigins: (options.httpOrigin ?? []).map(originOf),
    isHttpInsecure: options.httpInsecure === true,
  };
}

function tlsOf(options: DoorOptions): DoorSettings['httpTls'] {
  const { httpCert: cert, httpKey: key } = options;
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) {
    throw RarangiError.usage('--http-cert and --http-key are used together only', 'give both');
  }
  if (options.httpInsecure !== true) return { cert, key };
  throw RarangiError.usage('--http-cert and --http-insecure exclude each other', 'use one of them');
}

/** `doors: none` closes a door as its own `none` does: neither goes with an address. */
function listeningOf(options: DoorOptions, kind: 'http' | 'dns'): Listening {
  const given = options[kind] ?? [];
  const addresses = given.filter((text) => text !== 'none');
  const isNone = options.doors === 'none' || addresses.length < given.length;
  if (!isNone)
    return given.length === 0 ? 'default' : given.map((text) => parseHostPort(text, kind));
  if (addresses.length === 0) return 'none';
  const closed = options.doors === 'none' ? '--doors is' : `--${kind} is`;
  throw RarangiError.usage(
    `${closed} none, but there is also --${kind} ${addresses.join(', ')}`,
    'use either none or addresses',
  );
}

function networksOf(given: readonly string[]): readonly Network[] | 'any' | null {
  if (given.length === 0) return null;
  return given.includes('any') ? 'any' : given.map(networkOf);
}

function networkOf(text: string): Network {
  const [, ip = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const max = { 0: 0, 4: 32, 6: 128 }[isIP(ip)] ?? 0;
  const bits = digits === undefined ? max : Number(digits);
  if (max > 0 && bits <= max) return { ip, bits };
  throw RarangiError.usage(
    `network ${JSON.stringify(text)} is not ADDRESS/BITS`,
    'write 172.17.0.0/16, or any',
  );
}

function ttlOf(milliseconds: number): number {
  if (milliseconds >= 0 && milliseconds <= TTL_MS_MAX) return milliseconds;
  throw RarangiError.usage(`a TTL of ${String(milliseconds)} ms is out of bounds`, 'use 0s to 60s');
}

function hostNameOf(text: string): string {
  const { host, port } = parseHostPort(text, 'http-name');
  if (port === null) return host.toLowerCase();
  throw RarangiError.usage(
    `http-name ${text} has a port`,
    'give the name without the port: it counts for all ports',
  );
}

function originOf(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  if (origin !== 'null' && origin === text.toLowerCase().replace(/\/$/, '')) return origin;
  throw RarangiError.usage(
    `origin ${JSON.stringify(text)} is no web origin`,
    'write it as https://dash.example, without a path',
  );
}

const TTL_MS_MAX = 60_000;
