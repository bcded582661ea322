// The addresses this server may dial, and when. A target is one address: how often it failed,
// whether it refused us (another environment: not tried again until a reload) and which server we
// found there. policy.ts decides which servers to link to. The invariant: at most one dial of an
// address is under way.

import {
  Backoff,
  BACKOFF_CAP_ALONE_MS,
  BACKOFF_CAP_ISOLATED_MS,
  BACKOFF_CAP_MS,
} from '../../kit/backoff.ts';
import type { Undialled } from '../../input.ts';
import type { EventOf } from '../../kit/life-cycle.ts';
import { nextOf } from '../../kit/life-cycle.ts';
import { touchTargets, touchView } from '../due.ts';
import type { Connection, Target } from '../entities.ts';
import type { State } from '../state.ts';
import { isCutOff } from './seeking.ts';

/** The life of a target. What is not listed cannot happen. */
export const TARGET_PHASES = {
  // The shell's word of a dial counts even when nobody waits for it any more.
  idle: { dialled: 'dialling', opened: 'connected', ended: 'idle' },
  dialling: { opened: 'connected', ended: 'idle' },
  connected: { ended: 'idle' },
} as const satisfies Readonly<Record<Target['phase'], Readonly<Record<string, Target['phase']>>>>;

/** Something happens to a target. */
export function moveTarget(target: Target, event: EventOf<typeof TARGET_PHASES>): void {
  target.phase = nextOf(TARGET_PHASES, target.phase, event);
}

/** The target of an address, made when there is none. */
export function targetOf(state: State, address: string): Target {
  let target = state.linking.targets.get(address);
  if (target === undefined) {
    target = {
      address,
      backoff: new Backoff(state.options.random),
      phase: 'idle',
      connection: null,
      origin: null,
      isWanted: false,
      isUrgent: false,
      refusal: null,
      isSelf: false,
      hasGreeted: false,
      wasTried: false,
      ungreetedCount: 0,
      wasToldOf: false,
      hasFailed: false,
      isDeserted: false,
      faultsCount: 0,
      barredMs: -Infinity,
    };
    state.linking.targets.set(address, target);
  }
  return target;
}

/** Dials the addresses that are wanted and not under way, each when its time has come. */
export function dialWanted(
  state: State,
  wanted: ReadonlySet<string>,
  urgent: ReadonlySet<string> = NONE,
): void {
  for (const address of wanted) targetOf(state, address);
  for (const target of state.linking.targets.values()) {
    const wasUrgent = target.isUrgent;
    target.isWanted = wanted.has(target.address);
    target.isUrgent = urgent.has(target.address);
    const name = timerName(target);
    const mayDial = target.isWanted && target.phase === 'idle' && mayBeTried(target);
    if (!mayDial || (target.isUrgent && !wasUrgent)) state.timers.cancel(name);
    if (mayDial && !state.timers.has(name)) schedule(state, target);
    else if (isOver(state, target)) state.linking.targets.delete(target.address);
  }
}

/** Whether an address may be forgotten: only lost or gone servers name it. */
function isOver(state: State, target: Target): boolean {
  const { address, isWanted, phase } = target;
  if (isWanted || phase !== 'idle' || !mayBeTried(target)) return false;
  const {
    addresses: { masters: masterAddresses, siblings: siblingAddresses },
    options,
  } = state;
  const isKept = masterAddresses.has(address) || siblingAddresses.has(address);
  return !isKept && !options.peers.includes(address);
}

const NONE: ReadonlySet<string> = new Set();

function mayBeTried(target: Target): boolean {
  return target.refusal === null && !target.isSelf;
}

function schedule(state: State, target: Target): void {
  const delayMs = target.wasTried ? target.backoff.nextDelayMs(capMs(state, target)) : 0;
  const dueMs = Math.max(state.nowMs + delayMs, target.barredMs);
  state.timers.set(timerName(target), dueMs, () => {
    if (target.isWanted) dialTarget(state, target);
  });
}

function capMs(state: State, target: Target): number {
  if (target.isUrgent) return BACKOFF_CAP_ALONE_MS;
  return isCutOff(state) ? BACKOFF_CAP_ISOLATED_MS : BACKOFF_CAP_MS;
}

function dialTarget(state: State, target: Target): void {
  if (target.phase !== 'idle' || !mayBeTried(target)) return;
  moveTarget(target, 'dialled');
  target.isDeserted = false;
  state.out.dial(target.address);
}

