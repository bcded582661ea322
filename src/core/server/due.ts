// The work at the end of a step that is in no list: computing the view, choosing the addresses to
// dial, telling watches that wait. The invariant: code that changes what one of the two depends on says so here; settle.ts
// does the work once, after everything else in the step.

/** What is due. */
export interface Due {
  isView: boolean;
  areTargets: boolean;
  isTurn: boolean;
}

/** Who has it. */
interface Owing {
  readonly due: Due;
}

/** At the beginning of a life all of it is due. */
export function createDue(): Due {
  return { isView: true, areTargets: true, isTurn: false };
}

/** Whether the basis of completeness has changed. */
export function isViewDue({ due }: Owing): boolean {
  return due.isView;
}

/** The basis of completeness has changed. */
export function touchView({ due }: Owing): void {
  due.isView = true;
}

/** The view is computed now. */
export function takeView({ due }: Owing): void {
  due.isView = false;
}

/** The choice of addresses to dial may have changed. */
export function touchTargets({ due }: Owing): void {
  due.areTargets = true;
}

/** The addresses to dial are chosen now. Returns whether that was due. */
export function takeTargets({ due }: Owing): boolean {
  const { areTargets } = due;
  due.areTargets = false;
  return areTargets;
}

/**
 * An alarm rang, not a message came: all connections that had something to say were read since the last
 * one. Those that wait have a turn, so that they hold nobody up.
 */
export function touchTurn({ due }: Owing): void {
  due.isTurn = true;
}

/** Returns whether those that wait have their turn now. */
export function takeTurn({ due }: Owing): boolean {
  const { isTurn } = due;
  due.isTurn = false;
  return isTurn;
}
