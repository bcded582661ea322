// Processes that a wrapped command has left behind when it has ended: they would keep the port that
// the next one needs, and be in no catalogue. The invariant: each is asked to end before it is
// killed, and a group that has gone is never signalled again, because another group may have its
// number by then.

import type { TellOperator } from './events.ts';
import type { Family } from './family.ts';
import { nowMs, pause } from './pause.ts';
import type { Process } from './processes.ts';

/** Which processes to end, and how. */
export interface LeftoversOptions {
  readonly family: Family;
  /** Between SIGTERM and SIGKILL, 2 s at most; 0 for never. */
  readonly killAfterMs: number;
  readonly report: TellOperator;
  /** Aborts when there is no more time to end in order. */
  readonly hurry: AbortSignal;
}

/** Ends all leftovers: resolves when none is left, or nothing more can be done. Never rejects. */
export async function endLeftovers(options: LeftoversOptions): Promise<void> {
  const { family, killAfterMs, report, hurry } = options;
  const group = family.hasOwnSession ? new Group(family.leader) : null;
  const company = { family, group };
  const left = leftOf(company);
  if (left.length === 0) return;
  report('left-behind', { processes: wordsFor(left) });
  signalAll(company, 'SIGTERM');
  const graceMs = killAfterMs === 0 ? GRACE_MS_MAX : Math.min(killAfterMs, GRACE_MS_MAX);
  const rest = await waitFor({ ...company, milliseconds: graceMs, hurry });
  if (rest.length === 0 || killAfterMs === 0) return;
  report('left-behind-killed', { processes: wordsFor(rest), milliseconds: graceMs });
  signalAll(company, 'SIGKILL');
  const never = new AbortController().signal;
  await waitFor({ ...company, milliseconds: KILLED_MS_MAX, hurry: never });
}

/** A process group that was ours, until it is gone. */
class Group {
  readonly #id: number;
  #isGone = false;

  constructor(id: number) {
    this.#id = id;
  }

  /** Sends a signal, 0 to ask only; false once there is no such group. */
  signal(signal: NodeJS.Signals | 0): boolean {
    if (this.#isGone) return false;
    try {
      process.kill(-this.#id, signal);
    } catch (error) {
      // EPERM: a process is there, of another user by now.
      this.#isGone = (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
    return !this.#isGone;
  }
}

interface Company {
  readonly family: Family;
  readonly group: Group | null;
}

function leftOf({ family, group }: Company): Process[] {
  const isThere = group?.signal(0) ?? false;
  return family.left().filter((one) => isThere || one.group !== family.leader);
}

/** Signals all leftovers, each once: the group as one, and those outside it. */
function signalAll({ family, group }: Company, signal: NodeJS.Signals): void {
  const outside = leftOf({ family, group }).filter(
    (one) => group === null || one.group !== family.leader,
  );
  group?.signal(signal);
  for (const { pid } of outside) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has just ended by itself, or is another user's by now.
    }
  }
}

interface Waiting extends Company {
  readonly milliseconds: number;
  readonly hurry: AbortSignal;
}

/** Resolves to the leftovers after that time, or as soon as there are none. */
async function waitFor({ milliseconds, hurry, ...company }: Waiting): Promise<Process[]> {
  const endMs = nowMs() + milliseconds;
  for (;;) {
    const left = leftOf(company);
    const pauseMs = Math.min(ASKED_EVERY_MS, endMs - nowMs());
    if (left.length === 0 || pauseMs <= 0 || !(await pause(pauseMs, hurry))) return left;
  }
}

function wordsFor(left: readonly Process[]): string {
  const words = left.slice(0, NAMED_MAX).map(({ name, pid }) => `${name} (process ${String(pid)})`);
  const more = left.length - words.length;
  return more === 0 ? words.join(', ') : `${words.join(', ')} and ${String(more)} more`;
}

const ASKED_EVERY_MS = 100;
const GRACE_MS_MAX = 2_000;

/** A killed process is gone at once, unless the kernel itself holds it. */
const KILLED_MS_MAX = 1_000;

const NAMED_MAX = 3;
