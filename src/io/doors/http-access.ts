// What a request says of itself and what this door allows, as the rules of access want to know it.
// One invariant: whether a connection comes from this host is read off the connection, never off
// what a header claims.

import { networkInterfaces } from 'node:os';

import type { AccessRules, Refusal, Visit } from '../../doors/http/access.ts';
import { isLoopback } from '../machine/addresses.ts';
import type { DoorPlace, DoorServer } from './door.ts';
import type { Exchange } from './http-exchange.ts';
import { HttpTokens } from './tokens.ts';

/** The access of one door. */
export class HttpAccess {
  readonly #server: DoorServer;
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #tokens: HttpTokens;

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
  }

  /** What a request says of itself. */
  visitOf(exchange: Exchange): Visit {
    const { request } = exchange;
    const { method = 'GET', socket, httpVersion } = request;
    const isBySocket = exchange.place.address.includes('/');
    return {
      method,
      host: exchange.header('host'),
      origin: exchange.header('origin'),
      fetchSite: exchange.header('sec-fetch-site'),
      isNavigation: exchange.header('sec-fetch-mode') === 'navigate',
      authorization: exchange.header('authorization'),
      contentType: exchange.header('content-type'),
      hasBody: method !== 'DELETE',
      isBySocket,
      isFromHere: isBySocket || isOwn(socket.remoteAddress ?? ''),
      isProxied:
        httpVersion === '1.0' || PROXY_HEADERS.some((name) => exchange.header(name) !== null),
      hasCertificate: 'authorized' in socket && socket.authorized === true,
    };
  }

  /** What is allowed at the place at which a request came in. */
  rulesAt({ place, request }: Exchange): AccessRules {
    const isTls = 'encrypted' in request.socket;
    return {
      names: this.#namesAt(place),
      origins: this.#origins,
      scheme: isTls ? 'https' : 'http',
      asksToken: isBeyondLoopback(place) && this.#tokens.areAsked,
      isToken: (text) => this.#tokens.has(text),
    };
  }

  /** Tells the operator, as of any stranger. */
  noteRefusal(exchange: Exchange, { message, code }: Refusal): void {
    this.#server.count('refused', [code]);
    const reason = `HTTP: ${message}`;
    this.#server.tell({ name: 'refused-stranger', fields: { address: exchange.remote, reason } });
  }

  #namesAt(place: DoorPlace): ReadonlySet<string> {
    return new Set([...this.#names, hostPartOf(place.address)]);
  }
}

/** Whether other machines can reach a place. */
export function isBeyondLoopback({ address }: DoorPlace): boolean {
  return !address.includes('/') && !isLoopback(hostPartOf(address));
}

/** An address of this machine, or of its loopback. */
function isOwn(remote: string): boolean {
  const ip = remote.replace(/^::ffff:/i, '');
  if (isLoopback(ip)) return true;
  return Object.values(networkInterfaces())
    .flat()
    .some((one) => one?.address === ip);
}

/** The host of `host:port`, without brackets. */
function hostPartOf(address: string): string {
  return address
    .slice(0, address.lastIndexOf(':'))
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

const PROXY_HEADERS = [
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];
