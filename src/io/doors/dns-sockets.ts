// What the two transports of DNS have in common. The invariant: a query is handed over with its
// sender's address, and an answer that comes late finds its way back or is dropped.

/** The sender of a query, and the way for its answer. */
export interface DnsSource {
  /** An IP address. */
  readonly address: string;
  readonly isStream: boolean;
  /** Called once, unless there is no answer. The bytes are the caller's again when it returns. */
  reply(bytes: Uint8Array): void;
}

/** Who takes queries. */
export interface DnsAsker {
  /** Returns false if there is no answer, now or later. */
  readonly take: (bytes: Uint8Array, source: DnsSource) => boolean;
  /** The socket is of no use any more. */
  readonly fail: (error: unknown) => void;
}

/** Where DNS listens: an IP address and a port. */
export interface DnsEndpoint {
  readonly host: string;
  readonly port: number;
}

/** A socket that listens. */
export interface DnsListener {
  /** Accepts no more; connections that are there are still answered. */
  close(): void;
  /** The same, and closes all connections; resolves when the port is free. */
  end(): Promise<void>;
}

/** The address of IPv4 that one of IPv6 stands for, where it does. */
export function plainAddress(address: string): string {
  return address.includes(':') ? address.replace(/^::ffff:(?=\d+\.)/i, '') : address;
}
