// Whether a host that someone wrote is this machine. Interfaces come and go, so it is asked each time.
// The invariant: what is said here decides only how soon an address is dialled again, never whom a
// client trusts.

import { hostname, networkInterfaces } from 'node:os';

/** Whether a host, without brackets, is an address of this machine's interfaces or its name. */
export function isOwnHost(host: string): boolean {
  if (host === hostname()) return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === host),
  );
}
