// Questions about what happened: once, or again and again. The invariant: each server has numbers
// and a memory of its own, so both servers of a host are asked, and the answer that reaches back
// further counts. Later events are asked of that server by number, in one session, and of another
// one by time.

import { setTimeout as delay } from 'node:timers/promises';

import { historyAnswerOf, type HistoryAnswer } from '../../answers/history.ts';
import type { Question } from '../../core/client/ask.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import { writtenTimes } from '../machine/written-times.ts';
import { RarangiError } from '../rarangi-error.ts';
import { askServers, strangeAnswer } from './ask.ts';
import { runtime } from './driver.ts';
import { type Followed, Following } from './following.ts';
import type { ClientOptions, HistoryOptions, HistoryQuery } from './options.ts';
import { instanceIdOf, millisecondsOf, nameOf } from './options.ts';

type HistoryQuestion = Extract<Question, { readonly kind: 'history' }>;

/** The newest events of servers and instances, from the server that reaches back further. */
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
  try {
    while (options.signal?.aborted !== true) {
      const next: Told | null = await askNext(question, { options, told });
      if (next === null) return;
      const isFirst = told === null;
      told = next;
      if (isFirst || next.events.rows.length > 0) yield answerOf(next.events);
      await delay(INTERVAL_MS, null, { signal: options.signal }).catch(() => null);
    }
  } finally {
    told?.session.close();
  }
}

/** How far events are told. */
interface Told {
  /** With the server that told them. */
  readonly session: Following;
  /** What it told last. */
  readonly events: MessageOf<'events'>;
  /** The number that the last row has at that server; null if it has told none. */
  readonly number: number | null;
  /** It was asked for nothing that happened before. */
  readonly fromMs: number;
  readonly askedMs: number;
}

interface Asking {
  readonly options: HistoryOptions;
  readonly told: Told | null;
}

/** The new events; null when the caller has lost interest. */
async function askNext(question: HistoryQuestion, { options, told }: Asking): Promise<Told | null> {
  try {
    if (told === null) return await askFirst(question, options);
    const askedMs = runtime.nowMs();
    const events = await told.session.ask(nextQuestion(question, told));
    if (events !== null) return { ...told, events, askedMs, number: lastNumber(events, told) };
    told.session.close();
    if (options.signal?.aborted === true) return null;
    // What one server has seen just before the question, another one may see just after it.
    const fromMs = told.askedMs - OVERLAP_MS;
    const withinMs = Math.ceil(runtime.nowMs() - fromMs);
    return await askFirst({ ...question, withinMs, limit: FOLLOWED_MAX }, options);
  } catch (error) {
    if (!(error instanceof RarangiError)) throw error;
    if (error.code === 'RARANGI_ABORTED') return null;
    if (told === null || !error.retryable) throw error;
    return { ...told, events: NOTHING };
  }
}

/** Asks all servers, and stays with the one whose answer counts. */
async function askFirst(question: HistoryQuestion, options: HistoryOptions): Promise<Told> {
  const { events, askedMs, ...server } = await ask(question, options);
  return {
    session: new Following(server, options),
    events,
    number: lastNumber(events, null),
    fromMs: askedMs - (question.withinMs ?? Infinity),
    askedMs,
  };
}

/** The events after the last row; of a server that has told none, all that was asked for before. */
function nextQuestion(question: HistoryQuestion, { number, fromMs }: Told): HistoryQuestion {
  const { withinMs: _, ...rest } = question;
  const next = { ...rest, limit: FOLLOWED_MAX };
  if (number !== null) return { ...next, after: number };
  const withinMs = Math.ceil(runtime.nowMs() - fromMs);
  return withinMs === Infinity ? next : { ...next, withinMs };
}

function lastNumber({ rows }: MessageOf<'events'>, told: Told | null): number | null {
  return rows.at(-1)?.number ?? told?.number ?? null;
}

interface HistoryFound extends Followed {
  readonly events: MessageOf<'events'>;
  readonly askedMs: number;
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

/** So many if no option says otherwise. */
const LIMIT = 100;

/** How often the next events are asked for. */
const INTERVAL_MS = 250;

/** As far as two servers may be apart in when they see something. */
const OVERLAP_MS = 500;

/** As much as any server remembers. */
const FOLLOWED_MAX = 10_000;
