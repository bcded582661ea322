// Every number of the protocol: versions, ports, limits, each with its unit in its name and its
// reason beside it. One invariant: nothing here depends on anything, so everything may use it.

/** The protocol versions this build speaks, newest first. */
export const PROTOCOL_VERSIONS: readonly number[] = [2];

/** Side A's port of each well-known environment; side B's is the next one. */
export const WELL_KNOWN_PORTS: ReadonlyMap<string, number> = new Map([
  ['production', 17310],
  ['staging', 17320],
  ['testing', 17330],
  ['development', 17340],
]);

/** The environment if none is named: a slip must never touch production. */
export const DEFAULT_ENVIRONMENT = 'development';

/** A stranger may make us buffer no more than this. A `hello` with its facts is some 500 bytes. */
export const HANDSHAKE_FRAME_BYTES_MAX = 4 * 1024;

/** Large enough for thousands of registrations, small enough to be no burden while it arrives. */
export const FRAME_BYTES_MAX = 1024 * 1024;

/** A sender fills a frame up to this before it starts the next: half the limit leaves room. */
export const FRAME_BYTES_TARGET = 256 * 1024;

/** A stranger that says nothing is closed after this. */
export const HANDSHAKE_MS_MAX = 2_000;

/** Length of the names of services, hosts, clusters, servers, environments and of tag keys. */
export const NAME_CHARACTERS_MAX = 128;

/** Bytes of a tag's value in UTF-8. Long enough for a URL or a small JSON document. */
export const TAG_VALUE_BYTES_MAX = 1024;

/** Tags of one instance. With the limits above a registration always fits one frame. */
export const TAGS_MAX = 64;

/** Characters of the scheme of a URI: the longest that anybody has registered has 36. */
export const SCHEME_CHARACTERS_MAX = 128;

/**
 * The last number of an entry, and of a change of a registration. A thousand a second for a hundred
 * thousand years; and sums of such numbers stay exact.
 */
export const SEQUENCE_MAX = 2 ** 52;

/** Bytes of free text for people about a removal: who or what did it. */
export const DETAIL_BYTES_MAX = 200;

/** Servers named in an event: hardly more than two hold an instance. */
export const EVENT_SERVERS_MAX = 8;

/** The bounds of a heartbeat, and of the silence after which an end is given up: two of them. */
export const HEARTBEAT_MS_MIN = 50;
export const HEARTBEAT_MS_MAX = 10_000;
export const SILENCE_MS_MAX = 30_000;

/** Bytes of free text for people: reasons of errors. */
export const REASON_BYTES_MAX = 512;

/** The most faults that a server's report names. */
export const REASONS_MAX = 32;

/** Hosts that are named beside an answer because they were lost lately, or never answered. */
export const DOUBTS_MAX = 16;

/** The host part of an address: at most a name of DNS. */
export const HOST_BYTES_MAX = 255;

/** Versions that one server may speak. */
export const PROTOCOLS_MAX = 16;

/** Addresses that one server may advertise. */
export const ADDRESSES_MAX = 8;

/** Missing hosts that are named; how many there are is said beside it. */
export const MISSING_NAMES_MAX = 256;

/** Instances that one watch may bring along: a megabyte would be too much for a frame. */
export const KNOWN_MAX = 32_768;

/** Entries of one batch: many more than fit the part of a frame that a sender fills. */
export const BATCH_ENTRIES_MAX = 65_536;

/** Goodbyes remembered: at a thousand hosts some weeks of restarts, and one megabyte. */
export const GOODBYES_MAX = 65_536;

/** How long a goodbye is remembered: longer than any frozen log is held. */
export const GOODBYE_MS = 60 * 60 * 1000;

/** Each end of a link sends something at least this often. */
export const LINK_HEARTBEAT_MS = 400;

/** A link that was silent for this long is lost: three heartbeats. */
export const LINK_SILENCE_MS = 1_200;

/** Each end of a session sends something at least this often. */
export const SESSION_HEARTBEAT_MS = 1_000;

/** A session over TCP that was silent for this long is lost. */
export const SESSION_SILENCE_MS = 3_000;

/** How long a suspect origin is still answered before it is judged: crash or split? */
export const GRACE_MS = 500;

/** How long a split origin stays frozen. */
export const SPLIT_HOLD_MS = 15 * 60 * 1000;
