// Questions to the catalogue: each asks the first server that answers, and ends with everything
// closed. The invariant: an answer says whether the view behind it was complete; everything else is
// a RarangiError.

import type { Answer, Answered, Outcome, Question } from '../../core/client/ask.ts';
import { Ask } from '../../core/client/ask.ts';
import type { Wanted } from '../../core/client/matching.ts';
import { isWanted, nearestFirst } from '../../core/client/matching.ts';
import type { InstanceId, Name } from '../../protocol/ids.ts';
import type {
  LookupAnswer,
  PeersAnswer,
  ServicesAnswer,
  StatusReport,
} from '../../answers/shapes.ts';
import { doubtsBeside } from '../../answers/doubts.ts';
import { goneInfoOf, instanceInfoOf, peerInfoOf, statusReportOf } from '../../answers/shapes.ts';
import { viewInfoOf } from '../../answers/view.ts';
import { candidatesOf } from './candidates.ts';
import { lockFor, runtime } from './driver.ts';
import type { ClientOptions, LookupOptions, PeersOptions } from './options.ts';
import { environmentOf, millisecondsOf, nameOf, timeoutMsOf, wantedOf } from './options.ts';
import { deniedError, refusedError, unansweredError, unreachableError } from './failures.ts';
import { randomId } from '../machine/random-id.ts';
import { RarangiError } from '../rarangi-error.ts';
import { untilReport } from './until-report.ts';

/** The instances of a service. With `waitMs` it waits until there is a live one. */
export async function lookup(name: string, options: LookupOptions = {}): Promise<LookupAnswer> {
  const service = nameOf(name, 'service');
  const wanted = wantedOf(options);
  const waitMs = millisecondsOf(options.waitMs ?? 0, 'wait');
  // Few lookups wait. Loaded before the first question, because a file of dist/lean declines here.
  const wait = waitMs === 0 ? null : await import('./wait-for-live.ts');
  try {
    const answer = await lookupOnce(service, wanted, options);
    const isLive = answer.instances.some(({ state }) => state === 'live');
    if (isLive || wait === null) return answer;
  } catch (error) {
    if (wait === null || !isWorthWaiting(error)) throw error;
  }
  return await wait.waitForLive({ service, wanted, waitMs }, options);
}

/** Every service of the environment, and how many instances of each there are. */
export async function services(options: ClientOptions = {}): Promise<ServicesAnswer> {
  const { answer } = await askServers({ kind: 'list' }, options);
  if (answer.kind !== 'services') throw strangeAnswer(answer);
  const list = answer.services.map((one) => ({ ...one }));
  return {
    ...viewInfoOf(answer),
    services: list,
    ...(list.length > 0 ? {} : doubtsBeside(answer)),
  };
}

/** Every server of the environment, as one of them sees them; with `all`, those too that are gone. */
export async function peers(options: PeersOptions = {}): Promise<PeersAnswer> {
  const { all = false } = options;
  const { answer } = await askServers({ kind: 'peers', all }, options);
  if (answer.kind !== 'servers') throw strangeAnswer(answer);
  const servers = answer.servers.map(peerInfoOf);
  if (!all) return { ...viewInfoOf(answer), servers };
  return { ...viewInfoOf(answer), servers, gone: (answer.gone ?? []).map(goneInfoOf) };
}

/** The status of the server that answers first. */
export async function status(options: ClientOptions = {}): Promise<StatusReport> {
  const { answer } = await askServers({ kind: 'status' }, options);
  if (answer.kind !== 'report') throw strangeAnswer(answer);
  return statusReportOf(answer);
}

/** Drops the split servers of a host everywhere; the number of servers dropped. */
export async function forget(host: string, options: ClientOptions = {}): Promise<number> {
  const token = randomId() as InstanceId;
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
  const doubts = ordered.length > 0 ? {} : doubtsBeside(answer);
  return { service, ...viewInfoOf(answer), instances: ordered.map(instanceInfoOf), ...doubts };
}

/**
 * Asks the servers of a client, each by itself, until one gives an answer that no other can better.
 */
export async function askServers(question: Question, options: ClientOptions): Promise<Answered> {
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
      throw deniedError(`${outcome.address} refuses: ${outcome.reason}`, outcome);
    case 'refused':
      throw refusedError(outcome.refusal);
    case 'unanswered':
      throw unansweredError(outcome.attempts, timeoutMs);
    case 'unreachable':
      throw await unreachableError(options, outcome.attempts);
  }
}

/**
 * Whether time may mend it: a server that is not there yet may come, one that is full may have room;
 * one that refuses for another reason stays.
 */
function isWorthWaiting(error: unknown): boolean {
  return (
    error instanceof RarangiError &&
    error.retryable &&
    ['RARANGI_UNREACHABLE', 'RARANGI_TIMEOUT', 'RARANGI_REFUSED'].includes(error.code)
  );
}

/** A server answered with another message than the answer to the question. */
export function strangeAnswer(answer: Answer): RarangiError {
  const hint = 'run the same version of rarangi on both sides';
  return new RarangiError('RARANGI_REFUSED', `the server answered ${answer.kind}`, { hint });
}
