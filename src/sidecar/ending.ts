// How a wrapped command is brought to its end: the registration first, then --drain, then the
// signal, then SIGKILL. The invariant: steps only ever go forward, and each signal that asks for
// the end reaches the command once; a second one while we still wait ends the waiting.

import { setTimeout as delay } from 'node:timers/promises';

import type { Catalogue } from './catalogue.ts';
import type { Command } from './command.ts';
import type { Report } from './events.ts';
import { cameFromTerminal, END_SIGNALS } from './signals.ts';

/** What the end needs to know. */
export interface EndingOptions {
  readonly catalogue: Catalogue;
  readonly drainMs: number;
  readonly killAfterMs: number;
  readonly offer: { readonly name: string };
  readonly report: Report;
  /** Aborts when the command has exited. */
  readonly over: AbortSignal;
}

/** The end of one command. */
export class Ending {
  readonly #options: EndingOptions;
  readonly #begun = new AbortController();
  readonly #hurried = new AbortController();
  /** What the command has still to be sent; null when the terminal has done so. */
  #outstanding: NodeJS.Signals | null = null;
  #isSignalled = false;

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  /** Aborts when the end begins. */
  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  /** Takes a signal that this process got. */
  take(command: Command, signal: NodeJS.Signals): void {
    const isSent = cameFromTerminal(signal);
    if (this.#isSignalled || !isEndSignal(signal)) {
      if (!isSent) command.signal(signal);
      return;
    }
    if (!isSent) this.#outstanding = signal;
    if (this.#begun.signal.aborted) {
      this.#hurried.abort();
      return;
    }
    this.#begun.abort();
    void this.#end(command, signal);
  }

  async #end(command: Command, cause: NodeJS.Signals): Promise<void> {
    const { catalogue, drainMs, killAfterMs, offer, report, over } = this.#options;
    const waiting = AbortSignal.any([this.#hurried.signal, over]);
    if (catalogue.isRegistered()) {
      report('deregistering', { service: offer.name, cause });
      await Promise.race([catalogue.giveUp(), aborted(waiting)]);
      await pause(drainMs, waiting);
    }
    this.#isSignalled = true;
    if (over.aborted) return;
    if (this.#outstanding !== null) this.#send(command, this.#outstanding);
    if (killAfterMs === 0 || !(await pause(killAfterMs, over))) return;
    report('command-killed', { signal: cause, milliseconds: killAfterMs });
    command.signal('SIGKILL');
  }

  #send(command: Command, signal: NodeJS.Signals): void {
    this.#options.report('command-signalled', { signal });
    command.signal(signal);
  }
}

function isEndSignal(signal: NodeJS.Signals): boolean {
  return END_SIGNALS.some((name) => name === signal);
}

/** Resolves to whether the whole pause went by before the signal aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return delay(milliseconds, true, { signal }).catch(() => false);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
