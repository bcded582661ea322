// What is to be settled at the end of a step, as far as no list says it: whether the view is to be
// computed and whom to dial is to be looked at. The invariant: whoever changes something that one of
// the two rests on says so here; settle.ts takes it up once, after all that happened in the step.

/** What is due. */
export interface Due {
  isView: boolean;
  areTargets: boolean;
}

/** Who has it. */
interface Owing {
  readonly due: Due;
}

/** At the begin of a life all of it is due. */
export function createDue(): Due {
  return { isView: true, areTargets: true };
}

/** Whether something has changed that completeness rests on. */
export function isViewDue({ due }: Owing): boolean {
  return due.isView;
}

/** Something has changed that completeness rests on. */
export function touchView({ due }: Owing): void {
  due.isView = true;
}

/** The view is computed now. */
export function takeView({ due }: Owing): void {
  due.isView = false;
}

/** Something has changed that decides whom this server dials. */
export function touchTargets({ due }: Owing): void {
  due.areTargets = true;
}

/** Whom to dial is looked at now. Says whether that was due. */
export function takeTargets({ due }: Owing): boolean {
  const { areTargets } = due;
  due.areTargets = false;
  return areTargets;
}
