// How a wrapped command is brought to its end: the registrations first, then --drain, then the
// signal, then SIGKILL. The invariant: steps only ever go forward, and each signal that asks for
// the end reaches the command once; a second one while we still wait ends the waiting.

import type { RunningCommand } from './command.ts';
import type { TellOperator } from './events.ts';
import { aborted, pause } from './pause.ts';
import type { Roster } from './roster.ts';
import { cameFromTerminal, END_SIGNALS } from './signals.ts';

/** The times and callbacks of the end. */
export interface EndingOptions {
  readonly roster: Roster;
  readonly drainMs: number;
  readonly killAfterMs: number;
  readonly report: TellOperator;
  /** Aborts when the command has exited. */
  readonly over: AbortSignal;
}

/** The end of one command. */
export class Shutdown {
  readonly #options: EndingOptions;
  readonly #hurried = new AbortController();
  readonly #impatience = new AbortController();
  /** The signal that the command still has to get; null if the terminal has sent it. */
  #outstanding: NodeJS.Signals | null = null;
  #hasBegun = false;
  #isSignalled = false;

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  /** Aborts when the end is asked for and the command has ended already. */
  get impatience(): AbortSignal {
    return this.#impatience.signal;
  }

  /** Takes a signal that this process got. */
  take(command: RunningCommand, signal: NodeJS.Signals): void {
    if (this.#options.over.aborted) {
      if (isEndSignal(signal)) this.#impatience.abort();
      return;
    }
    const isSent = cameFromTerminal(signal);
    if (this.#isSignalled || !isEndSignal(signal)) {
      if (!isSent) command.signal(signal);
      return;
    }
    if (!isSent) this.#outstanding = signal;
    if (this.#hasBegun) {
      this.#hurried.abort();
      return;
    }
    this.#hasBegun = true;
    void this.#end(command, signal);
  }

  async #end(command: RunningCommand, cause: NodeJS.Signals): Promise<void> {
    const { roster, drainMs, killAfterMs, report, over } = this.#options;
    const waiting = AbortSignal.any([this.#hurried.signal, over]);
    const wasRegistered = roster.isRegistered();
    await Promise.race([
      roster.end({ logged: cause, detail: `${cause} to the sidecar` }),
      aborted(waiting),
    ]);
    if (wasRegistered) await pause(drainMs, waiting);
    this.#isSignalled = true;
    if (over.aborted) return;
    if (this.#outstanding !== null) this.#send(command, this.#outstanding);
    if (killAfterMs === 0 || !(await pause(killAfterMs, over))) return;
    report('command-killed', { signal: cause, milliseconds: killAfterMs });
    command.signal('SIGKILL');
  }

  #send(command: RunningCommand, signal: NodeJS.Signals): void {
    this.#options.report('command-signalled', { signal });
    command.signal(signal);
  }
}

function isEndSignal(signal: NodeJS.Signals): boolean {
  return END_SIGNALS.some((name) => name === signal);
}
