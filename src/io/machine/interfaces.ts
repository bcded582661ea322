// The addresses that this machine has now: a lease ends, a cable is pulled, an interface is renamed.
// The invariant: the system is asked anew each time, and nothing is remembered.

import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

import { isLoopback } from './addresses.ts';

/** Whether there is an interface of that name that has an address. */
export function isInterface(name: string): boolean {
  return firstAddressOf(name) !== null;
}

/** The first address of an interface; IPv6 of the link alone means nothing elsewhere. */
export function firstAddressOf(name: string): string | null {
  const all: readonly NetworkInterfaceInfo[] = networkInterfaces()[name] ?? [];
  return all.find(({ address }) => !/^fe80:/i.test(address))?.address ?? null;
}

/** Whether this machine has an IP address; all of 127.0.0.0/8 is its own. */
export function isHere(ip: string): boolean {
  if (isLoopback(ip)) return true;
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => address.toLowerCase() === ip.toLowerCase());
}
