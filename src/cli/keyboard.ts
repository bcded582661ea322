// A key that ends a page on a terminal. The keys come one by one (raw mode); then the terminal no
// longer makes signals of them, so we do. The invariant: whenever the program does not read,
// because it is stopped, in the background or at its end, the terminal is as it was found.

import { readFileSync } from 'node:fs';
import { isatty, type ReadStream } from 'node:tty';

/** The key `q`, as long as it is listened for. */
export interface QuitKey {
  /** Aborts when it is pressed. */
  readonly pressed: AbortSignal;
  /** Listens no more; the terminal is as it was found. */
  close(): void;
}

/** Listens for `q`; null if stdin is no terminal. */
export function openQuitKey(): QuitKey | null {
  return isatty(STDIN) ? new Keyboard(process.stdin) : null;
}

class Keyboard implements QuitKey {
  readonly #stdin: ReadStream;
  readonly #controller = new AbortController();
  /** Whether keys come to us one by one. */
  #isTaken = false;
  readonly #timer: NodeJS.Timeout;
  readonly #handlers: readonly (readonly [NodeJS.Signals, () => void])[];

  constructor(stdin: ReadStream) {
    this.#stdin = stdin;
    // Else it would be read as soon as a listener is there, in the background too.
    stdin.pause();
    stdin.on('data', this.#press);
    // A terminal that has gone: its signal tells, or the next page that cannot be written.
    stdin.on('error', ignore);
    const leave = (signal: NodeJS.Signals) => (): void => {
      this.close();
      process.kill(process.pid, signal);
    };
    this.#handlers = [
      ['SIGHUP', leave('SIGHUP')],
      ['SIGQUIT', leave('SIGQUIT')],
      ['SIGTSTP', this.#stop],
      ['SIGCONT', this.#goOn],
    ];
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
    // No signal tells that a job comes from the background to the front.
    this.#timer = setInterval(() => {
      this.#take();
    }, LOOK_MS).unref();
    this.#take();
  }

  get pressed(): AbortSignal {
    return this.#controller.signal;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
    this.#stdin.off('data', this.#press);
    this.#giveBack();
  }

  readonly #press = (keys: Buffer | string): void => {
    for (const key of keys.toString()) {
      if (key === 'q') this.#controller.abort();
      const signal = SIGNAL_OF_KEY.get(key);
      // As the terminal does it: all that was started together.
      if (signal !== undefined) process.kill(OWN_GROUP, signal);
    }
  };

  readonly #stop = (): void => {
    this.#giveBack();
    process.kill(process.pid, 'SIGSTOP');
  };

  /** The program that had the terminal meanwhile has set it as it likes. */
  readonly #goOn = (): void => {
    this.#giveBack();
    this.#take();
  };

  /** To touch the terminal from the background would stop us. */
  #take(): void {
    if (this.#isTaken || !isInForeground()) return;
    this.#isTaken = true;
    // A terminal that was raw before we were stopped may not be raw any more.
    this.#stdin.setRawMode(false);
    this.#stdin.setRawMode(true);
    this.#stdin.resume();
  }

  #giveBack(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#stdin.pause();
    if (isInForeground()) this.#stdin.setRawMode(false);
  }
}

/** Whether our group has the terminal; where the system does not tell, we assume it. */
function isInForeground(): boolean {
  try {
    // Behind the name, which is in brackets: state, parent, group, session, terminal, its group.
    const [, , group, , , foreground] = (
      readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1) ?? ''
    ).split(' ');
    return group === foreground;
  } catch {
    return true;
  }
}

function ignore(): void {
  // There is nothing to do, and nobody to tell.
}

const STDIN = 0;
const OWN_GROUP = 0;
const LOOK_MS = 250;

/** The signals that a terminal makes of these keys when it is not raw. */
const SIGNAL_OF_KEY: ReadonlyMap<string, NodeJS.Signals> = new Map([
  ['\u0003', 'SIGINT'],
  ['\u001a', 'SIGTSTP'],
  ['\u001c', 'SIGQUIT'],
]);
