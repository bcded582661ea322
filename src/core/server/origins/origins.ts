// The origins a server knows: how one becomes known, how its entries are taken in, and how it is
// dropped. The invariant: log, catalogue, directory and graph change together, here and nowhere
// else. Only `bye` is remembered; any other drop only forgets, and the origin may return as before.

import type { InstanceId, OriginId } from '../../../protocol/ids.ts';
import type {
  Cause,
  Entry,
  EventKind,
  Facts,
  Loss,
  Registration,
} from '../../../protocol/records.ts';
import { assert, present } from '../../kit/assert.ts';
import type { End, Holders, Standing } from '../../catalogue/catalogue.ts';
import type { Log, LogState } from './log.ts';
import { OriginLog } from './log.ts';
import { noteBegin, noteEnd } from './late.ts';
import { noteClaimed, noteHandOver } from './departed.ts';
import type { ServerOptions } from '../options.ts';
import { touchTargets, touchView } from '../due.ts';
import type { Departed, Origin } from '../entities.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';
import { cancelTimersOf } from '../timers.ts';
import { noteNamed } from './named.ts';
import type { Departing, Turn } from './standings.ts';
import { standingAfter } from './standings.ts';
import { childrenOf, hasWay } from './topology.ts';
import { noteMaster, noteSibling, noteWays } from './ways.ts';

/** A record of an origin that is known only by its facts. */
export function createOrigin(log: Log, slot: number): Origin {
  return {
    id: log.origin,
    slot,
    log,
    standing: 'new',
    isProven: false,
    isPast: false,
    sinceMs: 0,
    verdict: null,
    metMs: Infinity,
    returnedMs: -Infinity,
    begun: null,
    fellSilent: false,
    isOutlived: false,
    losses: null,
    filed: null,
    via: null,
    parent: null,
    source: null,
    reachedOver: '',
    chargedBytes: 0,
    checkedSequence: 0,
    stamp: 0,
    reachedStamp: 0,
  };
}

/** An empty log. */
export function createLog({ keeping }: ServerOptions, id: OriginId, facts: Facts): Log {
  return keeping?.createLog(id, facts) ?? new OriginLog(id, facts);
}

/** Makes an origin known; it is not live before it can be reached. */
export function addOrigin(state: State, id: OriginId, facts: Facts): Origin {
  const origin = createOrigin(createLog(state.options, id, facts), state.reach.slots.take());
  origin.sinceMs = state.nowMs;
  state.origins.set(id, origin);
  for (const link of state.links.values()) link.progress.settle(id);
  noteFacts(state, origin);
  charge(state, origin);
  return origin;
}

/** Charges the contents of its log; our own log is bounded by its sessions. */
function charge(state: State, origin: Origin, bytes = origin.log.bytes): void {
  if (origin === state.self) return;
  state.reach.heldByLogs.add(bytes - origin.chargedBytes);
  origin.chargedBytes = bytes;
}

/** The catalogue's view of the holders of instances. */
export function holdersAmong(
  origins: ReadonlyMap<OriginId, Origin>,
  departed: ReadonlyMap<OriginId, Departed>,
): Holders {
  const known = (id: OriginId): Origin =>
    present(origins.get(id) ?? departed.get(id)?.origin, 'the holder of an instance');
  return {
    placeOf: (id) => known(id).log.facts,
    standingOf: (id) => answeredAs(known(id)),
  };
}

/** A server that slept does not know the news: until it is told, it answers the past as stale. */
function answeredAs({ standing, isPast }: Origin): Standing {
  return isPast && standing === 'suspect' ? 'split' : standing;
}

/** Takes in the next entry of a log. The caller passes it on to the links (replication.ts). */
export function applyEntry(state: State, origin: Origin, arrived: Entry): void {
  const entry = withSharedRecord(state, arrived);
  // What is given up must have been held.
  list(state, origin);
  origin.log.apply(entry);
  charge(state, origin);
  switch (entry.kind) {
    case 'put':
      if (origin.log.isBare) break;
      noteBegin(state, origin, entry.registration.instance);
      state.catalogue.put(origin.id, entry.registration);
      noteHandOver(state, origin, entry.registration.instance);
      noteClaimed(state, origin, { instances: [entry.registration.instance] });
      break;
    case 'delete':
      if (isGivenUp(entry.cause)) giveUp(state, origin, { instance: entry.instance, end: entry });
      else letGo(state, origin, { instance: entry.instance, end: entry });
      noteHandOver(state, origin, entry.instance);
      noteClaimed(state, origin, { instances: [entry.instance], end: entry });
      break;
    case 'up':
      state.origins.get(entry.peer)?.losses?.delete(origin.id);
      noteNamed(state, entry.peer);
      noteLink(state, origin, entry.peer);
      break;
    case 'down':
      noteLoss(state, origin, { peer: entry.peer, loss: entry.loss });
      break;
    case 'facts':
      noteFacts(state, origin);
      break;
    case 'missing':
      noteMissing(state, origin);
      break;
    default:
      break;
  }
}

function giveUp({ catalogue }: State, origin: Origin, { instance, end }: Ending): void {
  origin.begun?.delete(instance);
  catalogue.giveUp(origin.id, instance, end);
}

