// The work at the end of a step that is in no list: computing the view, and choosing the addresses
// to dial. The invariant: code that changes what one of the two depends on says so here; settle.ts
// does the work once, after everything else in the step.

/** What is due. */
export interface Due {
  isView: boolean;
  areTargets: boolean;
}

/** Who has it. */
interface Owing {
  readonly due: Due;
}

/** At the beginning of a life all of it is due. */
export function createDue(): Due {
  return { isView: true, areTargets: true };
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
