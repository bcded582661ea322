// The state of a fleet, in one sentence for people: what is wrong, which hosts are concerned, since
// when, and what follows. The invariant: it says no more than the server said, and everything by
// name.

import type { FeedAway, FeedStatus } from '../doors/http/feed.ts';

/** The moments that a sentence is about, by the clock of this browser. */
export interface Moment {
  readonly nowMs: number;
  /** When the status was told. */
  readonly toldMs: number;
}

/** The state, in one sentence or a few. */
export function stateSentence(status: FeedStatus, moment: Moment): string {
  const split = status.away.filter(({ state }) => state === 'split');
  if (split.length > 0) return splitSentence(split, status, moment);
  const reasons = status.reasons.map(({ message, hint }) => `${capital(message)}: ${hint}.`);
  if (status.state === 'isolated') {
    return [
      'No other host can be reached; the instances of other hosts are kept as stale.',
      ...reasons,
    ].join(' ');
  }
  return reasons.length > 0 ? reasons.join(' ') : wellSentence(status);
}

function splitSentence(
  split: readonly FeedAway[],
  { instances }: FeedStatus,
  { nowMs, toldMs }: Moment,
): string {
  const sinceMs = Math.max(...split.map(({ agoMs }) => agoMs)) + nowMs - toldMs;
  const leftMs = Math.max(...split.map(({ leftMs: left = 0 }) => left));
  const hosts = namesText(split.map(({ host }) => host));
  const [verb, whose] = split.length === 1 ? ['is', 'Its'] : ['are', 'Their'];
  const kept =
    instances.stale === 1
      ? `${whose} one instance is`
      : `${whose} ${String(instances.stale)} instances are`;
  const what = instances.stale === 0 ? 'Nothing was registered there.' : `${kept} kept as stale`;
  const until = instances.stale === 0 ? '' : ` until ${clockText(toldMs + leftMs)}, then dropped.`;
  return `Net-split for ${durationText(sinceMs)}: ${hosts} ${verb} cut off. ${what}${until}`;
}

function wellSentence({ servers, services, instances, complete, missing }: FeedStatus): string {
  if (!complete) {
    return missing.length === 0
      ? 'The view is not complete yet: news of a server is on its way.'
      : `The view is not complete: this server lacks news of ${namesText(missing)}.`;
  }
  return (
    `All is well: ${counted(servers.reachable, 'server')} in reach, ` +
    `${counted(services, 'service')} with ${counted(instances.live, 'instance')}.`
  );
}

function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `h3`, `h3 and h4`, `h3, h4 and 7 more`: five at most. */
export function namesText(names: readonly string[]): string {
  const shown = names.length > NAMES_MAX ? names.slice(0, NAMES_MAX) : names.slice(0, -1);
  const rest = names.length > NAMES_MAX ? `${String(names.length - NAMES_MAX)} more` : names.at(-1);
  return shown.length === 0 ? (rest ?? '') : `${shown.join(', ')} and ${rest ?? ''}`;
}

/** A time span for people: `12 s`, `5 min 12 s`, `3 h 20 min`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  if (hours > 0) return `${String(hours)} h ${String(minutes % 60)} min`;
  return minutes > 0 ? `${String(minutes)} min ${String(seconds % 60)} s` : `${String(seconds)} s`;
}

/** A time of day by the clock of this browser. */
export function clockText(atMs: number): string {
  const at = new Date(atMs);
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

const NAMES_MAX = 5;
