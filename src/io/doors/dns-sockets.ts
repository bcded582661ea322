// What the two transports of DNS have in common. The invariant: what arrives is handed over with
// where it came from, and an answer that comes late finds its way back or is dropped.

/** From where a query came, and where its answer goes. */
export interface DnsSource {
  /** An IP address. */
  readonly address: string;
  readonly isStream: boolean;
  /** Called once, or never. The bytes are the caller's again when it returns. */
  reply(bytes: Uint8Array): void;
}

/** Who takes queries. */
export interface DnsAsker {
  readonly take: (bytes: Uint8Array, source: DnsSource) => void;
  /** The socket is of no use any more. */
  readonly fail: (error: unknown) => void;
}

/** Where DNS is listened for: an IP address and a port. */
export interface DnsEndpoint {
  readonly host: string;
  readonly port: number;
}

/** A socket that listens. */
export interface DnsListener {
  /** Takes nobody any more; who is there is answered still. */
  close(): void;
  /** The same, and ends who is there; resolves when the port is free. */
  end(): Promise<void>;
}

/** The address of IPv4 that one of IPv6 stands for, where it does. */
export function plainAddress(address: string): string {
  return address.includes(':') ? address.replace(/^::ffff:(?=\d+\.)/i, '') : address;
}
