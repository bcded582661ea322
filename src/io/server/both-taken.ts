// Why a server cannot have a well-known port of an address: both are taken. The invariant: the
// message says that servers run there only if they have answered; any other listener is called
// another program.

import { formatAddress, LOOPBACK_HOSTS } from '../machine/addresses.ts';
import type { PortPair } from '../machine/addresses.ts';
import { environmentAt } from '../machine/greeting.ts';
import { listenerUid } from '../machine/listener-uid.ts';
import { RarangiError } from '../rarangi-error.ts';
import type { Runtime } from '../machine/runtime.ts';
import type { ServeSettings } from './serve-options.ts';

/** The ports that are taken. */
interface Taken {
  readonly ip: string;
  readonly ports: PortPair;
  readonly runtime: Runtime;
}

/** Asks which programs have the ports of both sides, and says what to do about it. */
export async function bothTaken(
  { environment, lock }: Pick<ServeSettings, 'environment' | 'lock'>,
  { ip, ports, runtime }: Taken,
): Promise<RarangiError> {
  const all = [ports.a, ports.b];
  const ask = { runtime, limitMs: GREETING_MS_MAX };
  const found = await Promise.all(all.map((port) => environmentAt(formatAddress(ip, port), ask)));
  const strange = all.filter((_, index) => found[index] !== environment);
  const taken =
    `both ports of environment ${environment} at ${ip} are taken, ` +
    `${String(ports.a)} and ${String(ports.b)}`;
  if (strange.length === 0) {
    const at = LOOPBACK_HOSTS.includes(ip) ? '' : ` --server ${formatAddress(ip, ports.a)}`;
    const secret = lock.secretFile === undefined ? '' : ` --secret-file ${lock.secretFile}`;
    const hint =
      'the two servers that a host has of an environment run already; see them with: ' +
      `rarangi peers -e ${environment}${at}${secret}`;
    return RarangiError.usage(taken, hint);
  }
  const held = strange.map((port) => `${String(port)}${userAt(formatAddress(ip, port))}`);
  const ss = `ss -ltnp '${strange.map((port) => `sport = ${String(port)}`).join(' or ')}'`;
  return RarangiError.usage(
    `${taken}; no server of ${environment} answers at ${held.join(' or ')}`,
    `see which program it is, and end it: ${ss}; or serve at another address: --bind ADDR`,
  );
}

function userAt(address: string): string {
  const uid = listenerUid(address);
  return uid === null ? '' : ` (held by a program of uid ${String(uid)})`;
}

/** One that has only just started may be slow. */
const GREETING_MS_MAX = 2_000;
