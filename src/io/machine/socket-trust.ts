// Whether a UNIX socket that no option names belongs to a server. The invariant: a client trusts a
// socket only where no other user could have put it, because the program behind it hears everything
// and is believed: only TCP asks for a secret.

import { lstatSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { SYSTEM_FOLDER } from './addresses.ts';

/**
 * Why a socket in one of our folders is not trusted; null if it is, or if there is none. For a link
 * its owner counts, who decides where it leads.
 */
export function disbeliefOf(path: string): string | null {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return null;
  const folder = dirname(path);
  const us = process.geteuid?.() ?? ROOT;
  const found = { path, folder, fileOwner: file.uid, folderOwner: lstatSync(folder).uid };
  return folder === SYSTEM_FOLDER ? systemDisbelief(found, us) : ownDisbelief(found, us);
}

interface Found {
  readonly path: string;
  readonly folder: string;
  readonly fileOwner: number;
  readonly folderOwner: number;
}

/** In the folder of the system its owner is the user that servers run as. */
function systemDisbelief({ path, fileOwner, folder, folderOwner }: Found, us: number) {
  const parent = dirname(folder);
  const { uid, mode } = lstatSync(parent);
  const isRoots = uid === ROOT || (uid === overflowUser() && isInUserNamespace());
  if (!isRoots || (mode & OTHERS_WRITE_MASK) !== 0) {
    return `not trusted: users other than root may write into ${parent}`;
  }
  if ([ROOT, us, folderOwner].includes(fileOwner)) return null;
  return `not trusted: ${path} belongs to user ${String(fileOwner)}, and its folder to user ${String(folderOwner)}`;
}

function ownDisbelief({ path, folder, fileOwner, folderOwner }: Found, us: number): string | null {
  for (const [what, owner] of [[path, fileOwner] as const, [folder, folderOwner] as const]) {
    if (owner === ROOT || owner === us) continue;
    return `not trusted: ${what} belongs to user ${String(owner)}, and this program runs as user ${String(us)}`;
  }
  return null;
}

/**
 * The user that stands for all users without a number in this user namespace, such as root outside
 * it.
 */
function overflowUser(): number | null {
  const text = textOf('/proc/sys/kernel/overflowuid').trim();
  return text === '' ? null : Number(text);
}

function isInUserNamespace(): boolean {
  const map = textOf('/proc/self/uid_map').trim();
  return map !== '' && !WHOLE_MAP_PATTERN.test(map);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No Linux, or no /proc: then there are no user namespaces to be seen.
    return '';
  }
}

const ROOT = 0;
const OTHERS_WRITE_MASK = 0o022;

/** All users there are, each as itself. */
const WHOLE_MAP_PATTERN = /^0\s+0\s+4294967295$/;
