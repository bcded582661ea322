// The `forget` messages that have come here: an operator gives a host up, and each server passes
// that on to all its neighbours once. The invariant: each of them stops, however many there are: a
// server passes on only what it remembers, and remembers each for longer than it travels. So a
// client that sends them without end leaves nothing behind.

import type { MessageOf } from '../../protocol/messages.ts';
import { maxOf } from './limits.ts';
import type { State } from './state.ts';

/** Whether a client may give up a host now: all clients of a server together may do so now and then. */
export function mayForget(state: State, { token }: MessageOf<'forget'>): boolean {
  const { forgetTokens } = state.life;
  prune(state);
  // It asks again, because it did not hear the answer.
  if (forgetTokens.has(token)) return true;
  let ownCount = 0;
  for (const { isOwn } of forgetTokens.values()) if (isOwn) ownCount += 1;
  return ownCount < maxOf(state.options, 'forgets-per-minute') && hasRoom(state);
}

/** Remembers a word of an operator. Returns whether it is new, and to be heeded and passed on. */
export function isNewWord(
  state: State,
  { token }: MessageOf<'forget'>,
  given: { readonly isOwn: boolean },
): boolean {
  const { forgetTokens } = state.life;
  prune(state);
  if (forgetTokens.has(token) || !hasRoom(state)) return false;
  forgetTokens.set(token, { atMs: state.nowMs, isOwn: given.isOwn });
  return true;
}

function hasRoom({ life: { forgetTokens } }: State): boolean {
  return forgetTokens.size < TOKENS_MAX;
}

function prune({ life: { forgetTokens }, nowMs }: State): void {
  forgetTokens.dropOldest(({ atMs }) => nowMs - atMs >= REMEMBERED_MS);
}

/** Longer than a word waits in a link that falls silent. */
const REMEMBERED_MS = 60_000;
const TOKENS_MAX = 1_024;
