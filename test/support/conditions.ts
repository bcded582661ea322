// Waiting without an event: a condition is checked again and again until it holds.

import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first answer that is not undefined; rejects, saying what, if none comes. */
export async function eventually<T>(
  what: () => string,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const endMs = performance.now() + EVENTUALLY_MS_MAX;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > endMs) throw new Error(`not in ${EVENTUALLY_MS_MAX} ms: ${what()}`);
    await delay(ASKED_EVERY_MS);
  }
}

const EVENTUALLY_MS_MAX = 20_000;
const ASKED_EVERY_MS = 10;
