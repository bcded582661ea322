// How a server comes to its place. At a boot its address may come later than the server: a lease
// that is not there yet, an interface that is still made. The invariant: where systemd waits for
// the server, the server waits for its address, and says so once; elsewhere a person waits for the
// result, and is told at once. The server holds nothing while it waits, and the caller may give it
// up.

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
  for (let waitedMs = 0; ; waitedMs += TRY_MS) {
    try {
      return await unlessAborted(settle(asked, options.runtime), options.signal);
    } catch (error) {
      if (!asked.isPatient || !isLate(error)) throw error;
      tellLate(asked, { reason: error.message, waitedMs });
    }
    await unlessAborted(delay(TRY_MS, null, { signal: options.signal }), options.signal);
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

/** Whether it failed for an address, or a name of one, that this machine has not, or not yet. */
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
      const message = 'the start of the server was given up by its caller';
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
]);
