// The facts about a request and the permissions of this door, for the rules of access. One
// invariant: the connection shows whether it comes from this host, never a header.

import { networkInterfaces } from 'node:os';
import type { TLSSocket } from 'node:tls';

import type { AccessRules, HttpRefusal, Visit } from '../../doors/http/access.ts';
import { isLoopback } from '../machine/addresses.ts';
import { distrustOf } from '../tls/settings.ts';
import type { DoorPlace, DoorServer } from './door.ts';
import type { Exchange } from './http-exchange.ts';
import { HttpTokens } from './tokens.ts';

/** The access of one door. */
export class HttpAccess {
  readonly #server: DoorServer;
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #tokens: HttpTokens;
  /** What is allowed at each place, until tokens are read anew. */
  #rules = new WeakMap<DoorPlace, AccessRules>();

  constructor(server: DoorServer) {
    const { facts, settings } = server;
    this.#server = server;
    const advertised = facts.addresses.map((address) => hostPartOf(address));
    this.#names = new Set([facts.host.toLowerCase(), ...advertised, ...settings.httpNames]);
    this.#origins = new Set(settings.httpOrigins);
    this.#tokens = new HttpTokens(server);
  }

  /** Reads tokens anew. Throws RARANGI_USAGE. */
  reload(): void {
    this.#tokens.reload();
    this.#rules = new WeakMap();
  }

  /** The facts about a request; `named` is the host that its target names, if any. */
  visitOf(exchange: Exchange, named: string | null): Visit {
    return new RequestVisit(exchange, { named, environment: this.#server.environment });
  }

  /** The permissions at the place at which a request came in. */
  rulesAt({ place, request }: Exchange): AccessRules {
    const scheme = 'encrypted' in request.socket ? 'https' : 'http';
    const known = this.#rules.get(place);
    if (known?.scheme === scheme) return known;
    const rules: AccessRules = {
      names: new Set([...this.#names, hostPartOf(place.address)]),
      origins: this.#origins,
      scheme,
      asksToken: isBeyondLoopback(place) && this.#tokens.areAsked,
      isToken: (text) => this.#tokens.has(text),
    };
    this.#rules.set(place, rules);
    return rules;
  }

  /** Tells the operator, as of any stranger. */
  noteRefusal(exchange: Exchange, { message, code }: HttpRefusal): void {
    this.#server.count('refused', [code]);
    const reason = `HTTP: ${message}`;
    this.#server.tell({ name: 'refused-stranger', fields: { address: exchange.remote, reason } });
  }
}

/** A request as the rules see it. It is looked at only as far as they ask: most ask for little. */
class RequestVisit implements Visit {
  readonly method: string;
  readonly host: string | null;
  readonly origin: string | null;
  readonly fetchSite: string | null;
  readonly isBySocket: boolean;
  readonly #exchange: Exchange;
  readonly #environment: string;

  constructor(
    exchange: Exchange,
    { named, environment }: { readonly named: string | null; readonly environment: string },
  ) {
    const { method = 'GET' } = exchange.request;
    const host = exchange.header(HOST);
    this.#exchange = exchange;
    this.#environment = environment;
    this.method = method;
    this.host = host === null ? null : (named ?? host);
    this.origin = exchange.header('origin');
    this.fetchSite = exchange.header('sec-fetch-site');
    this.isBySocket = exchange.place.address.includes('/');
  }

  get ownAddress(): string | null {
    const { localAddress } = this.#exchange.request.socket;
    return localAddress === undefined ? null : plainIp(localAddress);
  }

  get isHostRepeated(): boolean {
    const { rawHeaders } = this.#exchange.request;
    let count = 0;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] ?? '';
      if (name.length === HOST.length && name.toLowerCase() === HOST) count += 1;
    }
    return count > 1;
  }

  get isNavigation(): boolean {
    return this.#exchange.header('sec-fetch-mode') === 'navigate';
  }

  get authorization(): string | null {
    return this.#exchange.header('authorization');
  }

  get contentType(): string | null {
    return this.#exchange.header('content-type');
  }

  get isFromHere(): boolean {
    return this.isBySocket || isOwn(this.#exchange.request.socket.remoteAddress ?? '');
  }

  get isProxied(): boolean {
    const isOld = this.#exchange.request.httpVersion === '1.0';
    return isOld || PROXY_HEADERS.some((name) => this.#exchange.header(name) !== null);
  }

  get hasCertificate(): boolean {
    const { socket } = this.#exchange.request;
    return 'encrypted' in socket && distrustOf(socket as TLSSocket, this.#environment) === null;
  }
}

/** Whether other machines can reach a place. */
export function isBeyondLoopback({ address }: DoorPlace): boolean {
  return !address.includes('/') && !isLoopback(hostPartOf(address));
}

/** An address of this machine, or of its loopback. */
function isOwn(remote: string): boolean {
  const ip = plainIp(remote);
  if (isLoopback(ip)) return true;
  return Object.values(networkInterfaces())
    .flat()
    .some((one) => one?.address === ip);
}

/** An IPv4 address without its form in IPv6, which a socket of both has. */
function plainIp(ip: string): string {
  return ip.replace(/^::ffff:/i, '');
}

/** The host of `host:port`, without brackets. */
function hostPartOf(address: string): string {
  return address
    .slice(0, address.lastIndexOf(':'))
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

const HOST = 'host';
const PROXY_HEADERS = [
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];
