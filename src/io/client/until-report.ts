// A core that is asked for one thing, driven until it has an answer. The invariant: the first
// report, the limit or the signal decides, and then the core is stopped: nothing that comes later
// is heard.

import type { Stop } from '../../core/client/effect.ts';
import { drive, runtime } from './driver.ts';
import { abortedError } from './failures.ts';
import type { DialLock } from '../machine/lock.ts';
import { RarangiError } from '../rarangi-error.ts';

/** A core that is asked for one thing. */
type OneShot<R> = Parameters<typeof drive<Stop, R>>[0]['core'];

interface UntilReport<R, T> {
  readonly lock: DialLock | null;
  readonly signal: AbortSignal | undefined;
  /** What is given up when the signal comes. */
  readonly what: string;
  /** The result or the failure that a report brings; undefined as long as it brings none. */
  readonly settle: (report: R) => T | RarangiError | undefined;
  /** Gives up at that moment with that error. */
  readonly limit?: { readonly atMs: number; readonly error: () => RarangiError };
}

/** Drives a core until one of its reports settles the matter, then stops it. */
export function untilReport<R, T>(core: OneShot<R>, given: UntilReport<R, T>): Promise<T> {
  const { lock, signal, what, settle, limit } = given;
  return new Promise<T>((resolve, reject) => {
    let isSettled = false;
    const finish = (act: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      signal?.removeEventListener('abort', abort);
      cancelAlarm?.();
      driven.submit({ kind: 'stop' });
      act();
    };
    const abort = (): void => {
      finish(() => {
        reject(abortedError(what, signal?.reason));
      });
    };
    const driven = drive<Stop, R>({
      core,
      lock,
      onReport: (report) => {
        const result = settle(report);
        if (result === undefined) return;
        finish(() => {
          if (result instanceof RarangiError) reject(result);
          else resolve(result);
        });
      },
    });
    const cancelAlarm =
      limit === undefined
        ? undefined
        : runtime.setAlarm(limit.atMs, () => {
            finish(() => {
              reject(limit.error());
            });
          });
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
  });
}
