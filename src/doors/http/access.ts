// Which clients may ask, and which may register, by HTTP. The checks come in one order, before
// anything is done: the host that was meant, the web page that asks, the token, and for changes of
// the catalogue the place they come from. The invariant: a page of another origin, under any name
// of this server, can neither read nor register; and a place that an open network can reach is not
// open to all.

/** The facts about a request. */
export interface Visit {
  readonly method: string;
  /** The host that is meant: the header, or what the target names instead; null without a header. */
  readonly host: string | null;
  /** The address of this machine that it came to; null if there is none. */
  readonly ownAddress: string | null;
  /** There is more than one such header. */
  readonly isHostRepeated: boolean;
  readonly origin: string | null;
  readonly fetchSite: string | null;
  readonly isNavigation: boolean;
  readonly authorization: string | null;
  readonly contentType: string | null;
  /** It came by a UNIX socket: then the system has decided who may. */
  readonly isBySocket: boolean;
  /** It came from this very host. */
  readonly isFromHere: boolean;
  /** Signs of a proxy: an old version, or a header that proxies add. */
  readonly isProxied: boolean;
  /** It showed a certificate of this environment, which counts as a token. */
  readonly hasCertificate: boolean;
}

/** The part of a route that matters here. */
export interface RouteAccess {
  readonly isRoot: boolean;
  readonly isOpen: boolean;
  /** Something in JSON has to be sent. */
  readonly hasBody: boolean;
  readonly writes: boolean;
}

/** What a door allows. */
export interface AccessRules {
  /** Names and addresses that this server is called by, in lower case. */
  readonly names: ReadonlySet<string>;
  /** Web origins that may read. */
  readonly origins: ReadonlySet<string>;
  /** `http` or `https`: how a page of this server's own is reached. */
  readonly scheme: 'http' | 'https';
  /** Whether a token is asked for at this place. */
  readonly asksToken: boolean;
  /** Compares in constant time. */
  readonly isToken: (text: string) => boolean;
}

/** The codes of refusals. */
export const REFUSAL_CODES = ['usage', 'host', 'origin', 'token', 'not-here', 'proxied'] as const;

/** Why a request is not served. */
export interface HttpRefusal {
  readonly status: 400 | 401 | 403 | 415;
  readonly code: (typeof REFUSAL_CODES)[number];
  readonly message: string;
  readonly hint: string;
}

/** Returns why a request is not served; null if it may be. */
export function judge(visit: Visit, target: RouteAccess, rules: AccessRules): HttpRefusal | null {
  return (
    judgeHost(visit, rules) ??
    judgeOrigin(visit, target, rules) ??
    judgeToken(visit, target, rules) ??
    (target.hasBody ? judgeBody(visit) : null) ??
    (target.writes ? judgeWriting(visit) : null)
  );
}

/** The web origin that is allowed to read the answer; null for none. */
export function allowedOrigin({ method, origin }: Visit, { origins }: AccessRules): string | null {
  const isReading = method === 'GET' || method === 'HEAD';
  return isReading && origin !== null && origins.has(origin) ? origin : null;
}

function judgeHost(visit: Visit, { names }: AccessRules): HttpRefusal | null {
  const { host, isBySocket } = visit;
  // RFC 9112, 3.2: a proxy in front may have judged by another one than the first.
  if (visit.isHostRepeated) return usage('the header Host is there more than once', NAME_SERVER);
  if (isBySocket) return null;
  if (host === null) return usage('the header Host is missing', NAME_SERVER);
  const name = hostNameOf(host);
  const isOwn = name !== null && (names.has(name) || name === visit.ownAddress);
  if (isOwn || isLocalName(name ?? '')) return null;
  const called = name ?? host;
  return {
    status: 403,
    code: 'host',
    message: `this server is not called ${called}; --http-name allows it`,
    hint: 'call it by its address, or as localhost',
  };
}

function judgeOrigin(visit: Visit, target: RouteAccess, rules: AccessRules): HttpRefusal | null {
  const { method, origin, host } = visit;
  if (method === 'OPTIONS') return foreign('a CORS preflight');
  if (allowedOrigin(visit, rules) !== null) return null;
  if (origin !== null && origin !== `${rules.scheme}://${host ?? ''}`) {
    return foreign(`the origin ${origin}`);
  }
  return isForeignPage(visit, target) ? foreign('a page of another site') : null;
}

/** Whether a browser says that another site asks; a person may come to the page from anywhere. */
function isForeignPage(visit: Visit, { isRoot }: RouteAccess): boolean {
  const { method, fetchSite, isNavigation } = visit;
  if (fetchSite !== 'cross-site' && fetchSite !== 'same-site') return false;
  return !(isRoot && isNavigation && (method === 'GET' || method === 'HEAD'));
}

function judgeToken(visit: Visit, { isOpen }: RouteAccess, rules: AccessRules): HttpRefusal | null {
  if (!rules.asksToken || isOpen || visit.isBySocket || visit.hasCertificate) return null;
  const token = tokenIn(visit.authorization);
  if (token !== null && rules.isToken(token)) return null;
  return {
    status: 401,
    code: 'token',
    message:
      token === null
        ? 'this address asks for a token, and the request has none'
        : 'this server does not know this token',
    hint: 'send the header Authorization: Bearer TOKEN; rarangi secret --token FILE prints the token of a secret',
  };
}

function judgeBody({ contentType }: Visit): HttpRefusal | null {
  if (isJson(contentType)) return null;
  return {
    status: 415,
    code: 'usage',
    message: 'the body has to be of type application/json',
    hint: 'send the header Content-Type: application/json',
  };
}

function judgeWriting(visit: Visit): HttpRefusal | null {
  if (visit.origin !== null) return foreign('a web page');
  if (visit.isProxied) {
    return {
      status: 403,
      code: 'proxied',
      message: 'a proxy is in between: its connection would count, not that of the service',
      hint: 'register without a proxy, by the socket or on loopback',
    };
  }
  if (visit.isFromHere || visit.isBySocket) return null;
  return {
    status: 403,
    code: 'not-here',
    message: 'register on the host itself: a cut cable would leave a dead service listed',
    hint: 'each host has servers of its own: http://127.0.0.1, or the socket',
  };
}

function foreign(what: string): HttpRefusal {
  return {
    status: 403,
    code: 'origin',
    message: `${what} may not use this server`,
    hint: 'start the server with --http-origin ORIGIN: then pages of that origin may read',
  };
}

function usage(message: string, hint: string): HttpRefusal {
  return { status: 400, code: 'usage', message, hint };
}

/** The name in a Host header, in lower case and without its port; null for what is none. */
function hostNameOf(host: string): string | null {
  const [, bracketed, plain] =
    /^(?:\[([0-9a-f:.]+)\]|([^:[\]@/]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '') ?? null;
}

function isLocalName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return /^127(\.\d{1,3}){3}$/.test(name);
}

function isJson(contentType: string | null): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? '');
}

/** The token of a Bearer, or the password of a Basic; null for neither. */
function tokenIn(authorization: string | null): string | null {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme === '') return null;
  const text = base64Text(value);
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : null;
}

/** The bytes that base64 stands for: a token has plain letters only. */
function base64Text(base64: string): string {
  let text = '';
  let bits = 0;
  let count = 0;
  for (const letter of base64.replaceAll('=', '')) {
    const value = BASE64.indexOf(letter);
    if (value < 0) return '';
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    text += String.fromCharCode((bits >> count) & 0xff);
  }
  return text;
}

const NAME_SERVER = 'send one header Host, with the name or the address of the server';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
