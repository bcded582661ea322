// How a server comes to its place. At a boot its address may come later than the server: a lease
// that is not there yet, an interface that is still made. So may the right time, for which a
// certificate is not valid yet. The invariant: where systemd waits for the server, the server waits
// for what it lacks, and says so once; elsewhere a person waits for the result, and is told at once.
// The server holds nothing while it waits, and the caller may give it up.

import { setTimeout as delay } from 'node:timers/promises';

import type { AllAddresses } from '../doors/doors.ts';
import { allAddressesOf } from '../doors/doors.ts';
import { errorCode } from '../machine/reasons.ts';
import type { Runtime } from '../machine/runtime.ts';
import { RarangiError } from '../rarangi-error.ts';
import { type FollowedAddress, followedOf } from './address-keeper.ts';
import { tellSystemd, WAITS_TOLD_MS } from './notify.ts';
import { type Binding, takePlace, vacate } from './place.ts';
import type { ServeSettings } from './serve-options.ts';

/** Where a server is, and what that says of its settings. */
export interface Arrival {
  readonly settings: ServeSettings;
  readonly followed: FollowedAddress;
  readonly addresses: AllAddresses;
  readonly place: Binding;
}

/** How it is gone about. */
export interface ArrivalOptions {
  readonly runtime: Runtime;
  /** Gives it up. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Takes a place, as soon as its address is there. Rejects with RARANGI_USAGE when there is none to be
 * had, and with RARANGI_ABORTED when it is given up.
 */
export async function arrive(asked: ServeSettings, options: ArrivalOptions): Promise<Arrival> {
  const { runtime, signal } = options;
  return await patiently(asked, signal, () => unlessAborted(settle(asked, runtime), signal));
}

/** Tries again what only time can mend, where systemd waits. Rejects as `arrive` does. */
export async function patiently<T>(
  asked: ServeSettings,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += TRY_MS) {
    try {
      return await attempt();
    } catch (error) {
      if (!asked.isPatient || !isLate(error)) throw error;
      tellLate(asked, { reason: error.message, waitedMs });
    }
    await unlessAborted(delay(TRY_MS, null, { signal }), signal);
  }
}

async function settle(asked: ServeSettings, runtime: Runtime): Promise<Arrival> {
  const [settings, followed] = followedOf(asked);
  const addresses = await allAddressesOf(settings);
  return { settings, followed, addresses, place: await takePlace(settings, runtime) };
}

function tellLate(
  { onNotice }: ServeSettings,
  { reason, waitedMs }: { readonly reason: string; readonly waitedMs: number },
): void {
  const isFirst = waitedMs === 0;
  if (isFirst) onNotice({ name: 'address-late', fields: { reason } });
  if (waitedMs % WAITS_TOLD_MS === 0) tellSystemd('WAITING', isFirst ? onNotice : ignore);
}

/** Whether it failed for an address, a name of one, or a time, that this machine has not yet. */
function isLate(error: unknown): error is RarangiError {
  return error instanceof RarangiError && LATE_CODES.has(errorCode(error.cause));
}

/** A place that is taken too late is left at once. */
async function unlessAborted<T extends Arrival | null>(
  taking: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await taking;
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      const cause: unknown = signal.reason;
      const message = 'the start of the server was aborted by its caller';
      reject(new RarangiError('RARANGI_ABORTED', message, { cause }));
      taking.then((taken) => {
        if (taken !== null) vacate(taken.place);
      }, ignore);
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    taking.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

function ignore(): void {
  // Nobody waits for it any more.
}

const TRY_MS = 1_000;

const LATE_CODES: ReadonlySet<string | undefined> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ENOTFOUND',
  'CERT_NOT_YET_VALID',
]);
