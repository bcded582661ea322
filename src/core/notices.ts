// Facts for operators. The level and the sentence belong to the notice, not to the place that gives
// it; tests and checkers ask for notices by name. `{field}` in a sentence is that field: code that
// gives a notice without it does not compile.

import { type FieldsOf, filledIn, sentence, type SentenceSpec } from './kit/sentences.ts';

/** How much a notice matters. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

interface NoticeSpec extends SentenceSpec {
  readonly level: Level;
  /** If others can cause it again and again: by what its lines are rationed. */
  readonly rationed?: Rationed;
}

/** By the field `address`, or by the session that causes it and the address it comes from. */
export type Rationed = 'address' | 'session';

/** Every notice of a server. */
export const NOTICES = {
  'server-started': {
    level: 'info',
    sentence: 'server {name} of host {host} serves {environment} on {address}',
  },
  summary: {
    level: 'info',
    sentence: sentence(
      'summary: {servers} servers known, {links} linked, {missing} hosts missing; {registrations} ',
      'registrations known, {own} of them from clients of this server; {clients} clients, ',
      '{watches} watches, {strangers} connections before their handshake; {bytes} bytes of memory',
    ),
  },
  'loopback-advertised': {
    level: 'warn',
    sentence: sentence(
      'this server advertises the loopback address {address}, at which no other machine can reach it: ',
      'start it with an --advertise that other machines can reach',
    ),
  },
  'address-late': { level: 'warn', sentence: '{reason}; this server tries again every second' },
  'address-gone': {
    level: 'warn',
    sentence: sentence(
      'this host no longer has the address of {address}: other hosts cannot reach this server; ',
      'give the address back to the host, or start the server with the name of an interface, such as ',
      '--bind eth0: it then follows the address of the interface',
    ),
  },
  'address-back': {
    level: 'info',
    sentence: 'this host has the address of {address} again',
  },
  'address-changed': {
    level: 'warn',
    sentence: 'this server advertises {address} from now on, not {before}',
  },
  'not-followed': {
    level: 'warn',
    sentence:
      'cannot bind {address}, the new address of the interface: {reason}; this server tries again every 2 s',
  },
  'server-stopping': { level: 'info', sentence: 'server {name} says goodbye and stops' },
  'no-socket': {
    level: 'warn',
    sentence: 'no UNIX socket: {reason}; clients of this host {instead}',
  },
  'socket-bound-late': {
    level: 'info',
    sentence: 'the UNIX socket {path}, which could not be made at the start, is there now',
  },
  'socket-bound-anew': {
    level: 'warn',
    sentence: 'the file of the UNIX socket {path} was gone: this server made it again',
  },
  'no-door': {
    level: 'warn',
    sentence: 'no {door} at {address}: {reason}; tried again every second',
  },
  'door-closed': {
    level: 'error',
    sentence:
      'the {door} door failed and is closed: {reason}; this server tries to open it every 5 s',
  },
  'dns-unnamed': {
    level: 'warn',
    sentence:
      'service {service} has no name in DNS: {reason}; rarangi-dns(7) says which names DNS can have',
  },
  'dns-flood': {
    level: 'warn',
    sentence: '{address} asks DNS more than 1,000 times a second: every other query is dropped',
  },
  'door-fault': {
    level: 'error',
    rationed: 'address',
    besides: ['address'],
    sentence: 'a request by {door} was not answered because of a bug in rarangi: {reason}',
  },
  'few-open-files': {
    level: 'warn',
    sentence: sentence(
      'this process may open only {files} files, so this server accepts {connections} connections of ',
      'clients at most; raise the limit with LimitNOFILE= of its unit, or with ulimit -n',
    ),
  },
  'systemd-untold': {
    level: 'warn',
    sentence: 'this server could not tell systemd {state}: {reason}',
  },
  'view-complete': { level: 'info', sentence: 'the view is complete' },
  'view-incomplete': { level: 'warn', sentence: 'the view is not complete; missing: {missing}' },
  'link-up': {
    level: 'info',
    sentence: 'link to {peer} at {address} is up',
    besides: ['host'],
  },
  'link-down': { level: 'warn', sentence: 'link to {peer} at {address} is down: {reason}' },
  'timings-differ': {
    level: 'warn',
    sentence: sentence(
      'timings differ: {server} has a heartbeat of {heartbeatMs} ms and a silence of {silenceMs} ms, ',
      '{peer} has {peerHeartbeatMs} ms and {peerSilenceMs} ms; their link uses the longer of each; ',
      'give all servers the same --heartbeat and --silence',
    ),
  },
  'link-released': { level: 'info', sentence: 'link to {peer} at {address} is given up: {reason}' },
  'dial-failed': { level: 'info', sentence: 'cannot reach {address}: {reason}' },
  'refused-environment': {
    level: 'error',
    rationed: 'address',
    sentence: 'refused {address}: it serves environment {theirs}, this server serves {ours}',
  },
  'refused-stranger': {
    level: 'warn',
    rationed: 'address',
    sentence: 'refused {address}: {reason}',
  },
  'refused-address': {
    level: 'error',
    sentence: '{address} refused this server: {reason}',
  },
  'not-tried-again': {
    level: 'warn',
    sentence: 'this server does not try {address} again until it gets SIGHUP or is restarted',
  },
  reloaded: {
    level: 'info',
    sentence:
      'reload: this server reads its files again, and tries the addresses again that refused it',
  },
  'trust-reread': { level: 'info', sentence: 'the files were read again: {what}' },
  'trust-unchanged': {
    level: 'error',
    sentence:
      'the files that were read again are not used: {reason}; what was read before stays in use',
  },
  'limit-reached': {
    level: 'warn',
    besides: ['limit'],
    sentence:
      '{address} reached the limit of {max} {noun}, {times} times since the last such line: {hint}',
  },
  'protocol-breach': {
    level: 'warn',
    rationed: 'address',
    sentence: 'closed {address}: {reason}',
  },
  'left-out': {
    level: 'warn',
    sentence: '{address}: {times} more lines like {notice} were left out in the last minute',
  },
  'own-address': {
    level: 'info',
    sentence: '{address} is this server itself; it is not dialled again',
  },
  'port-held': {
    level: 'warn',
    sentence:
      'another program has {address}, the address of the other server of this host, ' +
      "or that server hangs; see which program has it with: ss -ltunp 'sport = {port}'",
  },
  'host-twice': {
    level: 'warn',
    sentence:
      'host {host} has two servers of side {side}: {address} and {other}; ' +
      'if they are two machines, give each a name of its own with --host',
  },
  'origin-reachable': { level: 'info', sentence: 'server {server} of host {host} is reachable' },
  'origin-suspect': {
    level: 'warn',
    sentence: 'server {server} of host {host} cannot be reached and is suspect',
  },
  'origin-left': { level: 'info', sentence: 'server {server} of host {host} said goodbye' },
  'origin-crashed': {
    level: 'warn',
    sentence: 'server {server} of host {host} is gone: it is considered crashed',
  },
  'origin-split': {
    level: 'warn',
    sentence:
      'server {server} of host {host} is cut off by a net-split; what it held is kept as stale',
  },
  'origin-forgotten': {
    level: 'info',
    sentence: 'server {server} of host {host} is forgotten: {reason}',
  },
  'state-differs': {
    level: 'error',
    sentence:
      'the log of {server} is not the same here as at {peer}; this server asks for all of it again',
  },
  slept: { level: 'warn', sentence: 'this server did not run for {milliseconds} ms' },
  'instance-registered': {
    level: 'info',
    rationed: 'session',
    sentence: '{service} at {address} is registered ({instance})',
  },
  'instance-removed': {
    level: 'info',
    rationed: 'session',
    sentence: '{service} at {address} is removed: {cause} ({instance})',
  },
  fault: {
    level: 'error',
    rationed: 'address',
    besides: ['address'],
    sentence: sentence(
      'a bug in rarangi, while it handled {what} (number {count} since the start): {reason}; ',
      'please report it',
    ),
  },
  'too-long': {
    level: 'error',
    sentence:
      'a message `{message}` for {address} is too long to be sent: a bug in rarangi; please report it',
  },
  'no-master': {
    level: 'warn',
    sentence:
      'there are several hosts and no master: start the servers of two or three hosts with --master',
  },
  'masters-unreachable': { level: 'warn', sentence: 'no master can be reached' },
} as const satisfies Readonly<Record<string, NoticeSpec>>;

