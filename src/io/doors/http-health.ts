// Whether a server lives, is ready, is well: for programs that restart it or route by it. One
// invariant: the check of life asks nothing of others, so that a server is not restarted for the
// fault of a network.

import { healthOf } from '../../core/server/sessions/health.ts';
import type { State } from '../../core/server/state.ts';
import type { Exchange } from './http-exchange.ts';

type Known = Readonly<State>;

/** The loop turns. */
export function answerLive(exchange: Exchange): void {
  exchange.text(200, 'ok\n');
}

/** The view was complete once, and the server does not stop. */
export function answerReady(
  exchange: Exchange,
  { view: { isSynced }, life: { isStopping } }: Known,
): void {
  if (isStopping) exchange.text(503, 'stopping: this server says goodbye\n');
  else if (isSynced) exchange.text(200, 'ok\n');
  else exchange.text(503, 'unsynced: not synced yet\n');
}

/** All is well; else the reasons, a line each. */
export function answerSynced(exchange: Exchange, state: Known): void {
  const lines = whyNotWell(state);
  if (lines.length === 0) exchange.text(200, 'ok\n');
  else exchange.text(503, lines.map((line) => `${line}\n`).join(''));
}

/** Why a server is not well: a line for each reason of `status`, and one for its view. */
export function whyNotWell(state: Known): string[] {
  const { state: word, reasons } = healthOf(state);
  const {
    view: { isComplete, missing },
    life: { isStopping },
  } = state;
  const lines = reasons.map(({ code, message }) => `${code}: ${message}`);
  const split = splitLine(state);
  if (split !== null) lines.unshift(split);
  if (word === 'isolated') lines.unshift('isolated: no other host can be reached');
  if (isStopping) lines.unshift('stopping: this server says goodbye');
  if (lines.length > 0 || isComplete) return lines;
  return [
    missing.length === 0 ? 'incomplete: a log is on its way' : `missing: ${missing.join(', ')}`,
  ];
}

function splitLine({ reach: { away }, nowMs }: Known): string | null {
  const origins = [...away].filter(({ standing }) => standing === 'split');
  if (origins.length === 0) return null;
  const hosts = [...new Set(origins.map(({ log }) => log.facts.host as string))].sort();
  const sinceMs = Math.min(...origins.map((origin) => origin.sinceMs));
  const seconds = Math.round((nowMs - sinceMs) / 1_000);
  return `split: ${hosts.join(', ')} cut off for ${String(seconds)} s`;
}
