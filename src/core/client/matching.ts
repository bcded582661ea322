// Which instances a client wants, and in which order: nearest first. The invariant: live before
// stale, whatever the distance, and a suspect one after every live one. The order within a tier is
// random so that callers spread over equals.

import type { Instance, InstanceState } from '../../protocol/records.ts';

/** Which instances are wanted, beyond the name of the service. */
export interface Wanted {
  /** All must match. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Only there. */
  readonly cluster?: string;
}

/** How one of several is chosen: by its distance, or at random. */
export type ChoiceOrder = 'nearest' | 'random';

/** Where the answering server is: nearness is measured from there. */
export interface Viewpoint {
  readonly host: string;
  readonly cluster: string;
}

/** Whether an instance carries every tag that is wanted and is in the cluster that is wanted. */
export function isWanted(given: Instance, wanted: Wanted): boolean {
  if (wanted.cluster !== undefined && given.cluster !== wanted.cluster) return false;
  return Object.entries(wanted.tags ?? {}).every(([key, value]) =>
    given.registration.tags.some((tag) => tag.key === key && tag.value === value),
  );
}

/** Live before suspect before stale; then the same host, the same cluster, the rest. */
export function nearestFirst(
  instances: readonly Instance[],
  place: Viewpoint,
  random: () => number,
): Instance[] {
  return instances
    .map((instance) => ({ instance, tier: tierOf(instance, place), lot: random() }))
    .sort((one, other) => one.tier - other.tier || one.lot - other.lot)
    .map(({ instance }) => instance);
}

/** One of these, by the same order; `random` disregards the distance. Null if there is none. */
export function chosenOf(
  instances: readonly Instance[],
  { choice, place }: { readonly choice: ChoiceOrder; readonly place: Viewpoint | null },
  random: () => number,
): Instance | null {
  let chosen: Instance | null = null;
  let best = Infinity;
  let equals = 0;
  for (const instance of instances) {
    const isNear = choice === 'nearest' && place !== null;
    const tier = isNear ? tierOf(instance, place) : FIRST_TIERS[instance.state];
    if (tier > best) continue;
    equals = tier < best ? 1 : equals + 1;
    best = tier;
    // Each of n equals is the last to be taken with a chance of 1 in n.
    if (random() * equals < 1) chosen = instance;
  }
  return chosen;
}

function tierOf(given: Instance, place: Viewpoint): number {
  const distance = given.host === place.host ? 0 : given.cluster === place.cluster ? 1 : 2;
  return FIRST_TIERS[given.state] + distance;
}

/** The tier of the nearest instance in each state. */
const FIRST_TIERS: Readonly<Record<InstanceState, number>> = {
  live: 0,
  suspect: 3,
  stale: 6,
  unknown: 9,
};
