// Telling systemd how the server is (sd_notify): Node.js has no datagram sockets of the UNIX kind,
// so `systemd-notify` speaks for us, which needs `NotifyAccess=all` in the unit. The invariant: it
// never holds the server up.

import { spawn } from 'node:child_process';
import { reasonOf } from '../machine/reasons.ts';

/** A state that systemd knows. */
export type SystemdState = 'READY' | 'STOPPING';

/** Tells systemd, if it wants to know. Resolves with why it could not be told; null if it was. */
export function notifySystemd(state: SystemdState): Promise<string | null> {
  const wants = process.env['NOTIFY_SOCKET'];
  if (wants === undefined || wants === '') return Promise.resolve(null);
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', [`${state}=1`], { stdio: 'ignore' });
    child.on('error', (error) => {
      resolve(`cannot run systemd-notify: ${reasonOf(error)}`);
    });
    child.on('exit', (code, signal) => {
      resolve(code === 0 ? null : `systemd-notify ended with ${String(code ?? signal)}`);
    });
    child.unref();
  });
}
