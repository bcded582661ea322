// The one order of texts: by UTF-16 code units. The invariant: it is the same on every machine, so
// servers with the same state send it in the same order.

/** Orders texts by their UTF-16 units: the same everywhere. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** A host as it stands before a port: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The host of an address `host:port`; IPv6 without its brackets. */
export function hostPartOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
}
