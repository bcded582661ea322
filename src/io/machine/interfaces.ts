// The addresses that this machine has now: a lease ends, an interface is renamed or goes. The
// invariant: the system is asked anew each time, and nothing is remembered. An interface whose
// cable is out keeps its addresses, but Node.js lists none of them; so an address that is not
// listed is tried.

import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

import { familyOf, isLoopback } from './addresses.ts';

/** Whether there is an interface of that name; on Linux one that has no address yet is one, too. */
export function isInterface(name: string): boolean {
  return firstAddressOf(name) !== null || devices().includes(name);
}

/** The names of the interfaces that Linux has, whether they have addresses or not. */
function devices(): string[] {
  try {
    const lines = readFileSync('/proc/net/dev', 'latin1').split('\n');
    return lines.flatMap((line) => /^ *(\S+):/.exec(line)?.[1] ?? []);
  } catch {
    // Another system.
    return [];
  }
}

/** The first address of an interface; IPv6 of the link alone means nothing elsewhere. */
export function firstAddressOf(name: string): string | null {
  const all: readonly NetworkInterfaceInfo[] = networkInterfaces()[name] ?? [];
  return all.find(({ address }) => !/^fe80:/i.test(address))?.address ?? null;
}

/** Whether this machine has an IP address; all of 127.0.0.0/8 is its own. */
export async function isHere(ip: string): Promise<boolean> {
  if (isLoopback(ip)) return true;
  const listed = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  if (listed.some(({ address }) => address.toLowerCase() === ip.toLowerCase())) return true;
  return isIP(ip) !== 0 && (await canBind(ip));
}

/** The kernel binds every address of the machine, even one that is of no use just now. */
async function canBind(address: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createSocket(`udp${familyOf(address)}`);
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ address, port: 0, exclusive: true }, () => {
      socket.close();
      resolve(true);
    });
  });
}