/** Dials addresses now, and forgets that no server was there before. */
export function dialNow(state: State, addresses: Iterable<string>): void {
  for (const address of addresses) {
    const target = targetOf(state, address);
    target.isDeserted = false;
    target.backoff.reset();
    state.timers.cancel(timerName(target));
    dialTarget(state, target);
  }
}

/** Whether there is certainly no server to link to at an address: no program, or none of ours. */
export function isVacant(state: State, address: string): boolean {
  const target = state.linking.targets.get(address);
  return target !== undefined && (target.isDeserted || !mayBeTried(target));
}

/** A connection is open, and its other end has yet to greet. */
export function noteUngreeted(state: State, target: Target): void {
  target.ungreetedCount += 1;
  const { address, ungreetedCount } = target;
  if (ungreetedCount !== UNGREETED_MIN || !isSiblingPort(state, address)) return;
  state.out.notice('port-held', { address, port: portOf(address) });
}

/** A server of ours is at these addresses: it has greeted, from there or by a connection of its own. */
export function noteGreeted(state: State, addresses: readonly string[]): void {
  for (const address of addresses) {
    const target = state.linking.targets.get(address);
    if (target === undefined) continue;
    target.ungreetedCount = 0;
    target.hasGreeted = true;
  }
}

/** Whether the other server of this host may be at that address: a port, which any user can take. */
export function isSiblingPort(
  { addresses: { siblings: siblingAddresses } }: State,
  address: string,
): boolean {
  return siblingAddresses.has(address) && !address.includes('/');
}

/** The port of an address, as `ss` takes it: with its colon. */
export function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':'));
}

/**
 * Whether a program is at an address that is no server of ours, or one that hangs or is refused.
 */
export function isStrange({ refusal, ungreetedCount }: Target): boolean {
  return refusal !== null || ungreetedCount >= UNGREETED_MIN;
}

/** One that stops, or starts, may hang up once. */
const UNGREETED_MIN = 3;

/** A dial, or its connection, has ended. */
export function handleTargetIdle(state: State, target: Target): void {
  moveTarget(target, 'ended');
  target.connection = null;
  touchTargets(state);
  touchView(state);
  target.wasTried = true;
}

/** A dial has failed: logged once, then only if the address was reached in between. */
export function handleUndialled(state: State, failed: Undialled): void {
  const { address, reason, isRefusal, isDeserted } = failed;
  const target = state.linking.targets.get(address);
  if (target === undefined) return;
  handleTargetIdle(state, target);
  target.hasFailed = true;
  target.isDeserted = isDeserted === true;
  if (target.isDeserted) target.ungreetedCount = 0;
  if (isRefusal === true) {
    state.out.notice('refused-address', { address, reason });
    refuseTarget(state, address, reason);
    return;
  }
  const isNews = !target.wasToldOf && state.options.peers.includes(address);
  target.wasToldOf = true;
  if (isNews) state.out.notice('dial-failed', { address, reason });
}

/**
 * An address, if we have dialled it, and this server do not accept each other: time does not mend
 * that.
 */
export function refuseTarget(state: State, dialled: string | null, refusal: string): void {
  const target = dialled === null ? undefined : state.linking.targets.get(dialled);
  if (target?.refusal !== null) return;
  target.refusal = refusal;
  state.out.notice('not-tried-again', { address: target.address });
}

/** The other end of a connection, a server or another program, does not accept us. */
export function noteRefused(state: State, { remote, dialled }: Connection, reason: string): void {
  state.out.notice('refused-address', { address: remote, reason });
  refuseTarget(state, dialled, reason);
}

/** A server of another environment is at the other end, as one of both has found. */
export function noteForeign(state: State, { remote, dialled }: Connection, theirs: string): void {
  const ours = state.options.environment;
  state.out.notice('refused-environment', { address: remote, theirs, ours });
  const refusal = `it serves environment ${theirs}, this server serves ${ours}`;
  refuseTarget(state, dialled, refusal);
}

/** There is news of a server: its addresses are tried at once. */
export function hasten(state: State, addresses: readonly string[]): void {
  for (const address of addresses) {
    const target = state.linking.targets.get(address);
    if (target?.phase !== 'idle') continue;
    target.backoff.reset();
    target.hasFailed = false;
    state.timers.cancel(timerName(target));
    touchTargets(state);
  }
}

/** Forgets which addresses refused us, and tries everything anew. */
export function handleReload(state: State): void {
  for (const target of state.linking.targets.values()) {
    target.refusal = null;
    target.wasToldOf = false;
  }
  hasten(state, [...state.linking.targets.keys()]);
}

function timerName(target: Target): `dial ${string}` {
  return `dial ${target.address}`;
}
