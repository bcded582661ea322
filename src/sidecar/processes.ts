// The processes of this host, and the sockets that they listen on, as Linux shows them. The
// invariant: nothing here throws, and a thing that cannot be seen (another user's process, a system
// without /proc) is distinguished from one that is not there.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that runs. */
export interface Process {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** The number of its controlling terminal; 0 for none. */
  readonly terminal: number;
  /** When it began, in ticks since the start of the system. */
  readonly startTicks: number;
}

/** All processes that run, without those that have ended and wait to be reaped. */
export function runningProcesses(): Process[] {
  return numbersIn('/proc').flatMap((pid) => {
    const found = processOf(pid);
    return found === null ? [] : [found];
  });
}

/** One process; null when it has ended, or cannot be seen. */
export function processOf(pid: number | 'self'): Process | null {
  return readStat(text(`/proc/${String(pid)}/stat`) ?? '');
}

/** Reads proc(5): the name stands in parentheses and may hold any characters. */
export function readStat(stat: string): Process | null {
  const end = stat.lastIndexOf(')');
  const [state = '', ...fields] = stat.slice(end + 2).split(' ');
  const [parent = 0, group = 0, session = 0, terminal = 0] = fields.map(Number);
  if (end === -1 || 'ZX'.includes(state)) return null;
  const name = stat.slice(stat.indexOf('(') + 1, end);
  const startTicks = Number(fields[START_FIELD]);
  const pid = Number.parseInt(stat, 10);
  return { pid, name, parent, group, session, terminal, startTicks };
}

/** The processes that descend from one, itself included, as long as each has its own parent. */
export function descendantsOf(pid: number, all: readonly Process[]): Process[] {
  const found = new Set([pid]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.add(one.pid);
  }
  return all.filter((one) => found.has(one.pid));
}

/** The variables that a process was started with; none of a process that cannot be seen. */
export function variablesOf(pid: number): string[] {
  return text(`/proc/${String(pid)}/environ`)?.split('\0') ?? [];
}

/** The sockets that a process holds, by their inodes; none of a process that cannot be seen. */
export function socketsOf(pid: number | 'self'): Set<string> {
  const folder = `/proc/${String(pid)}/fd`;
  const targets = numbersIn(folder).map((descriptor) => target(`${folder}/${String(descriptor)}`));
  return new Set(targets.flatMap((path) => /^socket:\[(\d+)\]$/.exec(path ?? '')?.[1] ?? []));
}

/**
 * The sockets that listen at a port, at whatever address, by their inodes, as a process sees them;
 * null when that cannot be told.
 */
export function listenersAt(port: number, pid: number | 'self' = 'self'): Set<string> | null {
  const tables = ['tcp', 'tcp6'].map((name) => text(`/proc/${String(pid)}/net/${name}`));
  if (tables.every((table) => table === null)) return null;
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = tables.flatMap((table) => (table ?? '').split('\n').slice(1));
  const fields = rows.map((row) => row.trim().split(/\s+/));
  const listening = fields.filter((row) => row[1]?.endsWith(local) === true && row[3] === LISTEN);
  return new Set(listening.map((row) => row[INODE_COLUMN] ?? ''));
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    // It does not exist, or is not shown to us.
    return [];
  }
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // As above.
    return null;
  }
}

function target(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // As above.
    return null;
  }
}

/** Counted behind the state. */
const START_FIELD = 18;

/** A row of /proc/net/tcp: the state of a socket that listens, and where its inode stands. */
const LISTEN = '0A';
const INODE_COLUMN = 9;
