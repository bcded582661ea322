// The flags of `serve`, and the library's options for them. Those of its doors are in
// door-flags.ts.

import { Flags, type Interfaces } from '@oclif/core';

import { RarangiError, type ServeOptions } from '../index.ts';
import { doorFlags, doorOptionsOf } from './door-flags.ts';
import * as flag from './flags.ts';
import { refuseFlags } from './odd-flags.ts';

/** The flags of `serve`. */
export const serveFlags = {
  ...flag.environmentFlag,
  ...flag.lockFlags,
  cluster: Flags.string({
    description: 'The group of nearby hosts that this host belongs to.',
    default: 'default',
    env: 'RARANGI_SERVE_CLUSTER',
    helpValue: 'NAME',
  }),
  bind: Flags.string({
    description:
      'Where to listen. The name of an interface stands for its first address; the server follows it when that changes.',
    default: '127.0.0.1',
    env: 'RARANGI_SERVE_BIND',
    helpValue: 'ADDR|INTERFACE[:PORT]',
  }),
  advertise: Flags.string({
    description: 'Where others reach this server; required when --bind is a wildcard.',
    env: 'RARANGI_SERVE_ADVERTISE',
    helpValue: 'ADDR|INTERFACE[:PORT]',
  }),
  peer: Flags.string({
    description: 'A server to ask first for all others. Repeatable.',
    env: 'RARANGI_SERVE_PEER',
    helpValue: 'HOST[:PORT]',
    multiple: true,
    multipleNonGreedy: true,
  }),
  master: Flags.boolean({
    description: 'Let others link to this server; masters link to all masters.',
    env: 'RARANGI_SERVE_MASTER',
  }),
  name: Flags.string({
    description: 'The name of this server; by default HOST-a or HOST-b.',
    env: 'RARANGI_SERVE_NAME',
    helpValue: 'NAME',
  }),
  host: Flags.string({
    description: 'The name of this host.',
    env: 'RARANGI_SERVE_HOST',
    helpValue: 'NAME',
  }),
  socket: Flags.string({
    description: 'The UNIX socket to listen on as well.',
    env: 'RARANGI_SERVE_SOCKET',
    helpValue: 'PATH|none',
  }),
  'socket-mode': Flags.custom<number>({
    description: 'Who may connect to the socket, in octal; 0666 by default: all users.',
    env: 'RARANGI_SERVE_SOCKET_MODE',
    helpValue: 'MODE',
    parse: (text) => Promise.resolve().then(() => parseMode(text)),
  })(),
  'socket-group': Flags.string({
    description: 'The group of the socket, by name or number.',
    env: 'RARANGI_SERVE_SOCKET_GROUP',
    helpValue: 'GROUP',
  }),
  insecure: Flags.boolean({
    description: 'Listen on more than loopback without a secret.',
    env: 'RARANGI_SERVE_INSECURE',
  }),
  heartbeat: flag.duration({
    ...flag.lasting(400),
    description: 'How often a link carries a sign of life: 50ms to 10s, the same on all servers.',
    env: 'RARANGI_SERVE_HEARTBEAT',
  }),
  silence: flag.duration({
    ...flag.lasting(1200),
    description: 'After how much silence a link is lost: two heartbeats to 30s.',
    env: 'RARANGI_SERVE_SILENCE',
  }),
  grace: flag.duration({
    ...flag.lasting(500),
    description: 'How long the instances of a suspect server are still answered as live.',
    env: 'RARANGI_SERVE_GRACE',
  }),
  'split-hold': flag.duration({
    ...flag.lasting(15 * 60_000),
    description: 'How long the instances of a split server are kept as stale.',
    env: 'RARANGI_SERVE_SPLIT_HOLD',
  }),
  'max-connections': Flags.integer({
    description: 'How many connections of clients this server accepts at most.',
    default: 10_000,
    min: 1,
    env: 'RARANGI_SERVE_MAX_CONNECTIONS',
    helpValue: 'NUMBER',
  }),
  'max-connections-per-address': Flags.integer({
    description:
      'How many connections of one address it accepts at most; the UNIX socket counts as one address.',
    default: 4_096,
    min: 1,
    env: 'RARANGI_SERVE_MAX_CONNECTIONS_PER_ADDRESS',
    helpValue: 'NUMBER',
  }),
  'max-registrations': Flags.integer({
    description: 'How many registrations all clients of this server may hold together.',
    default: 500_000,
    min: 1,
    env: 'RARANGI_SERVE_MAX_REGISTRATIONS',
    helpValue: 'NUMBER',
  }),
  'max-bytes': Flags.integer({
    description:
      'How many bytes the registrations and watches of all clients may take on the wire together.',
    default: 256 * 1_024 * 1_024,
    min: 1,
    env: 'RARANGI_SERVE_MAX_BYTES',
    helpValue: 'NUMBER',
  }),
  history: Flags.integer({
    description: 'How many events the server remembers; 0 for none.',
    default: 10_000,
    min: 0,
    max: 1_000_000,
    env: 'RARANGI_SERVE_HISTORY',
    helpValue: 'NUMBER',
  }),
  ...doorFlags,
  'log-format': flag.logFormatFlag({ env: 'RARANGI_SERVE_LOG_FORMAT' }),
};

type ServeFlags = Interfaces.InferredFlags<typeof serveFlags>;

/** Refuses flags of a door or a socket that is `none`. Throws RARANGI_USAGE. */
export function refuseShutDoors({ raw, flags }: ParsedServe): void {
  const { doors, socket } = flags;
  const names = Object.keys(serveFlags);
  for (const kind of ['http', 'dns'] as const) {
    if (doors === undefined && !flag.listOf(flags[kind]).includes('none')) continue;
    const of = names.filter((name) => name.startsWith(`${kind}-`));
    refuseFlags({ raw }, of, `beside ${doors === undefined ? `--${kind}` : '--doors'} none`);
  }
  if (socket === 'none')
    refuseFlags({ raw }, ['socket-mode', 'socket-group'], 'beside --socket none');
}

interface ParsedServe extends Pick<Interfaces.ParserOutput, 'raw'> {
  readonly flags: ServeFlags;
}

/** The library's options for them. Throws RARANGI_USAGE. */
export function serveOptionsOf(flags: ServeFlags): ServeOptions {
  const { environment, cluster, bind, advertise, master, name, host, socket, insecure } = flags;
  return {
    ...flag.lockOptionsOf(flags),
    ...doorOptionsOf(flags),
    ...flag.givenOnly({ advertise, name, host, socket, master, insecure }),
    ...flag.givenOnly({ socketMode: flags['socket-mode'], socketGroup: flags['socket-group'] }),
    environment,
    cluster,
    bind,
    peers: flag.listOf(flags.peer),
    heartbeatMs: flags.heartbeat,
    silenceMs: flags.silence,
    graceMs: flags.grace,
    splitHoldMs: flags['split-hold'],
    maxConnections: flags['max-connections'],
    maxConnectionsPerAddress: flags['max-connections-per-address'],
    maxRegistrations: flags['max-registrations'],
    maxBytes: flags['max-bytes'],
    historyRows: flags.history,
  };
}

/** The mode of a file as chmod(1) has it. Throws RARANGI_USAGE. */
function parseMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw RarangiError.usage(`mode ${JSON.stringify(text)} is not an octal mode such as 0660`);
}
