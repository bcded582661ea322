// Why there is no answer, for a person: the message names the thing, the hint says what to do next
// and which environments do run on this host. One place, so that every command says it alike.

import { incompleteText, type ViewSaid } from '../../answers/view.ts';
import type { Attempt } from '../../core/client/ask.ts';
import type { DenialAt, Refusal } from '../../core/client/effect.ts';
import type { Unheard } from '../../core/client/watcher.ts';
import { DEFAULT_ENVIRONMENT, WELL_KNOWN_PORTS } from '../../protocol/constants.ts';
import type { ProtocolErrorName } from '../../protocol/errors.ts';
import type { ClientOptions } from './options.ts';
import { localSockets } from './candidates.ts';
import { disbeliefOf } from '../machine/socket-trust.ts';
import { environmentsHere } from './environments.ts';
import { hostIn, isDoorPort } from '../machine/addresses.ts';
import { RarangiError } from '../rarangi-error.ts';

/** No server could be reached. */
export async function unreachableError(
  options: ClientOptions,
  attempts: readonly Attempt[],
): Promise<RarangiError> {
  const environment = options.environment ?? DEFAULT_ENVIRONMENT;
  const isNamed = options.servers !== undefined && options.servers.length > 0;
  const where = isNamed ? ` at ${(options.servers ?? []).join(', ')}` : ' on this host';
  const [first] = attempts;
  const strangers = attempts.filter(({ isStranger }) => isStranger === true);
  const message = `no catalogue server of environment ${environment} could be reached${where}`;
  if (strangers.length > 0) {
    const said = strangers.map(({ address, reason }) => `${address} (${reason})`).join(', ');
    return new RarangiError(
      'RARANGI_UNREACHABLE',
      `${message}: at ${said} is another program, or a server that hangs`,
      { hint: strangersHint(strangers) },
    );
  }
  const disbelief = isNamed ? null : disbeliefHere(environment);
  const why =
    isNamed && first !== undefined ? `: ${first.address}: ${first.reason}` : (disbelief ?? '');
  return new RarangiError('RARANGI_UNREACHABLE', `${message}${why}`, {
    hint: `${startHint(environment, isNamed)}${await othersHint(environment)}`,
  });
}

/** Every address was tried in vain. */
export async function unheardError(
  options: ClientOptions,
  { denials, attempts }: Unheard,
): Promise<RarangiError> {
  const denial = denials.find(({ isOurs }) => !isOurs);
  if (denial === undefined) return await unreachableError(options, attempts);
  return deniedError(`${denial.address} refuses: ${denial.reason}`, denial);
}

/** Only the host on which it runs knows which program it is. */
function strangersHint(strangers: readonly Attempt[]): string {
  const door = strangers
    .map(({ address }) => address)
    .find((address) => isDoorPort(portIn(address)));
  if (door !== undefined) {
    const port = String(portIn(door));
    return `${port} is a port for HTTP or DNS; name the server without a port: --server ${hostIn(door)}`;
  }
  const path = strangers.map(({ address }) => address).find((address) => address.includes('/'));
  if (path !== undefined) return `see which program it is: ss -lxp src ${path}`;
  const ports = strangers.map(({ address }) => `sport = ${String(portIn(address))}`);
  return `see on that host which program it is: ss -ltnp '${ports.join(' or ')}'`;
}

function portIn(address: string): number {
  return Number(/:(\d+)$/.exec(address)?.[1] ?? '0');
}

/** A socket that is there and is not trusted: the most likely reason. */
function disbeliefHere(environment: string): string | null {
  for (const path of localSockets(environment)) {
    const disbelief = disbeliefOf(path);
    if (disbelief !== null) return `; the socket of a server is ${disbelief}`;
  }
  return null;
}

function startHint(environment: string, isNamed: boolean): string {
  if (isNamed) return 'see whether the server runs, or name another one with: --server';
  const [bind, port] = WELL_KNOWN_PORTS.has(environment)
    ? ['', '']
    : [' --bind ADDR:PORT', ':PORT'];
  return (
    `start a server with: rarangi serve -e ${environment}${bind}, ` +
    `or name one with: --server HOST${port}`
  );
}

async function othersHint(environment: string): Promise<string> {
  const others = (await environmentsHere()).filter((other) => other !== environment);
  return others.length === 0
    ? ''
    : ` (servers of other environments run on this host: ${others.join(', ')})`;
}

/** A server refused us, or we refused it. */
export function refusedError(refusal: Refusal): RarangiError {
  const { address, theirs, why, reason } = refusal;
  const hint =
    theirs === null
      ? REFUSAL_HINTS[why]
      : `if you mean that environment, use: --environment ${theirs}`;
  return new RarangiError('RARANGI_REFUSED', `refused ${address}: ${reason}`, { hint });
}