interface Ending {
  readonly instance: InstanceId;
  readonly end: Cause | End;
}

function letGo(state: State, origin: Origin, { instance, end }: Ending): void {
  const wasHeld = state.catalogue.isHeldBy(origin.id, instance);
  state.catalogue.delete(origin.id, instance, end);
  if (wasHeld) noteEnd(state, origin, instance);
}

/** Both servers of a host hold the same instances: equal records are kept once. */
function withSharedRecord(state: State, entry: Entry): Entry {
  if (entry.kind !== 'put') return entry;
  const registration = state.catalogue.shared(entry.registration);
  return registration === entry.registration ? entry : { kind: 'put', registration };
}

/** Whether its service gave it up. */
function isGivenUp(cause: Cause): boolean {
  return IS_GIVEN_UP[cause];
}

const IS_GIVEN_UP: Readonly<Record<Cause, boolean>> = {
  closed: false,
  deregistered: true,
  unhealthy: true,
  crash: false,
  replaced: false,
  // Only for one log: instances of another server of its host live on.
  unknown: false,
};

/** Replaces an origin's state by a snapshot. */
export function applySnapshot(state: State, origin: Origin, snapshot: LogState): void {
  const { log, standing } = origin;
  // A neighbour may name some 65,000: to look for each in a list would take seconds.
  const named = new Set(snapshot.links);
  const lost = [...log.links].filter((peer) => !named.has(peer));
  const known = new Map(log.registrations);
  log.replace(snapshot);
  charge(state, origin);
  if (known.size === 0 && standing === 'new') state.reach.unlisted.add(origin);
  else listAnew(state, origin, known);
  for (const peer of snapshot.links) noteNamed(state, peer);
  for (const peer of lost) noteLoss(state, origin, { peer, loss: 'silent' });
  noteMissing(state, origin);
  noteBare(state, origin);
  noteFacts(state, origin);
}

/** Tells the catalogue the changes in an origin's instances. */
function listAnew(
  state: State,
  origin: Origin,
  known: ReadonlyMap<InstanceId, Registration>,
): void {
  const { id, log } = origin;
  for (const instance of known.keys()) {
    if (!log.registrations.has(instance)) letGo(state, origin, { instance, end: 'unknown' });
  }
  for (const [instance, item] of log.registrations) {
    if (known.get(instance)?.revision === item.revision) continue;
    noteBegin(state, origin, instance);
    state.catalogue.put(id, item);
  }
  noteClaimed(state, origin, { instances: [...known.keys(), ...log.registrations.keys()] });
}

/**
 * Tells the catalogue of the snapshots of this step that it has not been told of yet. If an origin
 * comes into reach with its first snapshot, the catalogue is told then: one look at each instance
 * instead of two. Measured by `npm run bench sync`.
 */
export function listUnlisted(state: State): void {
  for (const origin of state.reach.unlisted) list(state, origin);
}

/** Returns whether there was something to tell. */
function list(state: State, origin: Origin): boolean {
  if (!state.reach.unlisted.delete(origin)) return false;
  listAnew(state, origin, new Map());
  return true;
}

/** Something happens to an origin; the catalogue judges all its instances anew. */
export function moveOn(state: State, origin: Origin, turn: Turn): void {
  const standing = standingAfter(origin.standing, turn);
  assert(standing !== 'gone', 'an origin that goes is dropped');
  if (origin.standing === standing) return;
  origin.standing = standing;
  if (standing === 'crashed') noteNamed(state, origin.id);
  state.reach.unspoken.delete(origin.id);
  if (standing === 'reachable') origin.verdict = null;
  noteStanding(state, origin);
  if (AWAY.has(standing)) state.reach.away.add(origin);
  else state.reach.away.delete(origin);
  if (standing === 'crashed') state.reach.crashed.add(origin);
  else state.reach.crashed.delete(origin);
  touchView(state);
  noteTargets(state, origin);
  noteWays(state, origin);
  if (list(state, origin)) return;
  state.catalogue.review(origin.log.registrations.keys(), crashOf(origin));
  noteClaimed(state, origin, { instances: origin.log.registrations.keys() });
}

function noteStanding(state: State, origin: Origin): void {
  const event = EVENT_OF_STANDING[origin.standing];
  if (event !== null) state.history.noteServer(state.nowMs, origin, { event });
}

const EVENT_OF_STANDING = {
  new: null,
  reachable: 'reachable',
  suspect: 'suspect',
  crashed: 'crashed',
  split: 'split',
} as const satisfies Readonly<Record<Standing, EventKind | null>>;

function crashOf({ verdict }: Origin): End {
  return { cause: 'crash', detail: verdict ?? undefined };
}

/** How an origin ends, and the instances that the catalogue must not forget yet. */
interface Drop {
  readonly ending: Departing;
  readonly except?: ReadonlySet<InstanceId>;
}

/** Why what an origin held is gone. */
const CAUSE_OF_ENDING = {
  forgotten: 'crash',
  left: 'deregistered',
} as const satisfies Readonly<Record<Departing, Cause>>;

