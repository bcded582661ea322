// The limits of HTTP: every limit of the door that is not the core's, with its number. The
// invariants: each number stands here once; the door, the metrics and rarangi-http(7) follow it.

interface HttpLimit {
  readonly max: number;
  readonly doc: string;
}

/** Every limit, by its name in metrics. */
export const HTTP_LIMITS = {
  'http-header-bytes': {
    max: 8 * 1_024,
    doc: 'Bytes of the headers of a request. A larger one is answered 431, and its connection ends.',
  },
  'http-header-ms': {
    max: 2_000,
    doc: 'Milliseconds until the headers are there, else 408.',
  },
  'http-request-ms': {
    max: 5_000,
    doc: 'Milliseconds until a request is whole, else 408.',
  },
  'http-body-bytes': {
    max: 64 * 1_024,
    doc: 'Bytes of the body of a registration, else 413.',
  },
  'http-connections': {
    max: 4_096,
    doc: 'Connections. The one that has idled longest is closed for the newcomer; if none idles, the newcomer is closed.',
  },
  'http-connections-per-address': {
    max: 256,
    doc: 'Connections of one address beyond loopback. At the limit they are closed in the same way.',
  },
  'http-streams': {
    max: 1_024,
    doc: 'Connections that last: watches, waits and registrations. Further ones are answered 429.',
  },
  'http-services-per-watch': {
    max: 256,
    doc: 'Services and patterns of a watch, else 429.',
  },
  'http-told-in-all': {
    max: 1_048_576,
    doc: 'Instances that are remembered for watches with a tag or a cluster, to tell when one no longer fits; some 50 MB. Beyond that the watches that were told of most end, with the line failed. Watches of all instances need none.',
  },
  'http-requests-per-second': {
    max: 1_000,
    doc: 'Requests a second of one address beyond loopback. Further ones are answered 429.',
  },
  'http-unread-bytes': {
    max: 1_024 * 1_024,
    doc: 'Bytes of a stream that wait for a reader that does not read. Beyond that the connection is closed.',
  },
  'http-unread-bytes-in-all': {
    max: 256 * 1_024 * 1_024,
    doc: 'Bytes of answers and streams that wait for all readers together. Beyond that the connections with the most are closed, until three quarters are left.',
  },
  'http-unread-ms': {
    max: 5_000,
    doc: 'Milliseconds in which a reader takes none of the bytes that wait for it, twice in a row at most; then its connection is closed.',
  },
  'http-requests-ahead': {
    max: 256,
    doc: 'Requests of one connection that are not answered yet. They are answered one after the other; beyond that the connection is closed.',
  },
  'http-requests-ahead-in-all': {
    max: 16_384,
    doc: 'Requests of all connections together that are not answered yet, each with its headers in memory. Beyond that the connections with the most are closed, until three quarters are left.',
  },
  'http-idle-ms': {
    max: 60_000,
    doc: 'Milliseconds that a connection may idle between two requests.',
  },
} as const satisfies Readonly<Record<string, HttpLimit>>;

/** The name of a limit. */
export type HttpLimitName = keyof typeof HTTP_LIMITS;
