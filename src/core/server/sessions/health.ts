// The state of this server, and each thing that is wrong, with what to do about it. The invariant:
// the state is worse than healthy exactly if there is a reason, a split or isolation; so "degraded"
// always comes with its reason.

import type { MessageOf } from '../../../protocol/messages.ts';
import type { Doubts, Reason } from '../../../protocol/records.ts';
import { DOUBTS_MAX, REASON_BYTES_MAX } from '../../../protocol/constants.ts';
import { compareText, hostPartOf } from '../../kit/text.ts';
import { isWithoutMaster, masterLinks } from '../links/policy.ts';
import { isStrange } from '../links/targets.ts';
import { agoMs, lostHosts } from '../origins/gone.ts';
import { reachesOtherHost } from '../origins/reachability.ts';
import { awaitsPeers, giveUp } from '../replication/view.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';
import { portHeldReasons } from './held-places.ts';
import type { ReadyDoubts } from './slice.ts';

/** The answer of `status` for this server. */
export interface Health {
  readonly state: MessageOf<'report'>['state'];
  readonly reasons: readonly Reason[];
}

/** The state of this server: the first that fits of isolated, split, degraded and healthy. */
export function healthOf(state: State): Health {
  const reasons = reasonsOf(state);
  if (isIsolated(state)) return { state: 'isolated', reasons };
  if ([...state.reach.away].some(({ standing }) => standing === 'split')) {
    return { state: 'split', reasons };
  }
  return { state: reasons.length > 0 ? 'degraded' : 'healthy', reasons };
}

function isIsolated(state: State): boolean {
  const knowsOthers =
    awaitsPeers(state) ||
    [...state.origins.values()].some((origin) => !isOwnHost(state, origin.log.facts.host));
  return knowsOthers && !reachesOtherHost(state);
}

function reasonsOf(state: State): Reason[] {
  const masters = masterLinks(state);
  const suspects = suspectServers(state);
  const address = hostPartOf(state.options.facts.addresses[0] ?? '');
  const reasons: (Reason | false)[] = [
    suspects !== '' && {
      code: 'suspect',
      message: `lost, and perhaps back in a moment: ${suspects}`,
      hint: 'wait some seconds, then look again: rarangi peers',
    },
    masters.held < masters.wanted && {
      code: 'few-links',
      message: `this server should be linked to ${String(masters.wanted)} masters, and is linked to ${String(masters.held)}`,
      hint: 'see why in the log of this server: events dial-failed and link-down',
    },
    state.view.why === 'unsynced' && {
      code: 'unsynced',
      message: 'this server has not yet learnt everything since its start',
      hint: 'wait until it does: rarangi status --wait 30s',
    },
    state.life.isAddressGone && {
      code: 'address-gone',
      message: `this host no longer has ${address}, the address that this server advertises`,
      hint: 'give it back to the host; or start the server with --bind INTERFACE, which follows its address',
    },
    ...unansweredPeers(state)
      .slice(0, UNANSWERED_MAX)
      .map((host) => unansweredReason(state, host)),
    ...portHeldReasons(state),
    isWithoutMaster(state) && {
      code: 'no-master',
      message: 'the fleet has several hosts and no master',
      hint: 'start the servers of two or three hosts with --master',
    },
  ];
  return reasons.flatMap((reason) => (reason === false ? [] : { ...reason, message: cut(reason) }));
}

/** The servers that are suspect here; else the hosts that a neighbour has just lost. */
function suspectServers(state: State): string {
  const here = [...state.reach.away]
    .filter(({ standing }) => standing === 'suspect')
    .map(({ log }) => log.facts.name as string);
  if (here.length > 0) return here.sort(compareText).join(', ');
  return state.view.why === 'suspect' ? state.view.missing.join(', ') || 'a server' : '';
}

