// Whether an address is in one of some networks. The invariant: an IPv4 address is the same whether
// it is written as one of IPv6 or not.

import { BlockList, isIPv6 } from 'node:net';

import type { Network } from './door-options.ts';

/** Whether an IP address belongs to these networks; null stands for none. */
export function isWithin(address: string, networks: readonly Network[] | 'any' | null): boolean {
  if (networks === 'any') return true;
  if (networks === null) return false;
  return listOf(networks).check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function listOf(networks: readonly Network[]): BlockList {
  let list = LISTS.get(networks);
  if (list === undefined) {
    list = new BlockList();
    for (const { ip, bits } of networks) list.addSubnet(ip, bits, isIPv6(ip) ? 'ipv6' : 'ipv4');
    LISTS.set(networks, list);
  }
  return list;
}

const LISTS = new WeakMap<readonly Network[], BlockList>();
