// Which signals a sidecar takes, and which of them its command has had already. The invariant: a
// signal reaches the command once. A terminal (Ctrl-C, Ctrl-\, a new size) signals the whole
// foreground group, the command with us; kill(1) signals us alone. We cannot find out which of the
// two it was, only whether a terminal could have done it.

import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/** These ask the sidecar to end in order. */
export const END_SIGNALS = ['SIGTERM', 'SIGINT'] as const satisfies readonly NodeJS.Signals[];

/** These go straight on to the command. */
export const PASSED_SIGNALS = [
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGQUIT',
  'SIGWINCH',
  'SIGCONT',
  'SIGALRM',
  'SIGURG',
] as const satisfies readonly NodeJS.Signals[];

/** Whether the command has had this signal from the terminal. */
export function cameFromTerminal(signal: NodeJS.Signals): boolean {
  return FROM_TERMINAL.has(signal) && isInForeground();
}

/** Calls the listener at each of the signals, until the returned function is called. */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  handle: (signal: NodeJS.Signals) => void,
): () => void {
  for (const signal of signals) process.on(signal, handle);
  return () => {
    for (const signal of signals) process.removeListener(signal, handle);
  };
}

/** Whether this process is in the foreground group of a terminal that it uses. */
function isInForeground(): boolean {
  if (![0, 1, 2].some((descriptor) => isatty(descriptor))) return false;
  try {
    return isForegroundStat(readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return true;
  }
}

/** Reads proc(5): after the name in parentheses, field 5 is our group, field 8 the foreground's. */
export function isForegroundStat(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}

const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH']);