/** This server has slept: its knowledge of an origin is the past, until that is reached again. */
export function becomePast(state: State, origin: Origin): void {
  const { standing } = origin;
  origin.isPast = true;
  if (standing === 'reachable' || standing === 'suspect') origin.verdict = SLEPT;
  if (standing !== 'suspect') return;
  state.catalogue.review(origin.log.registrations.keys(), crashOf(origin));
}

/** Drops an origin's log and all its instances. It may return. */
export function dropOrigin(state: State, origin: Origin, { ending, except }: Drop): void {
  const isGone = standingAfter(origin.standing, ending) === 'gone';
  assert(isGone, 'an origin that stays known is not dropped');
  const end = { ...crashOf(origin), cause: CAUSE_OF_ENDING[ending] };
  cancelTimersOf(state.timers, 'origin', origin.id);
  for (const instance of origin.log.registrations.keys()) {
    if (except?.has(instance) !== true) state.catalogue.delete(origin.id, instance, end);
  }
  for (const child of childrenOf(origin, state.origins)) state.reach.loose.add(child.id);
  state.reach.unlisted.delete(origin);
  state.reach.directory.drop(origin);
  state.reach.away.delete(origin);
  state.reach.crashed.delete(origin);
  state.reach.losers.delete(origin);
  state.reach.unspoken.delete(origin.id);
  state.reach.bare.delete(origin);
  state.replication.forget(origin);
  noteNamed(state, origin.id);
  for (const { progress } of state.links.values()) progress.forget(origin.id);
  state.origins.delete(origin.id);
  charge(state, origin, 0);
  state.reach.slots.free(origin.slot);
  touchView(state);
  // Its addresses may be forgotten now.
  touchTargets(state);
}

/**
 * What a log says that was never in reach may be of any age, and proves nothing; nor does a link that
 * was given up.
 */
function addLoss(state: State, peer: Origin, said: { reporter: Origin; loss: Loss }): void {
  const { reporter, loss } = said;
  if (reporter.standing === 'new' || loss === 'released') return;
  peer.losses ??= new Map();
  peer.losses.set(reporter.id, { loss, atMs: state.nowMs });
}

function noteLoss(state: State, reporter: Origin, lost: { peer: OriginId; loss: Loss }): void {
  const peer = state.origins.get(lost.peer);
  // The last log that named a missing origin may be gone: look again whether the view is complete.
  if (state.reach.unheard.has(lost.peer)) touchView(state);
  // Nor is one that both ends have given up a sign of the death of either: both said so after it.
  if (peer?.log.links.has(reporter.id) === false) reporter.losses?.delete(peer.id);
  else if (peer !== undefined) addLoss(state, peer, { reporter, loss: lost.loss });
  if (peer === undefined) return;
  if (peer.parent === reporter.id) state.reach.loose.add(peer.id);
  if (reporter.parent === peer.id) state.reach.loose.add(reporter.id);
  for (const { id, standing } of state.reach.directory.ofHost(peer.log.facts.host)) {
    if (standing === 'suspect') state.reach.grown.add(id);
  }
}

/** A boot storm has thousands of new links; few of them bring anyone into reach. */
function noteLink(state: State, origin: Origin, id: OriginId): void {
  noteNews(state);
  const peer = state.origins.get(id);
  if (peer?.log.links.has(origin.id) !== true) return;
  const [isNear, isPeerNear] = [origin, peer].map((end) => hasWay(end, state.self));
  if (isNear !== isPeerNear) state.reach.grown.add(isNear === true ? peer.id : origin.id);
}

/** Something was heard of servers or their links. */
export function noteNews(state: State): void {
  state.reach.newsMs = state.nowMs;
}

/** A neighbour has shaken hands; until it says what it has, it is watched for that. */
export function noteMet(state: State, origin: Origin): void {
  origin.metMs = state.nowMs;
  state.reach.unspoken.add(origin.id);
}

function noteFacts(state: State, origin: Origin): void {
  const { role, host, addresses } = origin.log.facts;
  state.reach.directory.file(origin);
  noteTargets(state, origin);
  state.reach.grown.add(origin.id);
  if (origin === state.self) return;
  if (isOwnHost(state, host)) noteSibling(state, addresses);
  if (role === 'master') noteMaster(state, origin);
}

function noteMissing(state: State, origin: Origin): void {
  if (origin.log.missing.count > 0) state.reach.losers.add(origin);
  else if (!state.reach.losers.delete(origin)) return;
  noteNews(state);
  touchView(state);
}

function noteBare(state: State, origin: Origin): void {
  if (origin.log.isBare === state.reach.bare.has(origin)) return;
  if (origin.log.isBare) state.reach.bare.add(origin);
  else state.reach.bare.delete(origin);
  touchView(state);
}

/** The addresses to dial depend on the masters and on the own host. */
function noteTargets(state: State, origin: Origin): void {
  const { role, host } = origin.log.facts;
  if (role === 'master' || isOwnHost(state, host)) touchTargets(state);
}

const SLEPT = 'this server did not run';

const AWAY: ReadonlySet<Standing> = new Set(['suspect', 'crashed', 'split'] as const);
