// The news for a command that was given the variables of a service. The invariant: only lasting
// changes are news: a flap that is over within a moment is none. A command that is started anew for
// news is left alone as long as an instance with its variables lives.

import { setTimeout as delay } from 'node:timers/promises';

import { lookup, type InstanceInfo, type LookupAnswer, type LookupOptions } from '../../index.ts';
import { firstOfEach, type Variables } from '../../answers/instance-text.ts';
import { variablesOf } from './variables.ts';
import { watchNamed } from './watch-many.ts';

/** The present variables, and the source of changes. */
export interface Told {
  /** The answer that the command was started with. */
  readonly answer: LookupAnswer;
  /** The instances that its variables are of. */
  readonly given: readonly InstanceInfo[];
  /** Without `waitMs`. */
  readonly options: LookupOptions & { readonly signal: AbortSignal };
}

/** Yields the variables anew whenever the last ones are no longer true. */
export async function* variableChanges(told: Told): AsyncGenerator<Variables, void> {
  const given = new Map(told.given.map((instance) => [instance.name, instance]));
  for await (const instances of settledSets(told)) {
    const live = instances.filter(({ state }) => state === 'live');
    const doubtful = firstOfEach(live)
      .map(({ name }) => name)
      .filter((name) => !live.some((instance) => isSame(instance, given.get(name))));
    let isOther = false;
    for (const name of doubtful) {
      // Only a server can say which is the nearest. One was live a moment ago; if not now, then
      // soon.
      const answer = await lookup(name, { ...told.options, waitMs: WAIT_MS_MAX });
      const [first] = answer.instances;
      if (first === undefined || isSame(first, given.get(name))) continue;
      given.set(name, first);
      isOther = true;
    }
    if (isOther) yield variablesOf([...given.values()]);
  }
}

/** Yields whenever the set of instances differs from the last one. */
export async function* setChanges(told: Told): AsyncGenerator<Variables, void> {
  let before = pictureOf(told.answer.instances);
  for await (const instances of settledSets(told)) {
    const now = pictureOf(instances);
    if (now !== before) yield variablesOf(told.given);
    before = now;
  }
}

/** The set of instances, each time when it has settled. */
async function* settledSets({ answer, options }: Told): AsyncGenerator<InstanceInfo[], void> {
  const known = new Map<string, InstanceInfo>();
  let isSynced = false;
  for await (const burst of bursts(watchNamed(answer.service, options))) {
    for (const { change, instance } of burst) {
      if (instance === undefined) isSynced = true;
      else if (change === 'removed') known.delete(instance.instance);
      else known.set(instance.instance, instance);
    }
    if (isSynced) yield [...known.values()];
  }
}

/** Groups changes that come without a pause; a burst that does not end is cut. */
export async function* bursts<T>(events: AsyncIterable<T>): AsyncGenerator<T[], void> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (let one = await next; one.done !== true; one = await next) {
      const burst = [one.value];
      const { following } = await readBurst(iterator, burst);
      next = following;
      yield burst;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Reads on while the burst lasts; `following` is what comes after it. */
async function readBurst<T>(
  iterator: AsyncIterator<T>,
  burst: T[],
): Promise<{ readonly following: Promise<IteratorResult<T>> }> {
  const endMs = performance.now() + BURST_MS_MAX;
  for (;;) {
    const following = iterator.next();
    const pauseMs = Math.min(QUIET_MS, Math.max(0, endMs - performance.now()));
    const one = await within(following, pauseMs);
    if (one === null || one.done === true) return { following };
    burst.push(one.value);
  }
}

/** Resolves to null when the time is over first. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  const over = new AbortController();
  const pause = delay(milliseconds, null, { signal: over.signal }).catch(() => null);
  try {
    return await Promise.race([promise, pause]);
  } finally {
    over.abort();
  }
}

function isSame(one: InstanceInfo, other: InstanceInfo | undefined): boolean {
  if (other === undefined) return false;
  return JSON.stringify(variablesOf([one])) === JSON.stringify(variablesOf([other]));
}

function pictureOf(instances: readonly InstanceInfo[]): string {
  return instances
    .map((instance) => JSON.stringify(instance))
    .sort((one, other) => (one < other ? -1 : 1))
    .join('\n');
}

/** A change is told when no other has come for so long … */
const QUIET_MS = 250;

/** … and after so long in any case. */
const BURST_MS_MAX = 2_000;

/** The longest that a timer of Node can wait. */
const WAIT_MS_MAX = 2 ** 31 - 1;
