// Telling systemd how the server is (sd_notify): Node.js has no datagram sockets of the UNIX kind,
// so `systemd-notify` speaks for us, which needs `NotifyAccess=all` in the unit. The invariant: it
// never holds the server up.

import { spawn } from 'node:child_process';

import type { Notice } from '../../core/notices.ts';
import { reasonOf } from '../machine/reasons.ts';

/** How long after WAITING systemd may be told nothing: it gives a start 90 s by itself. */
export const WAITS_TOLD_MS = 30_000;

/** What systemd is told in each state. */
const WORDS = {
  WAITING: `EXTEND_TIMEOUT_USEC=${2 * WAITS_TOLD_MS * 1_000}`,
  READY: 'READY=1',
  STOPPING: 'STOPPING=1',
} as const;

/** A state that systemd knows. */
export type SystemdState = keyof typeof WORDS;

/** Whether systemd wants to know, and waits until the server is ready. */
export function isAwaited(): boolean {
  return (process.env['NOTIFY_SOCKET'] ?? '') !== '';
}

/** Tells systemd, if it wants to know; if it cannot be told, the operator is. */
export function tellSystemd(state: SystemdState, onNotice: (notice: Notice) => void): void {
  void notifySystemd(state).then((reason) => {
    if (reason !== null) onNotice({ name: 'systemd-untold', fields: { state, reason } });
  });
}

/** Tells systemd, if it wants to know. Resolves with why it could not be told; null if it was. */
export function notifySystemd(state: SystemdState): Promise<string | null> {
  if (!isAwaited()) return Promise.resolve(null);
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', [WORDS[state]], { stdio: 'ignore' });
    child.on('error', (error) => {
      resolve(`cannot run systemd-notify: ${reasonOf(error)}`);
    });
    child.on('exit', (code, signal) => {
      resolve(code === 0 ? null : `systemd-notify ended with ${String(code ?? signal)}`);
    });
    child.unref();
  });
}
