// Whether a server lives, is ready, is well: for those who restart or route by it. One invariant: to
// live asks nothing of others, so that no one restarts a server for the fault of a network.

import type { State } from '../../core/server/state.ts';
import type { Exchange } from './http-exchange.ts';

type Known = Readonly<State>;

/** The loop turns. */
export function answerLive(exchange: Exchange): void {
  exchange.text(200, 'ok\n');
}

/** The view was complete once, and the server does not stop. */
export function answerReady(exchange: Exchange, { isSynced, isStopping }: Known): void {
  if (isStopping) exchange.text(503, 'this server stops\n');
  else if (isSynced) exchange.text(200, 'ok\n');
  else exchange.text(503, 'unsynced: not synced yet\n');
}

/** All is well; else why not, a line each. */
export function answerSynced(exchange: Exchange, state: Known): void {
  const reasons = reasonsIn(state);
  if (reasons.length === 0) exchange.text(200, 'ok\n');
  else exchange.text(503, reasons.map((reason) => `${reason}\n`).join(''));
}

function reasonsIn(state: Known): string[] {
  const { isSynced, isComplete, isStopping, missing } = state;
  const reasons: string[] = [];
  if (isStopping) reasons.push('stopping: this server says goodbye');
  if (!isSynced) reasons.push('unsynced: not synced yet');
  const split = hostsThatAre(state, 'split');
  const suspect = hostsThatAre(state, 'suspect');
  if (split !== null) reasons.push(`split: ${split.hosts} cut off for ${String(split.seconds)} s`);
  if (suspect !== null) reasons.push(`suspect: ${suspect.hosts} silent`);
  if (reasons.length > 0 || isComplete) return reasons;
  return [missing.length === 0 ? 'a log is on its way' : `missing: ${missing.join(', ')}`];
}

function hostsThatAre(
  { away, nowMs }: Known,
  standing: 'split' | 'suspect',
): { readonly hosts: string; readonly seconds: number } | null {
  const origins = [...away].filter((origin) => origin.standing === standing);
  if (origins.length === 0) return null;
  const hosts = [...new Set(origins.map(({ log }) => log.facts.host as string))].sort();
  const sinceMs = Math.min(...origins.map((origin) => origin.sinceMs));
  return { hosts: hosts.join(', '), seconds: Math.round((nowMs - sinceMs) / 1_000) };
}
