// Which connections are closed when all of them together hold too much. The invariant: those that
// hold most, and so many that a part of the limit is free again: the next byte does not need a new
// choice.

/** Chooses those that must go, given what each holds and what all together may hold. */
export function fullest<K>(held: Iterable<readonly [K, number]>, max: number): K[] {
  const all = [...held];
  let sum = all.reduce((before, [, bytes]) => before + bytes, 0);
  if (sum <= max) return [];
  const leaving: K[] = [];
  for (const [who, bytes] of all.sort(([, a], [, b]) => b - a)) {
    if (sum <= max * LEFT) break;
    sum -= bytes;
    leaving.push(who);
  }
  return leaving;
}

/** The part of the limit that is left. */
const LEFT = 3 / 4;
