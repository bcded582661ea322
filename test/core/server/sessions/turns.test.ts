// Telling changes to very many watches: a bounded part of them in each step, and nobody is forgotten.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { InstanceId, Name } from '../../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../../src/protocol/messages.ts';
import type { Entry, Instance } from '../../../../src/protocol/records.ts';
import type { Prng } from '../../../sim/world/prng.ts';
import { prngOf } from '../../../sim/world/prng.ts';
import {
  instanceIdOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../../support/server-stage.ts';

const STEP_MAX = 1_024;
const DB = 'db' as Name;

interface Told {
  readonly to: ConnectionId;
  readonly message: MessageOf<'change'>;
}

/** The changes that each step tells, and to whom. */
class Turns extends ServerStage {
  readonly steps: Told[][] = [];

  override give(input: Parameters<ServerStage['give']>[0]): void {
    super.give(input);
    const told = this.takeAll().flatMap(({ connection: to, message }) =>
      message.kind === 'change' && isNews(message) ? [{ to, message }] : [],
    );
    // The first input is given before there is a list.
    if (told.length > 0) this.steps.push(told);
  }

  get told(): readonly Told[] {
    return this.steps.flat();
  }
}

function isNews({ change }: MessageOf<'change'>): boolean {
  return change !== 'present' && change !== 'synced' && change !== 'view';
}

let requests = 1_000;

/** Another number for each: no two of them are told by one message. */
function watch(stage: ServerStage, client: ConnectionId, watches: number, service = DB): void {
  for (let count = 0; count < watches; count += 1) {
    requests += 1;
    stage.hear(client, { kind: 'watch', request: requests, service, known: [] });
  }
}

/** A server with a neighbour, sessions with 16 watches each, and one with a single one. */
function watched(sessions: number): { stage: Turns; link: ConnectionId; honest: ConnectionId } {
  const stage = new Turns();
  const link = stage.neighbour('1');
  stage.pass(6_000);
  for (let count = 0; count < sessions; count += 1) watch(stage, stage.client('unix'), 16);
  const honest = stage.client('unix');
  watch(stage, honest, 1);
  stage.takeAll();
  return { stage, link, honest };
}

test('[R119] a change is told to a part of very many watches in a step, and to each of them once', () => {
  const { stage, link, honest } = watched(200);

  stage.tell(link, '1', put('a'));
  const [first] = stage.steps;
  stage.pass(10);

  const sizes = stage.steps.map((told) => told.length);
  expect(first?.[0]?.to).toBe(honest);
  expect(sizes.length).toBeGreaterThan(3);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(STEP_MAX);
  expect(new Set(stage.told.map(({ message }) => message.request)).size).toBe(200 * 16 + 1);
  expect(stage.told.length).toBe(200 * 16 + 1);
  expect([stage.state.clients.backlog.size, stage.state.clients.backlog.held.bytes]).toEqual([
    0, 0,
  ]);
});

test('[R119] messages that arrive do not wait for those that have yet to be told', () => {
  const { stage, link } = watched(200);
  stage.tell(link, '1', put('a'));
  const { length } = stage.steps;

  for (let count = 0; count < 10; count += 1) stage.hear(link, { kind: 'ping' });

  expect(stage.steps.length).toBe(length);
  expect(stage.server.nextDeadlineMs()).toBe(stage.nowMs);
});

test('[R119] however many changes arrive before an alarm, a bounded number is told', () => {
  const { stage, link } = watched(200);

  for (const digit of '0123456789') stage.tell(link, '1', put(digit));
  expect(stage.told.length).toBeLessThanOrEqual(STEP_MAX);
  stage.pass(1_000);

  expect(Math.max(...stage.steps.map((told) => told.length))).toBeLessThanOrEqual(STEP_MAX);
  expect(stage.told.length).toBe(10 * (200 * 16 + 1));
});

test('[R119] who has heard all before hears at the next alarm, however many wait', () => {
  const { stage, link, honest } = watched(200);
  const other = stage.client('unix');
  watch(stage, other, 1, 'web' as Name);
  stage.tell(link, '1', put('a'));

  for (const [digit, service, to] of [
    ['b', 'db', honest],
    ['c', 'web', other],
  ] as const) {
    const before = stage.steps.length;
    stage.tell(link, '1', put(digit, { service: service as Name }));
    stage.give({ kind: 'deadline' });
    expect(
      stage.steps
        .slice(before)
        .flat()
        .map((told) => told.to),
    ).toContain(to);
  }
  expect(stage.state.clients.backlog.size).toBeGreaterThan(0);
});

test('[R119] many changes of one step are told in turns as well, in their order', () => {
  const { stage, link, honest } = watched(0);
  const entries = Array.from({ length: 3_000 }, (_, at): Entry => {
    const instance = at.toString(16).padStart(32, '0') as InstanceId;
    return { kind: 'put', registration: registrationOf('a', { instance }) };
  });

  stage.tell(link, '1', ...entries);
  stage.pass(10);

  const ids = stage.told.map(({ message }) => message.instance?.registration.instance);
  expect(Math.max(...stage.steps.map((told) => told.length))).toBeLessThanOrEqual(STEP_MAX);
  expect(new Set(stage.told.map(({ to }) => to))).toEqual(new Set([honest]));
  expect(ids).toEqual(entries.map((entry) => entry.kind === 'put' && entry.registration.instance));
  expect(ids.length).toBe(3_000);
});

test('[R119] an instance that changes again and again waits once', () => {
  const { stage, link } = watched(200);
  stage.tell(link, '1', put('a'), put('b'));
  for (let revision = 2; revision < 3_000; revision += 1) {
    stage.tell(link, '1', put('a', { revision }));
  }

  const { backlog } = stage.state.clients;
  const waiting = [...backlog.topics].reduce((sum, topic) => sum + topic.waiting.length, 0);
  expect(waiting).toBeLessThanOrEqual(256);
  stage.pass(1_000);
  const last = stage.told.filter(
    ({ message }) => message.instance?.registration.revision === 2_999,
  );
  expect(last.length).toBe(200 * 16 + 1);
});

test('[R119] where too much waits, the sessions that are furthest behind are closed, and no other', () => {
  const stage = new Turns({ limits: { 'bytes-of-changes': 60_000 } });
  const link = stage.neighbour('1');
  stage.pass(6_000);
  const many = Array.from({ length: 200 }, () => stage.client('unix'));
  for (const client of many) watch(stage, client, 16);
  const honest = stage.client('unix');
  watch(stage, honest, 1);
  stage.hear(many[0]!, registerOf(1, registrationOf('f', { service: 'own' as Name })));
  const other = stage.client('unix');
  watch(stage, other, 1, 'own' as Name);

  for (let at = 0; at < 400; at += 1) {
    const instance = at.toString(16).padStart(32, '0') as InstanceId;
    stage.tell(link, '1', { kind: 'put', registration: registrationOf('a', { instance }) });
    stage.give({ kind: 'deadline' });
  }
  stage.pass(60);

  const closed = new Set(stage.closed.map(({ connection }) => connection));
  expect(closed.size).toBeGreaterThan(0);
  expect([closed.has(honest), closed.has(other)]).toEqual([false, false]);
  expect(stage.closed.every(({ why }) => why === 'overloaded')).toBe(true);
  expect(stage.state.clients.backlog.held.bytes).toBeLessThanOrEqual(60_000);
  expect(stage.told.filter(({ to }) => to === honest).length).toBe(400);
  // What they had registered is gone with them, and that is told.
  const lost = stage.told.filter(({ to }) => to === other).map(({ message }) => message.change);
  expect(lost).toEqual(closed.has(many[0]!) ? ['removed'] : []);
});

test('[R119] who waits is told after a fault as well, and who has left is not waited for', () => {
  const { stage, link, honest } = watched(200);
  stage.tell(link, '1', put('a'));
  const gone = [...stage.state.clients.backlog.topics][0]!.sessions.slice(0, 10);

  for (const client of gone) stage.close(client);
  const reason = 'a bug that somebody met';
  stage.give({ kind: 'faulted', connection: honest, unsent: null, isTooLong: false, reason });
  stage.pass(10);

  expect(gone.length).toBe(10);
  expect(new Set(stage.told.map(({ message }) => message.request)).size).toBe(190 * 16 + 1);
  expect([stage.state.clients.backlog.size, stage.state.clients.backlog.held.bytes]).toEqual([
    0, 0,
  ]);
});

/** What a watch knows, by what it was told. Says what is wrong. */
class Reader {
  readonly service: Name;
  readonly known = new Map<InstanceId, Instance>();
  isComplete = false;

  constructor(service: Name) {
    this.service = service;
  }

  hear({ change, instance, complete }: MessageOf<'change'>): string | null {
    if (instance === undefined) {
      this.isComplete = complete === true;
      return null;
    }
    const { instance: id, revision } = instance.registration;
    const before = this.known.get(id);
    if (change === 'removed') this.known.delete(id);
    else this.known.set(id, instance);
    if (change === 'added' || change === 'present') {
      return before === undefined ? null : `${change} twice`;
    }
    if (before === undefined) return `${change} of nothing`;
    if (change === 'removed') return null;
    return before.registration.revision <= revision ? null : 'a revision went back';
  }
}

/** Sessions that watch two services, begin and end, and hear of random changes. */
class Fates {
  readonly stage = new ServerStage();
  readonly link = this.stage.neighbour('1');
  readonly readers = new Map<string, Reader>();
  readonly wrong: string[] = [];
  readonly #random: Prng;
  readonly #revisions = new Map<string, number>();
  #clients: ConnectionId[] = [];

  constructor(seed: number) {
    this.#random = prngOf(seed);
    this.stage.pass(6_000);
    for (let count = 0; count < 90; count += 1) this.#join();
    for (const client of this.#clients) {
      for (let request = 1; request <= 16; request += 1) this.#watch(client, request);
    }
  }

  next(): void {
    const what = this.#below(100);
    const client = this.#clients[this.#below(this.#clients.length)]!;
    if (what < 70) this.change(1 + this.#below(4));
    else if (what < 78) this.#watch(client, 1 + this.#below(16));
    else if (what < 82) this.#unwatch(client, 1 + this.#below(16));
    else if (what < 85) this.#leave(client);
    else if (what < 88) this.#see(this.#below(2) === 0);
    else this.turn();
  }

  change(count: number): void {
    const entries = Array.from({ length: count }, (): Entry => {
      const digit = this.#below(12).toString(16);
      const revision = (this.#revisions.get(digit) ?? 0) + 1;
      this.#revisions.set(digit, revision);
      const service = SERVICES[digit === '1' ? 1 : 0];
      if (this.#below(3) > 0) return put(digit, { revision, service });
      return { kind: 'delete', instance: instanceIdOf(digit), cause: 'closed' };
    });
    this.stage.tell(this.link, '1', ...entries);
    this.#read();
  }

  turn(): void {
    this.stage.give({ kind: 'deadline' });
    this.#read();
  }

  /** Time passes until nobody waits; then each knows what the server knows. */
  settle(): void {
    this.#see(true);
    this.stage.pass(2_000);
    this.#read();
    for (const reader of this.readers.values()) this.#compare(reader, 'in the end');
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #join(): void {
    this.#clients.push(this.stage.client('unix'));
  }

  #watch(client: ConnectionId, request: number): void {
    const service = SERVICES[this.#below(4) === 0 ? 1 : 0];
    this.readers.set(`${String(client)}/${String(request)}`, new Reader(service));
    this.stage.hear(client, { kind: 'watch', request, service, known: [] });
    this.#read();
  }

  #unwatch(client: ConnectionId, request: number): void {
    this.readers.delete(`${String(client)}/${String(request)}`);
    this.stage.hear(client, { kind: 'unwatch', request });
    this.#read();
  }

  #leave(client: ConnectionId): void {
    this.#clients = this.#clients.filter((one) => one !== client);
    for (const key of this.readers.keys()) {
      if (key.startsWith(`${String(client)}/`)) this.readers.delete(key);
    }
    this.stage.close(client);
    this.#join();
  }

  #see(complete: boolean): void {
    const missing = complete ? [] : ['h7' as Name];
    this.stage.hear(this.link, { kind: 'view', complete, missing });
    this.#read();
  }

  #read(): void {
    const views = new Set<Reader>();
    for (const { connection, message } of this.stage.takeAll()) {
      const reader = readerOf(this.readers, connection, message);
      if (reader === undefined || message.kind !== 'change') continue;
      const what = reader.hear(message);
      if (what !== null) this.wrong.push(what);
      if (message.instance === undefined) views.add(reader);
    }
    // A view is told after all that it promises.
    for (const reader of views) this.#compare(reader, 'at a view');
  }

  #compare(reader: Reader, when: string): void {
    const there = this.stage.state.catalogue.instancesOf(reader.service);
    const known = [...reader.known.values()].map(textOf).sort();
    const text = there.map(textOf).sort().join(' ');
    if (known.join(' ') !== text) this.wrong.push(`${when} knows ${known.join(' ')}, not ${text}`);
  }
}

const SERVICES = [DB, 'web' as Name] as const;

function readerOf(
  readers: ReadonlyMap<string, Reader>,
  to: ConnectionId,
  message: Message,
): Reader | undefined {
  if (message.kind !== 'change') return undefined;
  return readers.get(`${String(to)}/${String(message.request)}`);
}

function textOf({ registration: { instance, revision }, state }: Instance): string {
  return `${instance.charAt(0)}${String(revision)}${state}`;
}

test.each([1, 2, 3])(
  '[R119] whatever comes and goes, each watch hears what is so (seed %i)',
  (seed) => {
    const fates = new Fates(seed);
    for (let count = 0; count < 200; count += 1) fates.next();
    // So much at once that it is merged.
    for (let count = 0; count < 600; count += 1) fates.change(3);
    for (let count = 0; count < 100; count += 1) fates.next();
    fates.settle();

    expect(fates.wrong.slice(0, 5)).toEqual([]);
    expect(fates.readers.size).toBeGreaterThan(1_000);
  },
);
