// Which processes belong to a wrapped command: it leads a session of its own where there is no
// terminal, and its children inherit a mark in the environment. The invariant: a process counts
// only by its parents, its session or the mark. So a process that the command did not start never
// counts, and neither does the sidecar itself.

import {
  descendantsOf,
  type Process,
  processOf,
  runningProcesses,
  variablesOf,
} from './processes.ts';

/** The mark is one of the names in this variable: a sidecar within a sidecar adds its own. */
const MARKS = 'RARANGI_SIDECAR';

/** The mark of this sidecar: another one has another process id, or began at another time. */
export class Family {
  readonly #isKept: boolean;
  readonly #mark: string;
  /** Whether the command leads a session of its own; with a terminal it stays in the foreground. */
  readonly hasOwnSession: boolean;
  #leader = 0;

  /** A family that is not kept together has neither a session nor a mark: only parents count. */
  constructor({ isKept }: { readonly isKept: boolean }) {
    this.#isKept = isKept;
    this.hasOwnSession = isKept && !hasTerminal();
    this.#mark = `${String(process.pid)}.${Date.now().toString(36)}`;
  }

  /** The variables that the command gets besides; the marks of sidecars around us stay. */
  variables(outer = process.env[MARKS] ?? ''): Record<string, string> {
    if (!this.#isKept) return {};
    return { [MARKS]: outer === '' ? this.#mark : `${outer},${this.#mark}` };
  }

  /** Takes the process id of the command. */
  isLedBy(pid: number): void {
    this.#leader = pid;
  }

  /** The process id of the command; 0 before it runs. */
  get leader(): number {
    return this.#leader;
  }

  /** The command and the processes that it has started, as far as parents and its session tell. */
  near(): Process[] {
    const all = runningProcesses();
    const near = new Set(descendantsOf(this.#leader, all));
    return all.filter((one) => near.has(one) || this.#isInSession(one));
  }

  /** The processes that the command has started and left behind, now that it has ended. */
  left(): Process[] {
    if (!this.#isKept || this.#leader === 0) return [];
    const { startTicks: sinceTicks = 0 } = processOf('self') ?? {};
    return runningProcesses().filter(
      (one) =>
        one.pid !== process.pid &&
        one.startTicks >= sinceTicks &&
        (this.#isInSession(one) || this.isMarked(one)),
    );
  }

  /** Whether a process has the mark; one with a clean environment has not. */
  isMarked({ pid }: Process): boolean {
    const marks = variablesOf(pid).find((variable) => variable.startsWith(`${MARKS}=`));
    return (
      marks
        ?.slice(MARKS.length + 1)
        .split(',')
        .includes(this.#mark) ?? false
    );
  }

  #isInSession({ session, group }: Process): boolean {
    return this.hasOwnSession && (session === this.#leader || group === this.#leader);
  }
}

/** Whether this process has a controlling terminal: proc(5) has its number in field 7. */
function hasTerminal(): boolean {
  return (processOf('self')?.terminal ?? 0) !== 0;
}
