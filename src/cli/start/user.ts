// A user without an entry in passwd(5), as `docker run --user 54321` makes one. oclif and its
// libraries ask the system for the home and the shell of the user, and fail where it knows neither.
// The invariant: a wrapped command finds HOME and SHELL as they were, set or not.

import { homedir, userInfo } from 'node:os';

/** Sets the variables that oclif would look for in vain. */
export function standInForUser(): void {
  const missing = [...(isKnown(homedir) ? [] : ['HOME']), ...(isKnown(userInfo) ? [] : ['SHELL'])];
  for (const name of missing.filter((each) => process.env[each] === undefined)) {
    process.env[name] = NOWHERE;
    standIns.add(name);
  }
}

/** Removes them again, once oclif has looked. */
export function forgetUser(): void {
  for (const name of standIns) Reflect.deleteProperty(process.env, name);
  standIns.clear();
}

const standIns = new Set<string>();

function isKnown(ask: () => unknown): boolean {
  try {
    ask();
    return true;
  } catch {
    return false;
  }
}

/** Must not be read relative to the current folder, as an empty HOME would be. */
const NOWHERE = '/nonexistent';