/** Why a host of `--peer` does not answer, and what to do about it. */
function unansweredReason({ linking, options: { peers } }: State, host: string): Reason {
  const code = 'peer-unanswered';
  const targets = peers
    .filter((address) => hostPartOf(address) === host)
    .flatMap((address) => linking.targets.get(address) ?? []);
  for (const { address, refusal } of targets) {
    if (refusal === null) continue;
    const message = `${address}, named by --peer, and this server do not accept each other: ${refusal}`;
    return {
      code,
      message,
      hint: 'mend that, then send SIGHUP to this server; or correct its --peer and restart it',
    };
  }
  const strange = targets.find(isStrange);
  if (strange !== undefined) {
    const message = `at ${strange.address}, named by --peer, is another program, or a server that hangs`;
    return {
      code,
      message,
      hint: 'correct the --peer of this server and restart it; or restart the server that hangs',
    };
  }
  return {
    code,
    message: `${host}, named by --peer, has not answered since the start`,
    hint:
      `start it, or give it up with: rarangi peers --forget ${host}, ` +
      'and take it out of --peer of the servers of this host',
  };
}

/** Beside the ports that are held, and all others, a report has room for so many. */
const UNANSWERED_MAX = 8;

/** The hosts of `--peer` that were tried and have never answered at any address. */
export function unansweredPeers(state: State): readonly string[] {
  const { options, view } = state;
  const silent = options.peers.filter((address) => isSilent(state, address));
  // Mostly all have.
  if (silent.length === 0) return silent;
  const answered = new Set<string>(options.facts.addresses.map(hostPartOf));
  for (const address of options.peers) {
    if (hasAnswered(state, address)) answered.add(hostPartOf(address));
  }
  const hosts = silent
    .filter((address) => !isAdvertised(state, prefixOf(address)))
    .map(hostPartOf)
    .filter((host) => !answered.has(host) && !view.givenUpPeers.has(host));
  return [...new Set(hosts)].sort(compareText);
}

/** Whether a peer was tried and has not answered at this address, or not as one of ours. */
function isSilent(state: State, address: string): boolean {
  const isTried = state.linking.targets.get(address)?.wasTried === true;
  return isTried && !hasAnswered(state, address) && !state.addresses.siblings.has(address);
}

function hasAnswered({ linking: { targets } }: State, address: string): boolean {
  const target = targets.get(address);
  return target?.refusal === null && (target.hasGreeted || target.isSelf);
}

/** Whether a known server is there. */
function isAdvertised({ origins }: State, prefix: string): boolean {
  for (const { log } of origins.values()) {
    if (log.facts.addresses.some((address) => address.startsWith(prefix))) return true;
  }
  return false;
}

/**
 * An operator says that a host of `--peer` will not come, or not come back; returns whether it was
 * waited for.
 */
export function giveUpPeer(state: State, host: string): boolean {
  const ways = state.options.peers.filter((address) => hostPartOf(address) === host);
  const isHere = ways.some((address) => isAdvertised(state, prefixOf(address)));
  if (ways.length === 0 || isHere || state.view.givenUpPeers.has(host)) return false;
  giveUp(state, host);
  return true;
}

function prefixOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':') + 1);
}

/** The doubts of a complete view about hosts that are not here. */
export function doubtsOf(state: State): { readonly doubts?: Doubts } {
  if (!state.view.isComplete) return NO_DOUBTS;
  const { lost, unanswered } = readyDoubts(state);
  if (lost.length === 0 && unanswered.length === 0) return NO_DOUBTS;
  const rows = lost.map(({ host, sinceMs }) => ({ host, agoMs: agoMs(state, sinceMs) }));
  return { doubts: { lost: rows, unanswered } };
}

/** What `doubtsOf` returns where there are none. */
export const NO_DOUBTS = {};

/**
 * Looked for once for many lookups: a thousand servers that are gone, and all that are here, are
 * looked at for it.
 */
function readyDoubts(state: State): ReadyDoubts {
  const { doubts } = state.clients;
  if (doubts !== null && state.nowMs < doubts.untilMs) return doubts;
  const found = {
    lost: lostHosts(state, DOUBTS_MAX),
    unanswered: unansweredPeers(state).slice(0, DOUBTS_MAX),
    untilMs: state.nowMs + DOUBTS_MS,
  };
  state.clients.doubts = found;
  return found;
}

/** What the view is made from has changed: doubts are looked for anew. */
export function forgetDoubts(state: State): void {
  state.clients.doubts = null;
}

/** A message has room for a good many names. */
function cut({ message }: Reason): string {
  const charactersMax = REASON_BYTES_MAX / 3;
  return message.length <= charactersMax ? message : `${message.slice(0, charactersMax - 3)}...`;
}

/** The end of a hold, and an answer of a peer that links to none, count this much later. */
const DOUBTS_MS = 250;