/** The name of a notice. */
export type NoticeName = keyof typeof NOTICES;

/** The notices that have to name the session that caused them. */
export type SessionNoticeName = {
  [N in NoticeName]: (typeof NOTICES)[N] extends { readonly rationed: 'session' } ? N : never;
}[NoticeName];

/** The session that caused a notice, and where it comes from. */
export interface NoticeCause {
  readonly id: number;
  readonly remote: string;
}

/** The fields of a notice: those of its sentence, and those that its row has besides. */
export type NoticeFields<N extends NoticeName> = FieldsOf<(typeof NOTICES)[N]>;

/** A fact for an operator. */
export type Notice = {
  [N in NoticeName]: { readonly name: N; readonly fields: NoticeFields<N> };
}[NoticeName];

/** A notice whose name is known only where it is given. */
export function noticeOf<N extends NoticeName>(name: N, fields: NoticeFields<N>): Notice {
  // The compiler does not follow that name and fields are of one N.
  return { name, fields } as Notice;
}

/** By what the lines of a notice are rationed; undefined where each is told. */
export function rationedBy(name: NoticeName): Rationed | undefined {
  const spec: NoticeSpec = NOTICES[name];
  return spec.rationed;
}

/** The sentence of a notice with its fields filled in. */
export function sentenceOf({ name, fields }: Notice): string {
  return filledIn(NOTICES[name].sentence, fields);
}
