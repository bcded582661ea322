// Tells the operator that no server holds the registrations. A sidecar waits for a server for ever,
// and must not do so in silence. The invariant: nothing is told while a server holds the
// registrations, or while there are none; else it is told ever less often, and no timer keeps the
// process alive.

/** Whether there is a server. */
export class Absence {
  readonly #tell: (seconds: number) => void;
  readonly #patienceMs: number;
  #timer: NodeJS.Timeout | null = null;

  /** `tell` is called with how long it has lasted, by default after 2 s for the first time. */
  constructor(tell: (seconds: number) => void, patienceMs = ABSENT_MS) {
    this.#tell = tell;
    this.#patienceMs = patienceMs;
  }

  /** Takes the present state. */
  update(isAbsent: boolean): void {
    if (isAbsent === (this.#timer !== null)) return;
    if (isAbsent) this.#wait(this.#patienceMs, 0);
    else this.#end();
  }

  #wait(pauseMs: number, elapsedMs: number): void {
    const lastedMs = elapsedMs + pauseMs;
    this.#timer = setTimeout(() => {
      this.#tell(Math.round(lastedMs / 1_000));
      this.#wait(Math.min(lastedMs, PAUSE_MS_MAX), lastedMs);
    }, pauseMs).unref();
  }

  #end(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }
}

/** A server that is restarted is back by then. */
const ABSENT_MS = 2_000;

const PAUSE_MS_MAX = 3_600_000;
