// The view behind an answer, in headers, on every answer. One invariant: if a view is not complete,
// the headers say why and, if known, which hosts it lacks.

/** A view: why is it not complete? */
export interface HttpView {
  readonly complete: boolean;
  readonly missing: readonly string[];
  /** How many are missing; not all may be named. */
  readonly missingCount?: number | undefined;
  readonly why?: string | null | undefined;
}

/** The headers of every answer. */
export function viewHeaders({
  complete,
  missing,
  missingCount = 0,
  why,
}: HttpView): Readonly<Record<string, string>> {
  if (complete) return COMPLETE;
  return {
    'Rarangi-Complete': 'false',
    ...(missing.length === 0 ? {} : { 'Rarangi-Missing': missingText(missing, missingCount) }),
    ...(why === null || why === undefined ? {} : { 'Rarangi-Why': why }),
  };
}

/** Some names, and how many more there are. */
function missingText(missing: readonly string[], count: number): string {
  const named = missing.slice(0, NAMES_MAX).join(', ');
  const left = Math.max(count, missing.length) - Math.min(missing.length, NAMES_MAX);
  return left > 0 ? `${named} and ${String(left)} more` : named;
}

const COMPLETE = { 'Rarangi-Complete': 'true' };
const NAMES_MAX = 20;
