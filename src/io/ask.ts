// Questions to the catalogue: each asks the first server that answers, and ends with everything
// closed. The invariant: an answer says whether the view behind it was complete; whatever is no
// answer is a RarangiError.

import { randomBytes } from 'node:crypto';

import type { Answer, Outcome, Question } from '../core/ask.ts';
import { Ask } from '../core/ask.ts';
import type { Stop } from '../core/client-effect.ts';
import type { Wanted } from '../core/client-matching.ts';
import { isWanted, nearestFirst } from '../core/client-matching.ts';
import type { WatchReport } from '../core/watcher.ts';
import { Watcher } from '../core/watcher.ts';
import type { InstanceId, Name } from '../protocol/ids.ts';
import type { Facts } from '../protocol/records.ts';
import type { LookupAnswer, PeersAnswer, ServicesAnswer, StatusReport } from './answers.ts';
import { instanceInfoOf, peerInfoOf, statusReportOf } from './answers.ts';
import { candidatesOf } from './candidates.ts';
import { drive, lockFor, runtime } from './client-driver.ts';
import type { ClientOptions, LookupOptions } from './client-options.ts';
import { environmentOf, millisecondsOf, nameOf, timeoutMsOf, wantedOf } from './client-options.ts';
import {
  abortedError,
  refusedError,
  unansweredError,
  unreachableError,
  waitedInVain,
} from './failures.ts';
import type { DialLock } from './lock.ts';
import { RarangiError } from './rarangi-error.ts';

/** The instances of a service. With `waitMs` it waits until there is a live one. */
export async function lookup(name: string, options: LookupOptions = {}): Promise<LookupAnswer> {
  const service = nameOf(name, 'service');
  const wanted = wantedOf(options);
  const waitMs = millisecondsOf(options.waitMs ?? 0, 'wait');
  try {
    const answer = await lookupOnce(service, wanted, options);
    const isLive = answer.instances.some(({ state }) => state === 'live');
    if (isLive || waitMs === 0) return answer;
  } catch (error) {
    if (waitMs === 0 || !isWorthWaiting(error)) throw error;
  }
  return await waitForLive({ service, wanted, waitMs }, options);
}

/** Every service of the environment, and how many instances of each there are. */
export async function services(options: ClientOptions = {}): Promise<ServicesAnswer> {
  const { answer } = await askServers({ kind: 'list' }, options);
  if (answer.kind !== 'services') throw strangeAnswer(answer);
  const { complete, missing } = answer;
  return { complete, missing: [...missing], services: answer.services.map((one) => ({ ...one })) };
}

/** Every server of the environment, as one of them sees them. */
export async function peers(options: ClientOptions = {}): Promise<PeersAnswer> {
  const { answer } = await askServers({ kind: 'peers' }, options);
  if (answer.kind !== 'servers') throw strangeAnswer(answer);
  return { complete: answer.complete, servers: answer.servers.map(peerInfoOf) };
}

/** How the server is that answers first. */
export async function status(options: ClientOptions = {}): Promise<StatusReport> {
  const { answer } = await askServers({ kind: 'status' }, options);
  if (answer.kind !== 'report') throw strangeAnswer(answer);
  return statusReportOf(answer);
}

/** Drops the split servers of a host everywhere; the number of servers dropped. */
export async function forget(host: string, options: ClientOptions = {}): Promise<number> {
  const token = randomBytes(16).toString('hex') as InstanceId;
  const question = { kind: 'forget', host: nameOf(host, 'host'), token } as const;
  const { answer } = await askServers(question, options);
  if (answer.kind !== 'done') throw strangeAnswer(answer);
  return answer.count ?? 0;
}

async function lookupOnce(
  service: Name,
  wanted: Wanted,
  options: ClientOptions,
): Promise<LookupAnswer> {
  const { answer, facts } = await askServers({ kind: 'lookup', service, wanted }, options);
  if (answer.kind !== 'instances') throw strangeAnswer(answer);
  const matching = answer.instances.filter((instance) => isWanted(instance, wanted));
  const ordered = nearestFirst(matching, facts, () => runtime.random());
  const { complete, missing } = answer;
  return { service, complete, missing: [...missing], instances: ordered.map(instanceInfoOf) };
}

async function askServers(
  question: Question,
  options: ClientOptions,
): Promise<{ readonly answer: Answer; readonly facts: Facts }> {
  const environment = environmentOf(options);
  const timeoutMs = timeoutMsOf(options);
  const { addresses } = candidatesOf(options, environment);
  const core = new Ask({ environment, addresses, question, timeoutMs });
  const outcome = await untilReport<Outcome, Outcome>(core, {
    lock: lockFor(options, environment),
    signal: options.signal,
    what: question.kind,
    settle: (report) => report,
  });
  switch (outcome.kind) {
    case 'answered':
      return outcome;
    case 'denied':
      throw new RarangiError('RARANGI_REFUSED', `${outcome.address} refuses: ${outcome.reason}`);
    case 'refused':
      throw refusedError(outcome.refusal);
    case 'unanswered':
      throw unansweredError(outcome.attempts, timeoutMs);
    case 'unreachable':
      throw await unreachableError(options, outcome.attempts);
  }
}

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
function untilReport<R, T>(core: OneShot<R>, given: UntilReport<R, T>): Promise<T> {
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

interface AwaitedService {
  readonly service: Name;
  readonly wanted: Wanted;
  readonly waitMs: number;
}

/** Keeps a watch until there is a live instance: the servers tell, nobody polls. */
async function waitForLive(given: AwaitedService, options: ClientOptions): Promise<LookupAnswer> {
  const { service, wanted, waitMs } = given;
  const environment = environmentOf(options);
  const { addresses } = candidatesOf(options, environment);
  const random = (): number => runtime.random();
  const watcher = new Watcher({ environment, addresses, service, wanted, random });
  let isSynced = false;
  return await untilReport<WatchReport, LookupAnswer>(watcher, {
    lock: lockFor(options, environment),
    signal: options.signal,
    what: `the wait for ${service}`,
    limit: {
      atMs: runtime.nowMs() + waitMs,
      error: () => waitedInVain({ ...given, wasConnected: watcher.view().wasConnected }),
    },
    settle: (report) => {
      if (report.kind === 'refused') return refusedError(report.refusal);
      isSynced ||= report.kind === 'synced';
      const { instances, complete, missing, place } = watcher.view();
      const isLive = instances.some(({ state }) => state !== 'stale');
      if (!isSynced || !isLive || place === null) return undefined;
      const ordered = nearestFirst(instances, place, random);
      return { service, complete, missing: [...missing], instances: ordered.map(instanceInfoOf) };
    },
  });
}

/** Whether time may mend it: a server that is not there yet may come, one that refuses stays. */
function isWorthWaiting(error: unknown): boolean {
  return (
    error instanceof RarangiError &&
    (error.code === 'RARANGI_UNREACHABLE' || error.code === 'RARANGI_TIMEOUT')
  );
}

function strangeAnswer(answer: Answer): RarangiError {
  const hint = 'run the same version of rarangi on both sides';
  return new RarangiError('RARANGI_REFUSED', `the server answered ${answer.kind}`, { hint });
}
