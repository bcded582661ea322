// How many bytes may wait in memory for other ends that do not read. The numbers stand apart from
// the other limits, because clients have them too: a command that starts by the hundred reads no
// table of limits.

const MIB = 1_024 * 1_024;

/** For one connection: twice the answer for a hundred thousand instances. */
export const UNREAD_BYTES_MAX = 64 * MIB;

/** For all clients of a server together. */
export const UNREAD_BYTES_SUM_MAX = 256 * MIB;
