// A client's core at work on the sockets of this machine. The invariant: when the core has stopped,
// nothing of it keeps the process alive; what works in the background never does.

import type { ConnectionInput, Report } from '../core/client-effect.ts';
import type { Core } from './driver.ts';
import { Driver } from './driver.ts';
import type { DialLock } from './lock.ts';
import { backgroundRuntime, createRuntime, nodeRuntime } from './node-runtime.ts';
import type { Runtime } from './runtime.ts';

/** A core that reports `R` and takes `I` besides what connections bring. */
export interface ClientDrive<I, R> {
  readonly core: Core<I, Report<R>>;
  /** What locks the connections that it opens; see client-lock.ts. */
  readonly lock: DialLock | null;
  readonly onReport: (report: R) => void;
  /** A program may end while it works. */
  readonly isBackground?: boolean;
}

/** A core at work. */
export interface Driven<I> {
  /** Hands the core a command; the time is added here. */
  submit(command: WithoutTime<I>): void;
  /** Resolves when all is closed. */
  readonly stopped: Promise<void>;
}

type WithoutTime<I> = I extends { readonly nowMs: number } ? Omit<I, 'nowMs'> : never;

/** The machine that clients run on, for all but their connections. */
export const runtime: Runtime = nodeRuntime;

/** The same machine, for what must not keep the process alive. */
export const background: Runtime = backgroundRuntime;

/** Sets a core to work. Reports come one at a time, the first ones after this has returned. */
export function drive<I extends { readonly nowMs: number }, R>(
  given: ClientDrive<I, R>,
): Driven<I> {
  const { core, lock, onReport, isBackground = false } = given;
  const driver = new Driver<I, Report<R>>({
    core,
    runtime: createRuntime({ dial: lock, isBackground }),
    perform: ({ report }) => {
      onReport(report);
    },
  });
  // A promise, for Node.js compiles seven functions at the first call of queueMicrotask().
  void Promise.resolve().then(() => {
    driver.start();
  });
  return {
    submit: (command) => {
      driver.submit({ ...command, nowMs: runtime.nowMs() } as unknown as ConnectionInput | I);
    },
    stopped: driver.stopped,
  };
}
