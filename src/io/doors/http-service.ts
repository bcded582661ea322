// The instances of a service by HTTP. The invariant: a question gets the same answer as on the
// command line, key for key; a kept answer is given again only while it is right; and a client that
// waits for another answer is woken only by a change of this answer.

import { formatted } from '../../answers/instance-text.ts';
import type { TextFormat } from '../../answers/instance-text.ts';
import { type Choice, chosenOf } from '../../answers/choice.ts';
import { type DoubtsInfo, doubtsBeside } from '../../answers/doubts.ts';
import type { InstanceInfo } from '../../answers/shapes.ts';
import { instanceInfoOf } from '../../answers/shapes.ts';
import { viewInfoOf, type ViewInfo } from '../../answers/view.ts';
import type { Wanted } from '../../core/client/matching.ts';
import { isWanted, nearestFirst } from '../../core/client/matching.ts';
import { etagOf, isNamedIn } from '../../doors/http/etag.ts';
import { cannotTell, limitFailure, usageFailure } from '../../doors/http/failures.ts';
import type { QueryParameters } from '../../doors/http/routes.ts';
import { millisecondsOf } from '../../doors/http/routes.ts';
import type { Name } from '../../protocol/ids.ts';
import { isName } from '../../protocol/ids.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import type { Instance } from '../../protocol/records.ts';
import { lookupAnswerOf } from '../../core/server/tally.ts';
import { isLive } from '../../protocol/records.ts';
import type { Content, Exchange } from './http-exchange.ts';
import { JSON_TYPE, TEXT_TYPE } from './http-exchange.ts';
import type { HttpInside, KeptAnswer } from './http-inside.ts';
import type { HttpQuestion } from './http-lookup.ts';
import { failUnanswered, noneFailure, wantedOf } from './http-lookup.ts';

/** The instances of a service. */
export function answerService(exchange: Exchange, asked: HttpQuestion): void {
  const { part: name, query, inside } = asked;
  const again = inside.kept.again(questionOf(exchange), inside.knowledge.stamp());
  if (again !== null) {
    giveKept(exchange, inside, again);
    return;
  }
  if (!isName(name)) {
    exchange.fail(usageFailure(`service ${JSON.stringify(name)} is not a name`));
    return;
  }
  const waitMs = millisecondsOf(query.get('wait')?.[0] ?? '0') ?? 0;
  if (waitMs > WAIT_MS_MAX) {
    exchange.fail(usageFailure('wait is longer than 10m'));
    return;
  }
  const lookup: Lookup = { name, query, wanted: wantedOf(query), inside };
  if (waitMs === 0) answerNow(exchange, lookup);
  else answerInTime(exchange, lookup, waitMs);
}

/** Answers at once: with the kept answer if it is right, else with a new one, which is kept. */
function answerNow(exchange: Exchange, lookup: Lookup): void {
  const { knowledge, kept } = lookup.inside;
  const question = questionOf(exchange);
  const before = knowledge.stamp();
  ask(exchange, lookup, (answer) => {
    const basis = { rows: answer.instances, view: answer };
    // Changes since the question may be newer than the answer.
    const stamp = knowledge.stamp() === before ? before : null;
    const again = kept.confirmed(question, basis, stamp);
    if (again !== null) {
      giveKept(exchange, lookup.inside, again);
      return;
    }
    const made = answerFound(exchange, lookup, foundIn(answer, lookup));
    if (made !== null) kept.keep(question, basis, made);
  });
}

/** Answers as soon as the condition holds. */
function answerInTime(exchange: Exchange, lookup: Lookup, waitMs: number): void {
  look(exchange, lookup, (found) => {
    const known = exchange.header('if-none-match');
    const isOver = known === null ? hasLive(found) : !isNamedIn(known, found.etag);
    if (isOver) answerFound(exchange, lookup, found);
    else waitFor(exchange, lookup, { waitMs, known });
  });
}

/** The key of a kept answer: all that it depends on besides the core's knowledge. */
function questionOf({ request }: Exchange): string {
  return request.url ?? '/';
}

/** Gives the kept answer, or tells a client that has it that it is the same. */
function giveKept(
  exchange: Exchange,
  { server }: HttpInside,
  { etag, finding, full, unchanged }: KeptAnswer,
): void {
  server.count('lookups', ['http', finding]);
  exchange.give(isNamedIn(exchange.header('if-none-match'), etag) ? unchanged : full);
}

interface Lookup {
  readonly name: Name;
  readonly query: QueryParameters;
  readonly wanted: Wanted;
  readonly inside: HttpInside;
}

interface Found {
  /** All that match, nearest first. */
  readonly instances: readonly Instance[];
  readonly view: ViewInfo;
  readonly etag: string;
  /** What a "none" cannot know. It carries ages, so it is no part of the tag. */
  readonly doubts?: DoubtsInfo;
}

function look(exchange: Exchange, lookup: Lookup, done: (found: Found) => void): void {
  ask(exchange, lookup, (answer) => {
    done(foundIn(answer, lookup));
  });
}

/** Asks the core, and answers a failure here. */
function ask(
  exchange: Exchange,
  { name, inside }: Lookup,
  done: (answer: MessageOf<'instances'>) => void,
): void {
  inside.ask(exchange, { kind: 'lookup', service: name }, (answer) => {
    if (answer.kind === 'instances') done(answer);
    else failUnanswered(exchange, answer);
  });
}

