// The answer to a pattern, which stands for several services. The invariant: it has the shape of any
// other, service after service in the order of their names; it is complete only if the list of
// services and each answer were, and all questions together take no longer than one may.

import { setTimeout as delay } from 'node:timers/promises';

import {
  lookup,
  RarangiError,
  services,
  type LookupAnswer,
  type LookupOptions,
  type ServicesAnswer,
} from '../../index.ts';
import type { Timed } from '../flags.ts';
import { joinedView } from '../../answers/view.ts';
import { matcherOf } from './service-pattern.ts';
import { watchMatching } from './watch-many.ts';

/** The instances of every service that matches. With `waitMs` it waits. */
export async function lookupMatching(
  name: string,
  options: LookupOptions & Timed,
): Promise<LookupAnswer> {
  const { waitMs = 0, ...once } = options;
  const asked = { name, isMatch: matcherOf(name) };
  if (waitMs === 0) return await lookupOnce(asked, once);
  const over = new AbortController();
  const alarm = setTimeout(() => {
    over.abort();
  }, waitMs);
  try {
    return await waitForLive(asked, { ...once, signal: over.signal });
  } finally {
    over.abort();
    clearTimeout(alarm);
  }
}

/** What is asked. */
interface Asked {
  readonly name: string;
  readonly isMatch: (name: string) => boolean;
}

/** Waits until the signal comes. Rejects with RARANGI_TIMEOUT. */
async function waitForLive(
  asked: Asked,
  options: LookupOptions & Timed & { readonly signal: AbortSignal },
): Promise<LookupAnswer> {
  for (;;) {
    const answer = await lookupOnce(asked, options).catch((error: unknown) => {
      if (!isWorthWaiting(error)) throw error;
      return null;
    });
    if (answer !== null && hasLive(answer)) return answer;
    if (!(await untilLive(asked.name, options))) throw waitedInVain(asked.name);
  }
}

async function lookupOnce(
  { name, isMatch }: Asked,
  options: LookupOptions & Timed,
): Promise<LookupAnswer> {
  const endMs = performance.now() + options.timeoutMs;
  const leftMs = (): number => Math.max(0, Math.ceil(endMs - performance.now()));
  const list = await listOf({ isMatch, options, leftMs });
  const names = list.services.map((service) => service.name).filter(isMatch);
  const answers: LookupAnswer[] = [];
  for (let at = 0; at < names.length; at += QUESTIONS_MAX) {
    const some = names.slice(at, at + QUESTIONS_MAX);
    const asked = some.map((service) => lookup(service, apart(options, leftMs())));
    answers.push(...(await Promise.all(asked).catch(rethrowLate(name, options))));
  }
  const instances = answers.sort(byService).flatMap((answer) => answer.instances);
  const [doubts] = [list, ...answers].flatMap((answer) => answer.doubts ?? []);
  return {
    service: name,
    ...joinedView([list, ...answers]),
    instances,
    ...(instances.length > 0 || doubts === undefined ? {} : { doubts }),
  };
}

/** A list of services that is asked for. */
interface ListAsked extends Pick<Asked, 'isMatch'> {
  readonly options: LookupOptions & Timed;
  readonly leftMs: () => number;
}

/** The list; asked for again while none of it matches, and the server will soon know more. */
async function listOf({ isMatch, options, leftMs }: ListAsked): Promise<ServicesAnswer> {
  let list = await services(options);
  const isSettled = (): boolean =>
    list.why !== 'unsynced' || list.services.some(({ name }) => isMatch(name));
  while (!isSettled() && leftMs() > AGAIN_MS && options.signal?.aborted !== true) {
    await delay(AGAIN_MS);
    list = await services(apart(options, leftMs())).catch((error: unknown) => {
      if (!isWorthWaiting(error)) throw error;
      return list;
    });
  }
  return list;
}

/** Options with less time, and a signal of their own: Node warns of many listeners at one. */
function apart(options: LookupOptions, timeoutMs: number): LookupOptions {
  const { signal } = options;
  const own = signal === undefined ? {} : { signal: AbortSignal.any([signal]) };
  return { ...options, ...own, timeoutMs };
}

/** Of a question that had only what was left of the time, says how much there was for all. */
function rethrowLate(name: string, { timeoutMs }: Timed): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof RarangiError && error.code === 'RARANGI_TIMEOUT')) throw error;
    const message = `the server did not answer for every service that matches ${name} within ${String(timeoutMs)} ms`;
    throw new RarangiError(error.code, message, { hint: error.hint, cause: error });
  };
}

/** Resolves to whether a live instance was seen before the signal came. */
async function untilLive(name: string, options: LookupOptions): Promise<boolean> {
  for await (const { change, instance } of watchMatching(name, options)) {
    if (change !== 'removed' && instance?.state === 'live') return true;
  }
  return false;
}

function hasLive({ instances }: LookupAnswer): boolean {
  return instances.some(({ state }) => state === 'live');
}

/** Whether time may mend it: a server that is not there yet may come, one that refuses stays. */
function isWorthWaiting(error: unknown): boolean {
  return error instanceof RarangiError && error.retryable;
}

function waitedInVain(name: string): RarangiError {
  const message = `no live instance of ${name} came in time`;
  return new RarangiError('RARANGI_TIMEOUT', message, {
    hint: 'see what is there with: rarangi lookup',
  });
}

function byService(one: LookupAnswer, other: LookupAnswer): number {
  return byLetters(one.service, other.service);
}

function byLetters(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The pause before the list is asked for once more. */
const AGAIN_MS = 50;

/** Each is a connection of its own. */
const QUESTIONS_MAX = 16;
