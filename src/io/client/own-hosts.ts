// Whether a host in an option is this machine. Interfaces come and go, so the system is asked each
// time. The invariant: the answer decides only how soon an address is dialled again, never which
// server a client trusts.

import { hostname, networkInterfaces } from 'node:os';

/** Whether a host, without brackets, is an address of this machine's interfaces or its name. */
export function isOwnHost(host: string): boolean {
  if (host === hostname()) return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === host),
  );
}