function foundIn(answer: MessageOf<'instances'>, { query, wanted, inside }: Lookup): Found {
  const { complete, missing } = answer;
  const matching = answer.instances.filter((one) => isWanted(one, wanted));
  const { facts, runtime } = inside.server;
  return {
    instances: nearestFirst(matching, facts, () => runtime.random()),
    view: viewInfoOf(answer),
    etag: etagOf({ complete, missing, instances: matching, choice: choiceOf(query) }),
    ...(matching.length > 0 ? {} : doubtsBeside(answer)),
  };
}

function choiceOf(query: QueryParameters): Choice {
  return { all: query.has('all'), live: query.has('live') };
}

function hasLive({ instances }: Found): boolean {
  return instances.some(({ state }) => isLive(state));
}

/** Answers with the found instances. Returns the answer if it may be given again, else null. */
function answerFound(exchange: Exchange, lookup: Lookup, found: Found): KeptAnswer | null {
  const { name, query, inside } = lookup;
  const { view, etag } = found;
  const finding = lookupAnswerOf(found.instances, view.complete);
  inside.server.count('lookups', ['http', finding]);
  const headers: Record<string, string> = { ETag: etag };
  const unchanged = exchange.rendered(304, null, { view, headers });
  if (isNamedIn(exchange.header('if-none-match'), etag)) {
    exchange.give(unchanged);
    return null;
  }
  const chosen = chosenOf(found.instances, choiceOf(query), () => name);
  const instances = query.has('one') ? chosen.slice(0, 1) : chosen;
  if (instances.length === 0) {
    const body = { service: name, ...view, instances: [] };
    exchange.fail(emptyFailure(name, found, body), { view, headers });
    return null;
  }
  if (!instances.some(({ state }) => isLive(state))) headers['Rarangi-State'] = 'stale';
  const content = contentOf(lookup, view, instances);
  const full = exchange.rendered(200, content, { view, headers });
  exchange.give(full);
  // A letter takes two bytes at most, the headers about so many.
  return { etag, finding, full, unchanged, bytes: 2 * (content.body.length + HEAD_LETTERS) };
}

/** Instances in the requested form. */
function contentOf(
  { name, query }: Lookup,
  view: ViewInfo,
  instances: readonly Instance[],
): Content {
  const [format] = query.get('format') ?? [];
  if (format === undefined) {
    const head = JSON.stringify({ service: name, ...view }).slice(0, -1);
    const body = `${head},"instances":[${instances.map(jsonOf).join()}]}\n`;
    return { type: JSON_TYPE, body };
  }
  const lines = formatted(instances.map(instanceInfoOf), format as TextFormat);
  return { type: TEXT_TYPE, body: lines.map((line) => `${line}\n`).join('') };
}

function emptyFailure(name: string, { instances, view, doubts }: Found, body: object) {
  const { complete } = view;
  if (instances.length > 0) {
    const message = `no live instance of ${name}, but ${String(instances.length)} stale`;
    return { ...cannotTell(message, body), code: 'only-stale' as const };
  }
  if (complete) return noneFailure(`no instance of ${name}`, body, doubts);
  return cannotTell(`cannot tell whether ${name} is there`, body);
}

interface Wait {
  readonly waitMs: number;
  /** The header If-None-Match: wait until the answer differs; null: until one is live. */
  readonly known: string | null;
}

/** Holds the answer back until the condition holds, or the time is over. */
function waitFor(exchange: Exchange, lookup: Lookup, { waitMs, known }: Wait): void {
  const { inside, name } = lookup;
  const session = inside.openStream(exchange);
  if (session === null) return;
  let isLooking = false;
  const end = (): void => {
    cancelAlarm();
    session.close('waited');
  };
  const lookAgain = (): void => {
    isLooking = false;
    if (!session.isOpen) return;
    look(exchange, lookup, (found) => {
      const isOver = known === null ? hasLive(found) : !isNamedIn(known, found.etag);
      if (!isOver) return;
      end();
      answerFound(exchange, lookup, found);
    });
  };
  const cancelAlarm = exchange.alarm(waitMs, () => {
    end();
    look(exchange, lookup, (found) => {
      if (known === null && !hasLive(found)) failTimedOut(exchange, lookup, found);
      else answerFound(exchange, lookup, found);
    });
  });
  exchange.onClose(end);
  const onChange = (): void => {
    // All changes of one step are one piece of news.
    if (isLooking) return;
    isLooking = true;
    queueMicrotask(exchange.guarded(lookAgain));
  };
  session.watch({ service: name }, onChange, (reason) => {
    end();
    exchange.fail(limitFailure(reason));
  });
}

function failTimedOut(exchange: Exchange, { name }: Lookup, { view, etag }: Found): void {
  const failure = {
    status: 504,
    code: 'timed-out',
    message: `no live instance of ${name} came in time`,
    hint: 'see what is there with: /v1/services',
    more: { service: name, ...view, instances: [] },
  } as const;
  exchange.fail(failure, { view, headers: { ETag: etag } });
}

/** An instance as JSON; its text is ready for the next request. */
function jsonOf(instance: Instance): string {
  const ready = READY.get(instance);
  if (ready !== undefined) return ready;
  const json = JSON.stringify(instanceInfoOf(instance) satisfies InstanceInfo);
  READY.set(instance, json);
  return json;
}

const READY = new WeakMap<Instance, string>();
const WAIT_MS_MAX = 600_000;
const HEAD_LETTERS = 1_024;
