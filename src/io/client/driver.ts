// A client's core at work on the sockets of this machine. The invariant: when the core has stopped,
// nothing of it keeps the process alive; a core in the background never does.

import type { ConnectionInput, Report } from '../../core/client/effect.ts';
import type { Name } from '../../protocol/ids.ts';
import { isNotYetValid } from '../tls/certificates.ts';
import { credentialsOf } from '../tls/credentials.ts';
import type { Core } from '../machine/driver-options.ts';
import { Driver } from '../machine/driver.ts';
import type { DialLock } from '../machine/lock.ts';
import { backgroundRuntime, createRuntime, nodeRuntime } from '../machine/node-runtime.ts';
import type { Runtime } from '../machine/runtime.ts';
import { withScouts } from '../machine/scouts.ts';
import { disbeliefOf } from '../machine/socket-trust.ts';
import { clientLock } from '../tls/dial.ts';
import type { ClientOptions } from './options.ts';

/** A core that reports `R` and takes `I` besides what connections bring. */
export interface ClientDrive<I, R> {
  readonly core: Core<I, Report<R>>;
  /** What locks the connections that it opens; see `lockFor`. */
  readonly lock: DialLock | null;
  readonly onReport: (report: R) => void;
  /** A program may end while it works. */
  readonly isBackground?: boolean;
}

/** A core at work. */
export interface Driven<I> {
  /** Hands the core a command; the time is added here. */
  submit(command: WithoutTime<I>): void;
  /** Where connections are open, then where they are being opened. */
  readonly contacts: readonly string[];
  /** Resolves when all is closed. */
  readonly stopped: Promise<void>;
}

type WithoutTime<I> = I extends { readonly nowMs: number } ? Omit<I, 'nowMs'> : never;

/** The machine that clients run on, for all but their connections. */
export const runtime: Runtime = nodeRuntime;

/** The same machine, for a part that must not keep the process alive. */
export const background: Runtime = backgroundRuntime;

/**
 * What locks the connections of a client with these options, and which sockets it trusts: those
 * that its options name, and others where no other user could have put them. Throws RARANGI_USAGE.
 */
export function lockFor(options: ClientOptions, environment: Name): DialLock | null {
  const read = credentialsOf(options, environment, ['client']);
  // A file that cannot be read is an error now, whether or not anything will be dialled.
  try {
    read?.();
  } catch (error) {
    // At a boot the clock may be wrong. The files are read again at every dial, and fail that.
    if (!isNotYetValid(error)) throw error;
  }
  const lock = read === null ? null : clientLock(environment, read);
  const isNamed = options.servers !== undefined && options.servers.length > 0;
  return isNamed ? lock : { ...(lock ?? OPEN), disbeliefOf };
}

/** Sets a core to work. Reports come one at a time, the first ones after this has returned. */
export function drive<I extends { readonly nowMs: number }, R>(
  given: ClientDrive<I, R>,
): Driven<I> {
  const { core, lock, onReport, isBackground = false } = given;
  const driver = new Driver<I, Report<R>>({
    core,
    runtime: withScouts(createRuntime({ dial: lock, isBackground })),
    perform: ({ report }) => {
      onReport(report);
    },
  });
  queueMicrotask(() => {
    driver.start();
  });
  return {
    submit: (command) => {
      driver.submit({ ...command, nowMs: runtime.nowMs() } as unknown as ConnectionInput | I);
    },
    get contacts() {
      return driver.contacts;
    },
    stopped: driver.stopped,
  };
}

/** TCP without a lock. */
const OPEN: DialLock = {
  secureDialled: (socket, { opened }) => {
    opened(socket);
  },
};
