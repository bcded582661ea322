// The UNIX sockets of this host: whether one is live, and how a server takes its own. The
// invariant: the socket of a dead server is taken over, that of a live one never, and a file that
// is no socket is left alone. A client never sees a socket before a server listens on it: it is
// bound beside its place, and linked into it, which fails if another file is there.

import { randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';

import { nodeRuntime } from './node-runtime.ts';
import { socketFolders } from './addresses.ts';
import { errorCode, reasonOf } from './reasons.ts';
import type { Accept, Listener } from './runtime.ts';
import type { SocketRights } from './socket-rights.ts';
import { giveRights, OPEN_TO_ALL } from './socket-rights.ts';

/** A socket that a server has taken. */
export interface TakenSocket {
  readonly path: string;
  /** Whether its file is still there, and no other one in its place. */
  isInPlace(): boolean;
  accept(accept: Accept): void;
  /** Accepts no more, and removes the file if it is still ours. */
  close(): void;
}

/** The reason for no socket: a live server has it, or this process cannot make it. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly isLive: boolean;

  constructor(message: string, { isLive }: { readonly isLive: boolean }) {
    super(message);
    this.isLive = isLive;
  }
}

/** The first folder in which this process may make a socket, made if need be; null for none. */
export function writableFolder(): string | null {
  return socketFolders().find(isWritable) ?? null;
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a program listens on a socket. */
export function isLiveSocket(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (isLive: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isLive);
    };
    // A program that does not accept within that time is stopped or starved, and alive.
    const timer = setTimeout(settle, PROBE_MS_MAX, true);
    socket.on('connect', () => {
      settle(true);
    });
    socket.on('error', (error) => {
      const code = errorCode(error);
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT' && code !== 'ENOTSOCK');
    });
  });
}

/** Takes a socket for connections. Rejects with a SocketError. */
export async function takeSocket(path: string, rights = OPEN_TO_ALL): Promise<TakenSocket> {
  const listen = (beside: string): Promise<Listener> => nodeRuntime.listen(beside);
  const { listener, isInPlace, close } = await takeSocketFor(path, { rights, listen });
  return {
    path,
    isInPlace,
    accept: (accept) => {
      listener.accept(accept);
    },
    close,
  };
}

/** What is to listen on a socket, and who may connect to it. */
interface SocketUse<L extends { close(): void }> {
  readonly rights: SocketRights;
  /** Listens on a path, whose file is removed when it is closed. */
  readonly listen: (path: string) => Promise<L>;
}

/** A socket of any listener. */
interface Taken<L> {
  readonly listener: L;
  readonly isInPlace: () => boolean;
  readonly close: () => void;
}

/** Takes a socket for any listener. Rejects with a SocketError. */
export async function takeSocketFor<L extends { close(): void }>(
  given: string,
  use: SocketUse<L>,
): Promise<Taken<L>> {
  // Node.js takes a name without a slash for a port.
  const path = resolve(given);
  // The kernel cuts a longer name of a socket off at its limit, without an error.
  const beside = passingName(dirname(path));
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(beside)) > PATH_BYTES_MAX) {
    throw new SocketError(`${path} is longer than ${PATH_BYTES_MAX} bytes`, { isLive: false });
  }
  // Node.js would call this a lack of permission.
  if (!existsSync(dirname(path))) {
    throw new SocketError(`${path}: there is no folder ${dirname(path)}`, { isLive: false });
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await takeOnce(path, use);
    } catch (error) {
      if (error instanceof SocketError) throw error;
      // Another server took what was bound, and not listened at yet, for something that was left.
      if (errorCode(error) === 'ENOENT' && attempt < ATTEMPTS_MAX) continue;
      throw new SocketError(`${path}: ${reasonOf(error)}`, { isLive: false });
    }
  }
}

async function takeOnce<L extends { close(): void }>(
  path: string,
  { rights, listen }: SocketUse<L>,
): Promise<Taken<L>> {
  const beside = passingName(dirname(path));
  const listener = await listen(beside);
  try {
    giveRights(beside, rights);
    const inode = inodeOf(beside);
    await linkInto(beside, path);
    await tidyUp(beside);
    const isInPlace = (): boolean => inodeOf(path) === inode;
    const close = (): void => {
      listener.close();
      if (isInPlace()) unlinkSync(path);
    };
    return { listener, isInPlace, close };
  } catch (error) {
    // Closing removes the file beside the place, too.
    listener.close();
    throw error;
  }
}

async function linkInto(beside: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    try {
      linkSync(beside, path);
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const file = lstatSync(path, { throwIfNoEntry: false });
    if (file === undefined) continue;
    if (!file.isSocket()) {
      throw new SocketError(`${path} is no socket; this server leaves it alone`, { isLive: false });
    }
    if (await isLiveSocket(path)) {
      throw new SocketError(`${path} belongs to a server that runs`, { isLive: true });
    }
    removeDead(path, file.ino);
  }
  throw new SocketError(`${path}: another server takes it again and again`, { isLive: true });
}

/** Removes the file that was found dead, and no other that has come in its place since. */
function removeDead(path: string, inode: number): void {
  const aside = passingName(dirname(path));
  if (inodeOf(path) !== inode) return;
  try {
    renameSync(path, aside);
    if (inodeOf(aside) !== inode) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    // Another server was faster; the next attempt finds out which.
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') throw error;
  }
}

/** A name for a moment, beside the place of a socket. */
function passingName(folder: string): string {
  return join(folder, `.${randomUUID().slice(0, 8)}`);
}

/**
 * Removes the file beside a socket that is in its place, and those that a server had there when it
 * was killed. What cannot be removed harms nobody; the next start tries again.
 */
async function tidyUp(beside: string): Promise<void> {
  const folder = dirname(beside);
  try {
    unlinkSync(beside);
    const names = readdirSync(folder).filter((name) => PASSING_NAME.test(name));
    const paths = names.map((name) => join(folder, name)).filter(isOwnSocket);
    const areLive = await Promise.all(paths.map(isLiveSocket));
    for (const [at, path] of paths.entries()) {
      if (areLive[at] === false) rmSync(path, { force: true });
    }
  } catch {
    // The socket is taken, which counts more.
  }
}

function isOwnSocket(path: string): boolean {
  const file = lstatSync(path, { throwIfNoEntry: false });
  return file?.isSocket() === true && file.uid === process.getuid?.();
}

function inodeOf(path: string): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** What `sun_path` holds besides its final zero. */
const PATH_BYTES_MAX = 107;

/** What `passingName` makes. */
const PASSING_NAME = /^\.[0-9a-f]{8}$/;

const PROBE_MS_MAX = 500;
const ATTEMPTS_MAX = 8;
