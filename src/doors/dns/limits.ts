// The limits of DNS that operators hear of, with their numbers. The invariant: each number stands
// here once; the door and the metrics follow it, and rarangi-dns(7) says the same.

/** The limits, by their names in metrics. */
export const DNS_LIMITS = {
  /** Queries a second of one address beyond loopback. */
  'dns-queries-per-second': 1_000,
  /** Connections over TCP at all places of a door: the one that is idle longest makes room. */
  'dns-connections': 256,
  /**
   * Bytes of queries and answers that wait for all connections over TCP together: one may have 64
   * answers of 64 KiB. With more those connections are closed for which most waits.
   */
  'dns-unread-bytes-in-all': 64 * 1_024 * 1_024,
} as const;

/** The name of a limit. */
export type DnsLimitName = keyof typeof DNS_LIMITS;
