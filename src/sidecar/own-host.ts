// Whether an address or a name leads to this host, however it is written. The invariant: what cannot
// be told in time is not taken for a yes.

import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Whether a connection to it comes to a socket of this host. Never rejects. */
export async function isOfThisHost(host: string): Promise<boolean> {
  const own = ownAddresses();
  const addresses = await addressesOf(host.replace(/^\[|\]$/g, ''));
  return addresses.some((address) => own.check(address, familyOf(address)));
}

/** As they are now: they come and go. */
function ownAddresses(): BlockList {
  const own = new BlockList();
  own.addSubnet('127.0.0.0', 8);
  // A connection to an address that stands for all stays on this host.
  for (const address of ['0.0.0.0', '::', '::1']) own.addAddress(address, familyOf(address));
  for (const one of Object.values(networkInterfaces()).flatMap((each) => each ?? [])) {
    own.addAddress(one.address, familyOf(one.address));
  }
  return own;
}

/** An address stays as it is; a name nobody knows has none. */
async function addressesOf(host: string): Promise<string[]> {
  const over = new AbortController();
  const late = delay(RESOLVE_MS_MAX, [], { signal: over.signal }).catch(() => []);
  const found = lookup(host, { all: true }).catch(() => []);
  const addresses = await Promise.race([found, late]);
  over.abort();
  return addresses.map(({ address }) => address);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

const RESOLVE_MS_MAX = 1_000;