/** A server refused a request, or had no room; time may make room. */
export function deniedError(
  message: string,
  { why, address }: { readonly why: ProtocolErrorName; readonly address?: string },
): RarangiError {
  const hint = hintOf(why, address);
  return new RarangiError('RARANGI_REFUSED', message, { hint, retryable: why === 'overloaded' });
}

/** Why an address gives no session, or refuses an offer. */
export interface DenialInfo {
  /** Its address. */
  readonly server: string;
  readonly reason: string;
  /** What to do. */
  readonly hint: string;
}

/** The same for the program that embeds the library. */
export function denialInfoOf({ address, why, reason }: DenialAt): DenialInfo {
  return { server: address, reason, hint: hintOf(why, address) };
}

/** What to do about a refusal. Who has the places of a server, only its own host can show. */
function hintOf(why: ProtocolErrorName, address: string | undefined): string {
  if (why !== 'overloaded' || address === undefined) return REFUSAL_HINTS[why];
  const filter = address.includes('/')
    ? `-xp src ${address}`
    : `-tnp 'sport = ${String(portIn(address))}'`;
  return `try again later, or see on that host who is connected: ss ${filter}`;
}

/** A server was there and gave no answer. */
export function unansweredError(attempts: readonly Attempt[], timeoutMs: number): RarangiError {
  const tried = attempts.map(({ address, reason }) => `${address}: ${reason}`).join('; ');
  return new RarangiError(
    'RARANGI_TIMEOUT',
    `no server gave an answer within ${String(timeoutMs)} ms (${tried})`,
    { hint: 'allow more time with: --timeout 10s' },
  );
}

/** The caller has lost interest; `cause` is the reason of its signal. */
export function abortedError(what: string, cause?: unknown): RarangiError {
  return new RarangiError('RARANGI_ABORTED', `${what} was aborted by its caller`, { cause });
}

/** There was no live instance in all the time that the caller would wait. */
export function waitedInVain(given: {
  readonly service: string;
  readonly waitMs: number;
  readonly wasConnected: boolean;
  readonly denials: readonly DenialAt[];
}): RarangiError {
  const { service, waitMs, wasConnected, denials } = given;
  const [denial] = denials;
  const message = `no live instance of ${service} within ${String(waitMs)} ms`;
  if (denial !== undefined) {
    const { server, reason, hint } = denialInfoOf(denial);
    return new RarangiError('RARANGI_TIMEOUT', `${message}; ${server}: ${reason}`, { hint });
  }
  const why = wasConnected ? '' : ', and no catalogue server could be reached';
  return new RarangiError('RARANGI_TIMEOUT', `${message}${why}`, {
    hint: `see what is there with: rarangi ${wasConnected ? 'lookup' : 'status'}`,
  });
}

/** What keeps `resolve` from naming an instance. */
export interface Dearth extends ViewSaid {
  readonly service: string;
  /** How many match, live or stale, without the ones left out. */
  readonly live: number;
  readonly stale: number;
}

/** There is no instance that the caller would take: surely, or as far as servers can tell. */
export function dearthError({ service, live, stale, ...view }: Dearth): RarangiError {
  if (stale > 0) {
    const message = `there are only stale instances of ${service} (${String(stale)})`;
    return new RarangiError('RARANGI_UNCERTAIN', message, {
      hint: 'they may run beyond a net-split: accept them with allowStale, or wait with waitMs',
    });
  }
  const others = live > 0 ? ` but the ${String(live)} left out` : '';
  const message = `there is no instance of ${service}${others}`;
  if (view.complete) return new RarangiError('RARANGI_NONE', message);
  return new RarangiError('RARANGI_UNCERTAIN', `${message}, but ${incompleteText(view)}`);
}

const SAME_VERSION = 'run the same version of rarangi on both sides';

/** What to do about each refusal; the compiler asks for a new one's entry. */
const REFUSAL_HINTS: Readonly<Record<ProtocolErrorName, string>> = {
  'malformed-frame': SAME_VERSION,
  'frame-too-long': SAME_VERSION,
  'malformed-message': SAME_VERSION,
  'unexpected-message': SAME_VERSION,
  'unknown-message': SAME_VERSION,
  'no-common-version': SAME_VERSION,
  'wrong-environment': 'name the environment of the server with: --environment',
  'handshake-timeout': 'try again, or name another server with: --server',
  silent: 'try again, or name another server with: --server',
  duplicate: 'try again, or name another server with: --server',
  self: 'name another server with: --server',
  left: 'try again, or name another server with: --server',
  refused: 'the server says why; its limits are in rarangi-serve(1)',
  overloaded: 'try again later, or name another server with: --server',
  locked:
    'if the environment has a secret, use --secret-file FILE; if it has certificates, the --tls files',
  'not-trusted':
    'compare the --secret-file or the --tls files of both sides; the log of the server has its reason',
  'wrong-key': 'another client has this instance: register again',
  'given-up': 'register again',
};
