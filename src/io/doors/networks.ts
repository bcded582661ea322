// Whether an address is in one of some networks. The invariant: an IPv4 address is the same whether
// it is written as one of IPv6 or not.

import { BlockList } from 'node:net';

import { familyOf } from '../machine/addresses.ts';
import type { Network } from './door-options.ts';

/** Whether an IP address belongs to these networks; null stands for none. */
export function isWithin(address: string, networks: readonly Network[] | 'any' | null): boolean {
  if (networks === 'any') return true;
  if (networks === null) return false;
  return listOf(networks).check(address, `ipv${familyOf(address)}`);
}

function listOf(networks: readonly Network[]): BlockList {
  let list = LISTS.get(networks);
  if (list === undefined) {
    list = new BlockList();
    for (const { ip, bits } of networks) list.addSubnet(ip, bits, `ipv${familyOf(ip)}`);
    LISTS.set(networks, list);
  }
  return list;
}

const LISTS = new WeakMap<readonly Network[], BlockList>();
