// What may happen a thousand times a second, and should be told once a minute. The invariant: the
// first of a kind is told at once, and no later one is lost from the count.

import type { Runtime } from './runtime.ts';

/** Calls `tell` with what is said, at most once a minute for each text, and how often it was. */
export function onceAMinute(
  { nowMs }: Pick<Runtime, 'nowMs'>,
  tell: (said: string, times: number) => void,
): (said: string) => void {
  const told = new Map<string, { readonly atMs: number; untold: number }>();
  return (said) => {
    const before = told.get(said);
    if (before !== undefined && nowMs() - before.atMs < MINUTE_MS) {
      before.untold += 1;
      return;
    }
    told.set(said, { atMs: nowMs(), untold: 0 });
    tell(said, (before?.untold ?? 0) + 1);
  };
}

const MINUTE_MS = 60_000;
