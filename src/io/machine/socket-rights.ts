// Who may connect to a server's UNIX socket. The invariant: a socket has its rights before it is in
// its place, and one whose rights cannot be given is never put there.

import { chmodSync, chownSync, readFileSync } from 'node:fs';

import { RarangiError } from '../rarangi-error.ts';
import { reasonOf } from './reasons.ts';

/** The rights of a socket: a user who may write to it may connect. */
export interface SocketRights {
  readonly mode: number;
  /** The number of its group; null for that of this process. */
  readonly group: number | null;
}

/** By default all users of the host may connect, and so register. */
export const OPEN_TO_ALL: SocketRights = { mode: 0o666, group: null };

/** The rights that a server's options mean. Throws RARANGI_USAGE. */
export function socketRightsOf(options: {
  readonly socketMode?: number | undefined;
  readonly socketGroup?: string | undefined;
}): SocketRights {
  const { socketMode = OPEN_TO_ALL.mode, socketGroup } = options;
  if (!Number.isInteger(socketMode) || socketMode < 0 || socketMode > 0o777) {
    throw RarangiError.usage(
      'the mode of the socket is not from 0 to 0777',
      'use four octal digits: 0660',
    );
  }
  return { mode: socketMode, group: socketGroup === undefined ? null : groupOf(socketGroup) };
}

/** Gives a socket its rights. Throws an error that says which one could not be given. */
export function giveRights(path: string, { mode, group }: SocketRights): void {
  if (group !== null) giveGroup(path, group);
  chmodSync(path, mode);
}

function giveGroup(path: string, group: number): void {
  try {
    chownSync(path, process.getuid?.() ?? -1, group);
  } catch (error) {
    const reason = `cannot give the socket to group ${String(group)}: ${reasonOf(error)}`;
    throw new Error(`${reason}; the user of this server has to be in that group`, { cause: error });
  }
}

function groupOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const line = groups().find((one) => one.startsWith(`${text}:`));
  const [, , id] = line?.split(':') ?? [];
  if (id !== undefined && /^\d+$/.test(id)) return Number(id);
  throw RarangiError.usage(
    `there is no group ${JSON.stringify(text)} in ${GROUP_FILE}`,
    'give the name of a group in that file, or a number',
  );
}

function groups(): readonly string[] {
  try {
    return readFileSync(GROUP_FILE, 'utf8').split('\n');
  } catch {
    // A system that keeps its groups elsewhere: there a number works.
    return [];
  }
}

const GROUP_FILE = '/etc/group';
