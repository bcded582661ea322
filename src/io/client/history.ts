// Questions about what happened: once, or again and again. The invariant: each server has numbers and a
// memory of its own, so both servers of a host are asked and the one is believed that reaches back
// further; what follows is asked of that server by number, and of another one by time.

import { setTimeout as delay } from 'node:timers/promises';

import { historyAnswerOf, type HistoryAnswer } from '../../answers/history.ts';
import type { Answered, Question } from '../../core/client/ask.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import { writtenTimes } from '../machine/written-times.ts';
import { RarangiError } from '../rarangi-error.ts';
import { askServers, strangeAnswer } from './ask.ts';
import { runtime } from './driver.ts';
import type { ClientOptions, HistoryOptions, HistoryQuery } from './options.ts';
import { instanceIdOf, millisecondsOf, nameOf } from './options.ts';

type HistoryQuestion = Extract<Question, { readonly kind: 'history' }>;

/** The newest events of servers and instances, as the server knows them that reaches back further. */
export async function history(options: HistoryOptions = {}): Promise<HistoryAnswer> {
  return answerOf((await ask(questionOf(options), options)).events);
}

/**
 * The newest events, then those that follow, as they come. It ends by the signal, without an error.
 * A server that is lost is replaced by another one: then an event may come twice, and none is missed
 * that the other one saw.
 */
export async function* followHistory(
  options: HistoryOptions = {},
): AsyncGenerator<HistoryAnswer, void> {
  const question = questionOf(options);
  let told: Told | null = null;
  while (options.signal?.aborted !== true) {
    const answer = await askNext(question, { options, told });
    if (answer === null) return;
    if (answer.events.rows.length > 0 || told === null) yield answerOf(answer.events);
    told = toldBy(answer, told);
    await delay(INTERVAL_MS, null, { signal: options.signal }).catch(() => null);
  }
}

/** How far events are told. */
interface Told {
  readonly server: Pick<Answered, 'origin' | 'address'>;
  /** The number that the last one has at that server; null if it has told none. */
  readonly number: number | null;
  readonly askedMs: number;
}

interface HistoryFound extends Pick<Answered, 'origin' | 'address'> {
  readonly events: MessageOf<'events'>;
  readonly askedMs: number;
}

interface Following {
  readonly options: HistoryOptions;
  readonly told: Told | null;
}

/** What is new; null when the caller has lost interest. */
async function askNext(
  question: HistoryQuestion,
  { options, told }: Following,
): Promise<HistoryFound | null> {
  try {
    if (told === null) return await ask(question, options);
    return (
      (await askSame(question, { options, told })) ??
      (await askAnother(question, { options, told }))
    );
  } catch (error) {
    if (!(error instanceof RarangiError)) throw error;
    if (isAborted(error)) return null;
    if (told === null || !error.retryable) throw error;
    return { ...told.server, events: NOTHING, askedMs: told.askedMs };
  }
}

type Followed = Following & { readonly told: Told };

/** Asks the server that told the last ones; null if it is lost, or is another one by now. */
async function askSame(
  question: HistoryQuestion,
  { options, told }: Followed,
): Promise<HistoryFound | null> {
  const { server, number } = told;
  if (number === null) return null;
  try {
    const next = { ...question, after: number, limit: FOLLOWED_MAX };
    const answer = await ask(next, { ...options, servers: [server.address] });
    return answer.origin === server.origin ? answer : null;
  } catch (error) {
    if (error instanceof RarangiError && error.retryable && !isAborted(error)) return null;
    throw error;
  }
}

/** Asks whoever there is for what happened since the last ones were asked for. */
async function askAnother(
  question: HistoryQuestion,
  { options, told }: Followed,
): Promise<HistoryFound> {
  const withinMs = Math.ceil(runtime.nowMs() - told.askedMs);
  return await ask({ ...question, withinMs, limit: FOLLOWED_MAX }, options);
}

function isAborted(error: RarangiError): boolean {
  return error.code === 'RARANGI_ABORTED';
}

function toldBy({ origin, address, events, askedMs }: HistoryFound, told: Told | null): Told {
  const before = told?.server.origin === origin ? told.number : null;
  return { server: { origin, address }, number: events.rows.at(-1)?.number ?? before, askedMs };
}

async function ask(question: HistoryQuestion, options: ClientOptions): Promise<HistoryFound> {
  const askedMs = runtime.nowMs();
  const { answer, origin, address } = await askServers(question, options);
  if (answer.kind !== 'events') throw strangeAnswer(answer);
  return { events: answer, origin, address, askedMs };
}

function questionOf(query: HistoryQuery): HistoryQuestion {
  const { service, host, instance, sinceMs, limit = LIMIT } = query;
  return {
    kind: 'history',
    limit: Math.round(millisecondsOf(limit, 'limit')),
    ...(service === undefined ? {} : { service: nameOf(service, 'service') }),
    ...(host === undefined ? {} : { host: nameOf(host, 'host') }),
    ...(instance === undefined ? {} : { instance: instanceIdOf(instance) }),
    ...(sinceMs === undefined ? {} : { withinMs: Math.round(millisecondsOf(sinceMs, 'since')) }),
  };
}

function answerOf(events: MessageOf<'events'>): HistoryAnswer {
  return historyAnswerOf(events, writtenTimes());
}

const NOTHING: MessageOf<'events'> = {
  kind: 'events',
  request: 0,
  reachesBackMs: 0,
  rows: [],
  more: false,
};

/** So many where nobody says otherwise. */
const LIMIT = 100;

/** How often is asked for what follows. */
const INTERVAL_MS = 250;

/** As much as any server remembers. */
const FOLLOWED_MAX = 10_000;
