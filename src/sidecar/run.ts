// `lookup -- COMMAND`: a command with variables of ours, told when they change. The invariant: seen
// from outside the command runs on its own: its words, its stdin, stdout, stderr and terminal, its
// signals and its exit status are its own, and it runs on whatever fails on the side of the
// catalogue. Only a command that is started anew at changes is brought to its end with all that it
// has started: what is left of the last start would be in the way of the next.

import { setTimeout as delay } from 'node:timers/promises';

import { startCommand, type RunningCommand } from './command.ts';
import type { TellOperator } from './events.ts';
import { Family } from './family.ts';
import { isIgnored } from './inherited.ts';
import { endLeftovers } from './leftovers.ts';
import { cameFromTerminal, END_SIGNALS, onSignals, PASSED_SIGNALS } from './signals.ts';

/** The command, and its news. */
export interface RunOptions {
  readonly command: readonly string[];
  /** The variables that it gets beside our own. */
  readonly variables: Variables;
  /** The news that it gets later; null for none. */
  readonly news: News | null;
  readonly report: TellOperator;
}

/** News for a command. */
export interface News {
  /** The variables anew at each news, until the signal comes. */
  readonly changes: (signal: AbortSignal) => AsyncIterable<Variables>;
  /** How it is told: it is started anew with the variables, or gets a signal. */
  readonly by: 'restart' | NodeJS.Signals;
  /** Between SIGTERM and SIGKILL when it is started anew; 0 for never. */
  readonly killAfterMs: number;
  /** Tells a person that the command gets news. */
  readonly onTold: () => void;
  /** Gets the reason why there will be no more news. */
  readonly onLost: (error: unknown) => void;
}

/** Variables by their names. */
type Variables = Readonly<Record<string, string>>;

/** Runs a command and resolves to its exit status. Rejects with StartError. */
export async function run(options: RunOptions): Promise<number> {
  const { variables, news } = options;
  const runner = new Runner(options);
  // Before there is a command: a signal without a handler would end us and leave it behind.
  const forget = onSignals([...END_SIGNALS, ...PASSED_SIGNALS], (signal) => {
    if (!isIgnored(signal)) runner.take(signal);
  });
  const over = new AbortController();
  try {
    const ended = runner.run(variables);
    if (news !== null) {
      // A bug of ours costs the news, never the command.
      process.setUncaughtExceptionCaptureCallback(news.onLost);
      void tell(runner, news, over.signal);
    }
    return await ended;
  } finally {
    over.abort();
    process.setUncaughtExceptionCaptureCallback(null);
    forget();
  }
}

/** Never rejects. */
async function tell(runner: Runner, news: News, signal: AbortSignal): Promise<void> {
  try {
    for await (const variables of news.changes(signal)) {
      if (signal.aborted) return;
      news.onTold();
      if (news.by === 'restart') await runner.restart(variables, news.killAfterMs);
      else await runner.send(news.by);
    }
  } catch (error) {
    if (!signal.aborted) news.onLost(error);
  }
}

/** A command, as often as it is started. */
class Runner {
  readonly #options: RunOptions;
  readonly #impatience = new AbortController();
  #started: Promise<RunningCommand> | null = null;
  /** The variables for its next start when it has exited. */
  #next: Variables | null = null;
  #isEnding = false;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Resolves to the status of the last one. Rejects with StartError. */
  async run(variables: Variables): Promise<number> {
    const { command: words, news, report } = this.#options;
    const isRepeated = news?.by === 'restart';
    const ending = { killAfterMs: news?.killAfterMs ?? 0, report, hurry: this.#impatience.signal };
    this.#next = variables;
    let status = 0;
    while (this.#next !== null && !this.#isEnding) {
      const family = new Family({ isKept: isRepeated });
      this.#started = startCommand(words, {
        variables: { ...this.#next, ...family.variables() },
        withheld: OURS_ALONE,
        ownSession: family.hasOwnSession,
        isRepeated,
      });
      this.#next = null;
      const command = await this.#started;
      family.isLedBy(command.pid);
      status = await command.exited;
      await endLeftovers({ ...ending, family });
    }
    return status;
  }

  /**
   * Passes on a signal that this process got; after one that asks for the end there is no other
   * start, and after a second one no waiting for what the command left behind.
   */
  take(signal: NodeJS.Signals): void {
    const asksForEnd = END_SIGNALS.some((name) => name === signal);
    if (asksForEnd && this.#isEnding) this.#impatience.abort();
    this.#isEnding ||= asksForEnd;
    if (!cameFromTerminal(signal)) void this.send(signal);
  }

  /** Sends a signal, once there is a command to get it. Never rejects. */
  async send(signal: NodeJS.Signals): Promise<void> {
    const command = await this.#started?.catch(() => null);
    command?.signal(signal);
  }

  /** Ends the command, and has it started again. Never rejects. */
  async restart(variables: Variables, killAfterMs: number): Promise<void> {
    const command = await this.#started?.catch(() => null);
    if (this.#isEnding || command === undefined || command === null) return;
    this.#next = variables;
    command.signal('SIGTERM');
    if (killAfterMs === 0) await command.exited;
    else await killedAfter(command, killAfterMs);
  }
}

/** A lookup within the command is another one: it would never end. What to look for is left. */
const OURS_ALONE = /^RARANGI_LOOKUP_(WATCH|ON_CHANGE|KILL_AFTER)$/;

/** Resolves when the command has exited: by itself in that time, or killed. */
async function killedAfter(command: RunningCommand, milliseconds: number): Promise<void> {
  const over = new AbortController();
  const isLate = delay(milliseconds, true, { signal: over.signal }).catch(() => false);
  void command.exited.then(() => {
    over.abort();
  });
  if (await isLate) command.signal('SIGKILL');
  await command.exited;
}
