// Which of the instances of a service are shown. One invariant: a live one beats a stale one of the
// same service, unless all are asked for.

import type { InstanceState } from '../protocol/records.ts';
import { isLive } from '../protocol/records.ts';

/** The part of an instance that matters here. */
interface Known {
  readonly state: InstanceState;
}

/** Which ones are wanted. */
export interface Choice {
  /** Stale ones beside live ones. */
  readonly all?: boolean | undefined;
  /** No stale ones at all. */
  readonly live?: boolean | undefined;
}

/** The wanted ones, in their order; `nameOf` gives the service of one. */
export function chosenOf<T extends Known>(
  instances: readonly T[],
  { all, live }: Choice,
  nameOf: (instance: T) => string,
): T[] {
  if (all === true) return [...instances];
  const alive = instances.filter(({ state }) => isLive(state));
  if (live === true) return alive;
  const services = new Set(alive.map(nameOf));
  return instances.filter((one) => isLive(one.state) || !services.has(nameOf(one)));
}
